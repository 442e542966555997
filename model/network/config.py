"""The one description of a network's shape; it is stored as `config.json` beside the weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal


class ConfigError(ValueError):
    """A configuration that no network can be built from."""


@dataclass(frozen=True)
class GPTConfig:
    """Shape of a decoder-only network.

    The defaults are the reader's: MiniLM's six post-norm layers read as a prefix-LM.

    Raises:
        ConfigError: for a combination that cannot be built, naming the field.
    """

    vocab_size: int
    n_layer: int = 6
    n_head: int = 12
    n_kv_head: int = 12  # fewer than n_head: grouped-query attention
    n_embd: int = 384  # width of the residual stream
    n_inner: int = 1536  # width inside the MLP
    max_positions: int = 512  # longest sequence, tokens
    norm: Literal["layer", "rms"] = "layer"
    norm_position: Literal["pre", "post"] = "post"
    norm_eps: float = 1e-12
    position: Literal["learned", "rotary"] = "learned"
    rope_theta: float = 10_000.0
    mlp: Literal["gelu", "gelu_tanh", "swiglu"] = "gelu"
    bias: bool = True
    embedding_norm: bool = True  # a norm right after the embeddings (BERT has one, GPT-2 has not)
    n_segments: int = 2  # learned segment rows (question, passage); 0: none
    attention: Literal["prefix", "causal"] = "prefix"  # prefix: bidirectional over the prompt, causal after it
    tie_embeddings: bool = True  # the output matrix is the embedding matrix
    match_features: bool = False  # prompt tokens know what they share with the other side (match_features.py)
    copy_head: bool = True  # can emit copy instructions (copy_head.py)
    language_model: bool = False  # its next-token scores were trained: free generation makes sense
    dropout: float = 0.0  # on the residual branches, never inside attention

    def __post_init__(self) -> None:
        for name in _SIZES:
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)!r}: must be a whole number, at least 1")
        if self.n_embd % self.n_head:
            raise ConfigError(f"n_embd={self.n_embd} is not a multiple of n_head={self.n_head}")
        if self.n_head % self.n_kv_head:
            raise ConfigError(f"n_head={self.n_head} is not a multiple of n_kv_head={self.n_kv_head}")
        if self.position == "rotary" and (self.n_embd // self.n_head) % 2:
            raise ConfigError(f"rotary positions need an even head size, not {self.n_embd // self.n_head}")
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name}={getattr(self, name)!r}: must be one of {', '.join(allowed)}")

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GPTConfig:
        """Build from a JSON object.

        Raises:
            ConfigError: an unknown or missing field.
        """
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"unknown fields {sorted(unknown)}: written by a newer version?")
        if "vocab_size" not in values:
            raise ConfigError("vocab_size is missing")
        return cls(**values)

    @classmethod
    def load(cls, path: Path) -> GPTConfig:
        """Read what `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))


_SIZES = ("vocab_size", "n_layer", "n_head", "n_kv_head", "n_embd", "n_inner", "max_positions")
_ALLOWED = {
    "norm": ("layer", "rms"),
    "norm_position": ("pre", "post"),
    "position": ("learned", "rotary"),
    "mlp": ("gelu", "gelu_tanh", "swiglu"),
    "attention": ("prefix", "causal"),
}
