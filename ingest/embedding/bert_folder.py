"""Is a sentence-transformers folder a BERT with mean pooling and nothing else? Told from its files, without torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MODULES = ["Transformer", "Pooling", "Normalize"]
_KNOWN = {"max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name"}
_AS_STORED = {"PreTrainedTokenizerFast", "TokenizersBackend"}  # tokenizers that are what tokenizer.json says
_OF_BERT = {"BertTokenizer", "BertTokenizerFast"}  # … that are made anew from their settings


@dataclass(frozen=True, slots=True)
class BertSettings:
    """The sizes of such a network.

    Attributes:
        width: of its vectors.
        longest: tokens of a text, the special ones included, that are read; the rest is cut off.
    """

    width: int
    longest: int

    @classmethod
    def of(cls, folder: Path) -> "BertSettings | None":
        """Return what a folder's files say, or None where they say, or may mean, anything else."""
        try:
            return _read(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _read(folder: Path) -> BertSettings | None:
    config, transformer = _json(folder / "config.json"), _json(folder / "sentence_bert_config.json")
    tokenizer = _json(folder / "tokenizer_config.json")
    positions = config["max_position_embeddings"]
    longest = transformer.get("max_seq_length") or min(tokenizer["model_max_length"], positions)
    plain = (
        [str(module["type"]).rpartition(".")[2] for module in _json(folder / "modules.json")] == _MODULES
        and _pools_by_mean(_json(folder / "1_Pooling" / "config.json"))
        and transformer.keys() <= _KNOWN
        and not transformer.get("do_lower_case")
        and transformer.get("transformer_task", "feature-extraction") == "feature-extraction"
        and transformer.get("module_output_name", "token_embeddings") == "token_embeddings"
        and not _has_prompts(folder / "config_sentence_transformers.json")
        and (folder / "model.safetensors").is_file()
        and config["model_type"] == "bert"
        and config["hidden_act"] == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and 2 < longest <= positions
        and _is_as_stored(tokenizer, _json(folder / "tokenizer.json"))
    )
    if not plain:
        return None
    return BertSettings(width=config["hidden_size"], longest=longest)


def _pools_by_mean(pooling: dict[str, Any]) -> bool:
    """Whether the mean is taken, in the settings of today or of earlier versions."""
    modes = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value]
    return pooling.get("pooling_mode") == "mean" if "pooling_mode" in pooling else modes == ["pooling_mode_mean_tokens"]


def _has_prompts(path: Path) -> bool:
    return path.exists() and any((_json(path).get("prompts") or {}).values())


def _is_as_stored(settings: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Whether `tokenizer.json` is the tokenizer that transformers would make of it and `tokenizer_config.json`."""
    if stored["model"]["type"] != "WordPiece":
        return False
    if settings["tokenizer_class"] in _AS_STORED:
        return True
    return settings["tokenizer_class"] in _OF_BERT and stored["normalizer"] == {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": settings.get("tokenize_chinese_chars", True),
        "strip_accents": settings.get("strip_accents"),
        "lowercase": settings.get("do_lower_case", True),
    }


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
