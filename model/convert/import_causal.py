"""Load GPT-2-, Llama- and Qwen2-shaped language models from a Hugging Face folder into our network, exactly.

"Exactly" is enforced from both sides: every setting that changes the arithmetic must have a value that we represent,
and every tensor of the source must find its place in ours. Whatever is left over (a query norm, experts, an adapter)
refuses the import: a model that loads but computes another function is worse than none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.convert.huggingface_folder import ImportFailed, read_config, read_weights
from model.network.config import ConfigError, GPTConfig
from model.network.gpt import GPT
from model.tokenizer import TOKENIZER_FILE, TextTokenizer

__all__ = ["ImportFailed", "import_causal", "stop_ids"]


def import_causal(folder: Path) -> tuple[GPT, TextTokenizer]:
    """Build our network and tokenizer from `config.json`, safetensors (also sharded) and `tokenizer.json`.

    The network is in eval mode, float32 whatever the source's storage. The tokenizer folds nothing, since the
    model learned without.

    Raises:
        ImportFailed: an architecture or a variant of it that we do not represent (scaled rotary positions, sliding
            windows, query norms, experts, quantised weights), or an incomplete folder.
    """
    source = read_config(folder)
    kind = source.get("model_type")
    if kind not in ("gpt2", "llama", "qwen2"):
        raise ImportFailed(f"{folder}: model_type {kind!r} is not one of gpt2, llama, qwen2")
    _require(folder, source, {"quantization_config": (None,)})
    weights = {n: t.float() for n, t in read_weights(folder).items() if not n.endswith(_BUFFERS)}
    try:
        config, state = _from_gpt2(folder, source, weights) if kind == "gpt2" else _from_llama(folder, source, weights)
        if config.tie_embeddings:
            weights.pop("lm_head.weight", None)  # a copy of the embeddings
        if weights:
            raise ImportFailed(f"{folder}: no place for {_some(weights)}: not a plain {kind}")
        with torch.device("meta"):  # every tensor is replaced: no memory for another set, no random numbers
            gpt = GPT(config)
        gpt.load_state_dict(state | _zero_biases(gpt, state), assign=True)
    except KeyError as error:
        raise ImportFailed(f"{folder}: {error} is missing") from error
    except (ConfigError, RuntimeError) as error:
        raise ImportFailed(f"{folder}: the weights do not fit their config ({error})") from error
    return gpt.eval(), _tokenizer(folder, config)


def stop_ids(folder: Path) -> tuple[int, ...]:
    """Tokens that end this model's answers, from `generation_config.json` or else `config.json`."""
    name = "generation_config.json" if (folder / "generation_config.json").exists() else "config.json"
    found = read_config(folder, name).get("eos_token_id")
    if found is None:
        return ()
    return tuple(found) if isinstance(found, list) else (found,)


def _from_gpt2(folder: Path, source: dict[str, Any], weights: dict[str, Tensor]) -> tuple[GPTConfig, dict[str, Tensor]]:
    _require(
        folder,
        source,
        {
            "activation_function": tuple(_GPT2_ACTIVATIONS),
            "scale_attn_weights": (True, None),
            "scale_attn_by_inverse_layer_idx": (False, None),
            "add_cross_attention": (False, None),
        },
    )
    width = source["n_embd"]
    tied = source.get("tie_word_embeddings", True)
    config = GPTConfig(
        vocab_size=source["vocab_size"],
        n_layer=source["n_layer"],
        n_head=source["n_head"],
        n_kv_head=source["n_head"],
        n_embd=width,
        n_inner=source.get("n_inner") or 4 * width,
        max_positions=source["n_positions"],
        norm_position="pre",
        norm_eps=source.get("layer_norm_epsilon", 1e-5),
        mlp=_GPT2_ACTIVATIONS[source["activation_function"]],
        **_COMMON,
        tie_embeddings=tied,
    )

    def take(name: str) -> Tensor:
        return weights.pop(name if name in weights or name == "lm_head.weight" else f"transformer.{name}")

    state = {"tokens.weight": take("wte.weight"), "positions.weight": take("wpe.weight")}
    for part in ("weight", "bias"):
        state[f"final_norm.{part}"] = take(f"ln_f.{part}")
        for i in range(config.n_layer):
            ours, theirs = f"blocks.{i}", f"h.{i}"
            # GPT-2's Conv1D stores (in, out): the transpose of Linear; queries, keys and values in one matrix
            q, k, v = take(f"{theirs}.attn.c_attn.{part}").t().chunk(3)
            state |= {f"{ours}.attention.{n}.{part}": t for n, t in zip("qkv", (q, k, v), strict=True)}
            state[f"{ours}.attention.out.{part}"] = take(f"{theirs}.attn.c_proj.{part}").t()
            state[f"{ours}.mlp.up.{part}"] = take(f"{theirs}.mlp.c_fc.{part}").t()
            state[f"{ours}.mlp.down.{part}"] = take(f"{theirs}.mlp.c_proj.{part}").t()
            state[f"{ours}.attention_norm.{part}"] = take(f"{theirs}.ln_1.{part}")
            state[f"{ours}.mlp_norm.{part}"] = take(f"{theirs}.ln_2.{part}")
    if not tied:
        state["output.weight"] = take("lm_head.weight")
    return config, {n: t.clone(memory_format=torch.contiguous_format) for n, t in state.items()}


def _from_llama(
    folder: Path, source: dict[str, Any], weights: dict[str, Tensor]
) -> tuple[GPTConfig, dict[str, Tensor]]:
    rope = source.get("rope_parameters") or source.get("rope_scaling") or {}
    heads, width = source["num_attention_heads"], source["hidden_size"]
    _require(
        folder,
        source,
        {
            "hidden_act": ("silu",),
            "use_sliding_window": (False, None),
            "head_dim": (width // heads, None),
            "partial_rotary_factor": (1, None),
        },
    )
    if rope.get("rope_type", rope.get("type", "default")) != "default" or rope.get("partial_rotary_factor", 1) != 1:
        raise ImportFailed(f"{folder}: scaled or partial rotary positions ({rope}) cannot be represented")
    if set(source.get("layer_types") or ()) - {"full_attention"}:
        raise ImportFailed(f"{folder}: layers with other than full attention cannot be represented")
    tied = source.get("tie_word_embeddings", False)
    config = GPTConfig(
        vocab_size=source["vocab_size"],
        n_layer=source["num_hidden_layers"],
        n_head=heads,
        n_kv_head=source.get("num_key_value_heads") or heads,
        n_embd=width,
        n_inner=source["intermediate_size"],
        max_positions=source["max_position_embeddings"],
        norm="rms",
        norm_position="pre",
        norm_eps=source.get("rms_norm_eps", 1e-6),
        position="rotary",
        rope_theta=float(rope.get("rope_theta", source.get("rope_theta", 10_000.0))),
        mlp="swiglu",
        bias=any(name.endswith("_proj.bias") for name in weights),
        **_COMMON,
        tie_embeddings=tied,
    )
    state = {
        "tokens.weight": weights.pop("model.embed_tokens.weight"),
        "final_norm.weight": weights.pop("model.norm.weight"),
    }
    for i in range(config.n_layer):
        for ours, theirs in _LLAMA_BLOCK.items():
            state[f"blocks.{i}.{ours}.weight"] = weights.pop(f"model.layers.{i}.{theirs}.weight")
            bias = weights.pop(f"model.layers.{i}.{theirs}.bias", None)
            if bias is not None:
                state[f"blocks.{i}.{ours}.bias"] = bias
    if not tied:
        state["output.weight"] = weights.pop("lm_head.weight")
    return config, state


def _zero_biases(gpt: GPT, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Qwen2 has biases on queries, keys and values only; ours are on every matrix or on none."""
    missing = {n: t for n, t in gpt.state_dict().items() if n.endswith(".bias") and n not in state}
    return {n: torch.zeros(t.shape) for n, t in missing.items()}


def _tokenizer(folder: Path, config: GPTConfig) -> TextTokenizer:
    path = folder / TOKENIZER_FILE
    if not path.exists():
        raise ImportFailed(f"{folder} has no {TOKENIZER_FILE}: save it with transformers' save_pretrained")
    try:
        tokenizer = TextTokenizer(Tokenizer.from_file(str(path)), fold_width=False)
    except Exception as error:  # `tokenizers` raises the bare class for a file that it cannot read
        raise ImportFailed(f"{path}: damaged ({error})") from error
    if tokenizer.vocab_size > config.vocab_size:
        raise ImportFailed(f"{path} has {tokenizer.vocab_size} tokens, the network only {config.vocab_size}")
    return tokenizer


def _require(folder: Path, source: dict[str, Any], allowed: dict[str, tuple[Any, ...]]) -> None:
    for name, values in allowed.items():
        if source.get(name) not in values:
            raise ImportFailed(f"{folder}: {name}={source.get(name)!r} cannot be represented")


def _some(weights: dict[str, Tensor]) -> str:
    names = sorted(weights)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more tensors" if len(names) > 3 else "")


_COMMON: dict[str, Any] = {
    "embedding_norm": False,
    "n_segments": 0,
    "attention": "causal",
    "copy_head": False,
    "language_model": True,
}
_BUFFERS = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")  # constants that old files carry
_GPT2_ACTIVATIONS: dict[str, Any] = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu"}
_LLAMA_BLOCK = {
    "attention.q": "self_attn.q_proj",
    "attention.k": "self_attn.k_proj",
    "attention.v": "self_attn.v_proj",
    "attention.out": "self_attn.o_proj",
    "attention_norm": "input_layernorm",
    "mlp.gate": "mlp.gate_proj",
    "mlp.up": "mlp.up_proj",
    "mlp.down": "mlp.down_proj",
    "mlp_norm": "post_attention_layernorm",
}
