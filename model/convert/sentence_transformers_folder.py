"""Our trained encoder as an ordinary sentence-transformers folder.

Weights are stored as float16, the word embeddings, half of all, as float8 (1 sign, 4 exponent, 3 mantissa bits).
transformers turns both into float32 when it loads them, so nobody who uses the folder has to know. The three
embeddings that are added up are stored multiplied by `_SCALE`: the layer norm behind them takes the factor out again,
and float8 keeps its three bits only above 1/64.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer, normalizers
from torch import Tensor

from model.convert.import_bert import bert_names
from model.network.gpt import GPT
from model.tokenizer import TextTokenizer

_SCALE = 16.0
_EMBEDDINGS = ("tokens.weight", "positions.weight", "segments.weight")


@dataclass(frozen=True)
class EncoderVocabulary:
    """A tokenizer that needs no folding before it, and which row of the network's embeddings each of its ids reads.

    Traditional characters are tokens with an id of their own, which share the row of the simplified one in training
    and get a copy of it when the folder is written: an ordinary tokenizer cannot give two tokens one id.
    """

    tokenizer: Tokenizer
    rows: NDArray[np.int64]  # (number of ids,)

    def encode(self, texts: Sequence[str], longest: int) -> list[list[int]]:
        """Rows of texts, special tokens included, cut to `longest` tokens."""
        found = (self.rows[e.ids].tolist() for e in self.tokenizer.encode_batch_fast(list(texts)))
        return [ids if len(ids) <= longest else [*ids[: longest - 1], ids[-1]] for ids in found]


def encoder_vocabulary(reader: TextTokenizer) -> EncoderVocabulary:
    """The reader's vocabulary for an encoder; NFKC makes full-width forms ordinary."""
    state = json.loads(reader.tokenizer.to_str())
    vocabulary: dict[str, int] = state["model"]["vocab"]
    rows = list(range(len(vocabulary)))
    for traditional, simplified in reader.han_fold.items():
        if simplified not in vocabulary:
            continue
        if traditional in vocabulary:
            rows[vocabulary[traditional]] = vocabulary[simplified]
        else:
            vocabulary[traditional] = len(rows)
            rows.append(vocabulary[simplified])
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), tokenizer.normalizer])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return EncoderVocabulary(tokenizer, np.asarray(rows))


def stored(gpt: GPT, rows: NDArray[np.int64]) -> dict[str, Tensor]:
    """The weights as they are stored, by BERT's names; `rows` as in `EncoderVocabulary`."""
    state = gpt.state_dict()
    found = {}
    for ours, theirs in bert_names(gpt.config.n_layer).items():
        tensor = state[ours].detach().float()
        if ours in _EMBEDDINGS:
            tensor = tensor * _SCALE
        if ours == "tokens.weight":
            found[theirs] = tensor[torch.from_numpy(rows)].to(torch.float8_e4m3fn)
        else:
            found[theirs] = tensor.to(torch.float16)
    # Not used, but transformers warns about a BERT without it.
    width = gpt.config.n_embd
    found["pooler.dense.weight"] = torch.zeros(width, width, dtype=torch.float16)
    found["pooler.dense.bias"] = torch.zeros(width, dtype=torch.float16)
    return {name: tensor.contiguous() for name, tensor in found.items()}


def save_sentence_transformer(folder: Path, gpt: GPT, vocabulary: EncoderVocabulary, *, longest: int) -> None:
    """Write the folder.

    Args:
        folder: made if it is missing; files of the same names are replaced.
        gpt: a BERT-shaped network (six layers of MiniLM, more vocabulary).
        vocabulary: what `encoder_vocabulary` returned.
        longest: tokens after which a text is cut.
    """
    folder.mkdir(parents=True, exist_ok=True)
    c = gpt.config
    save_file(stored(gpt, vocabulary.rows), folder / "model.safetensors", metadata={"format": "pt"})
    vocabulary.tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": len(vocabulary.rows),
            "hidden_size": c.n_embd,
            "num_hidden_layers": c.n_layer,
            "num_attention_heads": c.n_head,
            "intermediate_size": c.n_inner,
            "hidden_act": "gelu",
            "max_position_embeddings": c.max_positions,
            "type_vocab_size": c.n_segments,
            "layer_norm_eps": c.norm_eps,
            "pad_token_id": 0,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "dtype": "float32",
        },
    )
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": longest,
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "mask_token": "[MASK]",
        },
    )
    _write(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    _write(folder / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
    (folder / "1_Pooling").mkdir(exist_ok=True)
    _write(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": c.n_embd,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
