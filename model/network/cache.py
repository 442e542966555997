"""Keys and values of what the network has already read, so that a new token costs one token."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from model.network.config import GPTConfig


class Cache(Protocol):
    """What attention asks of a cache."""

    length: int

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add new keys and values (B, H, T, D) of one layer; return all so far (B, H, length + T, D)."""
        ...

    def advance(self, tokens: int) -> None:
        """All layers have seen `tokens` more tokens."""
        ...


class KVCache:
    """Pre-allocated cache for free generation: written in place, read as views, never grown by concatenation."""

    def __init__(self, config: GPTConfig, batch: int, capacity: int) -> None:
        """Allocate for `batch` sequences of at most `capacity` tokens."""
        shape = (config.n_layer, batch, config.n_kv_head, capacity, config.head_size)
        self.k = torch.empty(shape)
        self.v = torch.empty(shape)
        self.capacity = capacity
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """See `Cache`.

        Raises:
            ValueError: the cache is full.
        """
        end = self.length + k.size(2)
        if end > self.capacity:
            raise ValueError(f"cache of {self.capacity} tokens cannot take {end}")
        self.k[layer, :, :, self.length : end] = k
        self.v[layer, :, :, self.length : end] = v
        return self.k[layer, :, :, :end], self.v[layer, :, :, :end]

    def advance(self, tokens: int) -> None:
        """See `Cache`."""
        self.length += tokens


class TapeCache:
    """Cache for one long prompt and a few tokens after it: keeps what attention made, and copies only to append.

    It keeps the autograd graph, too.
    """

    def __init__(self) -> None:
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """See `Cache`."""
        if layer in self.layers:
            past_k, past_v = self.layers[layer]
            k, v = torch.cat((past_k, k), dim=2), torch.cat((past_v, v), dim=2)
        self.layers[layer] = (k, v)
        return k, v

    def advance(self, tokens: int) -> None:
        """See `Cache`."""
        self.length += tokens
