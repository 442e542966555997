"""The GPT: one decoder-only network for every shape that we use.

Notable features, each a field of `GPTConfig`:
- prefix-LM attention: bidirectional over the prompt, causal after it (same weights, one mask);
- pre- or post-norm, layer or RMS norm, learned or rotary positions, GELU or SwiGLU, grouped-query attention,
  so that BERT-, GPT-2- and Llama-shaped weights load exactly (import_*.py);
- match features (match_features.py): a prompt token knows what it shares with the other side of the prompt;
- a copy head (copy_head.py): the network can emit "copy from here to there" instead of a vocabulary token.

Shapes: B sequences, T new tokens, S tokens visible to attention, H heads, D head size, C = H * D channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.network.cache import Cache
from model.network.config import GPTConfig
from model.network.copy_head import CopyHead
from model.network.dropout import drop
from model.network.match_features import ROWS, match_features


def make_norm(config: GPTConfig) -> nn.Module:
    """The configured norm over the last dimension."""
    if config.norm == "rms":
        return nn.RMSNorm(config.n_embd, eps=config.norm_eps)
    return nn.LayerNorm(config.n_embd, eps=config.norm_eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding (arXiv 2104.09864), half-split layout as in Llama; x (B, H, T, D), cos/sin (T, D/2)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    """Multi-head attention over the new tokens and whatever the cache holds."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        kv = config.n_kv_head * config.head_size
        self.q = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.k = nn.Linear(config.n_embd, kv, bias=config.bias)
        self.v = nn.Linear(config.n_embd, kv, bias=config.bias)
        self.out = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.qkv: nn.Module | None = None  # the three side by side, in place of them (prepacking.py)

    def forward(
        self, x: Tensor, layer: int, mask: Tensor | None, rope: tuple[Tensor, Tensor] | None, cache: Cache | None
    ) -> Tensor:
        """(B, T, C) -> (B, T, C); mask broadcastable to (B, H, T, S), or None for "all see all"."""
        b, t, c = x.shape
        d = self.config.head_size
        if self.qkv is None:
            q, k, v = self.q(x), self.k(x), self.v(x)
        else:
            kv = self.config.n_kv_head * d
            q, k, v = self.qkv(x).split((c, kv, kv), dim=-1)
        q = q.view(b, t, -1, d).transpose(1, 2)  # (B, H, T, D)
        k = k.view(b, t, -1, d).transpose(1, 2)  # (B, H_kv, T, D)
        v = v.view(b, t, -1, d).transpose(1, 2)
        if rope is not None:
            q, k = rotate(q, *rope), rotate(k, *rope)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        grouped = self.config.n_kv_head != self.config.n_head
        if torch.is_grad_enabled() and not grouped:
            y = _differentiable_attention(q, k, v, mask)
        else:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)
        return self.out(y.transpose(1, 2).reshape(b, t, c))  # type: ignore[no-any-return]


def _differentiable_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """The same sum written out. On CPUs the backward pass of the fused kernel takes 1.4 to 2.8 times as long.

    The queries are scaled, not the scores, and the softmax stays in the scores' own format, where autocast would turn
    them to float32 and back: T x T numbers are most of what moves.
    """
    scores = (q * q.size(-1) ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    with torch.autocast(scores.device.type, enabled=False):
        return torch.softmax(scores, dim=-1) @ v.to(scores.dtype)


class MLP(nn.Module):
    """The position-wise network: GELU (two matrices) or SwiGLU (three)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.up: nn.Module = nn.Linear(config.n_embd, config.n_inner, bias=config.bias)
        self.gate = nn.Linear(config.n_embd, config.n_inner, bias=config.bias) if config.mlp == "swiglu" else None
        self.gelu: nn.Module = nn.GELU("tanh" if config.mlp == "gelu_tanh" else "none")
        self.down = nn.Linear(config.n_inner, config.n_embd, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        if self.gate is not None:
            return self.down(F.silu(self.gate(x)) * self.up(x))  # type: ignore[no-any-return]
        return self.down(self.gelu(self.up(x)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention and MLP around the residual stream, the norm before each branch or after each sum."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.pre = config.norm_position == "pre"
        self.attention = Attention(config)
        self.attention_norm = make_norm(config)
        self.mlp = MLP(config)
        self.mlp_norm = make_norm(config)
        self.dropout = config.dropout

    def forward(
        self, x: Tensor, layer: int, mask: Tensor | None, rope: tuple[Tensor, Tensor] | None, cache: Cache | None
    ) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        if self.pre:
            x = x + self._drop(self.attention(self.attention_norm(x), layer, mask, rope, cache))
            return x + self._drop(self.mlp(self.mlp_norm(x)))
        x = self.attention_norm(x + self._drop(self.attention(x, layer, mask, rope, cache)))
        return self.mlp_norm(x + self._drop(self.mlp(x)))  # type: ignore[no-any-return]

    def _drop(self, x: Tensor) -> Tensor:
        return drop(x, self.dropout) if self.dropout and self.training else x


class GPT(nn.Module):
    """The network. `forward` gives hidden states; `logits` turns them into next-token scores."""

    match_classes: Tensor

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.n_embd)
        self.positions = nn.Embedding(config.max_positions, config.n_embd) if config.position == "learned" else None
        self.segments = nn.Embedding(config.n_segments, config.n_embd) if config.n_segments else None
        self.matches = nn.Embedding(ROWS, config.n_embd) if config.match_features else None
        if config.match_features:  # tokens that count as the same: those whose texts differ in case only
            self.register_buffer("match_classes", torch.arange(config.vocab_size, dtype=torch.int32))
        self.embedding_norm = make_norm(config) if config.embedding_norm else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.final_norm = make_norm(config) if config.norm_position == "pre" else None
        self.output = None if config.tie_embeddings else nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.copy_head = CopyHead(config.n_embd) if config.copy_head else None
        self.apply(_initialise)
        if self.matches is not None:
            nn.init.zeros_(self.matches.weight)  # a network that learned without them starts unchanged

    def embed(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """Token (segment, match) embeddings without positions: (B, T) -> (B, T, C); matches need the segments."""
        x = self.tokens(ids)
        if self.segments is not None:
            x = x + (self.segments.weight[0] if segments is None else self.segments(segments))
        if self.matches is not None and segments is not None:
            x = x + self.matches(match_features(self.match_classes[ids], segments))
        return x  # type: ignore[no-any-return]

    def forward(
        self, x: Tensor, *, mask: Tensor | None = None, positions: Tensor | None = None, cache: Cache | None = None
    ) -> Tensor:
        """Hidden states of the new tokens.

        Args:
            x: what `embed` returned, (B, T, C).
            mask: bool, broadcastable to (B, H, T, S), True where a token may look (`prefix_mask`,
                `causal_mask`), or, where nothing is trained, numbers to add to the scores; None: every token sees
                every token.
            positions: (T,) or (B, T); by default the T places after those in the cache.
            cache: keys and values of the tokens before; extended in place.

        Returns:
            (B, T, C), after the last norm.
        """
        t = x.size(1)
        past = cache.length if cache is not None else 0
        if positions is None:
            positions = torch.arange(past, past + t, device=x.device)
        rope = None
        if self.positions is not None:
            x = x + self.positions(positions)
        else:
            rope = self._rope(positions)
        if self.embedding_norm is not None:
            x = self.embedding_norm(x)
        for layer, block in enumerate(self.blocks):
            x = block(x, layer, mask, rope, cache)
        if cache is not None:
            cache.advance(t)
        return self.final_norm(x) if self.final_norm is not None else x

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token scores: (..., C) -> (..., vocabulary)."""
        weight = self.tokens.weight if self.output is None else self.output.weight
        return F.linear(hidden, weight)

    def _rope(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        d = self.config.head_size
        # written as transformers writes it: at position 30,000 another rounding of the same power is visible
        inverse = 1.0 / self.config.rope_theta ** (torch.arange(0, d, 2, device=positions.device).float() / d)
        angles = positions.float()[..., None] * inverse  # (T, D/2) or (B, T, D/2)
        if angles.dim() == 3:
            angles = angles[:, None]
        return angles.cos(), angles.sin()


def causal_mask(new: int, past: int = 0) -> Tensor:
    """(new, past + new) bool: each new token sees the past and itself."""
    return torch.ones(new, past + new, dtype=torch.bool).tril(past)


def prefix_mask(prompt_lengths: Tensor, width: int) -> Tensor:
    """Mask of a padded batch of prompts read as prefix: (B,) lengths -> (B, 1, 1, width), padding hidden."""
    return (torch.arange(width) < prompt_lengths[:, None])[:, None, None, :]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
