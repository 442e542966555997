"""Dropout from a pool of noise.

`F.dropout` draws one number for every element from a serial generator: on two CPU cores that is 15 % of a training
step. Here the keep-or-drop decisions are drawn once, and each call uses a stretch of them at a random place.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

POOL = 1 << 25  # decisions kept: 64 MiB; ten times the largest stretch of the shipped recipe


def drop(x: Tensor, p: float) -> Tensor:
    """Zero each element with probability `p` and scale the rest by 1 / (1 - p).

    The place comes from torch's generator, the pool from a seed of its own: the same generator state gives the same
    result, so that training resumes exactly. What is too long for the pool goes through `F.dropout`.
    """
    n = x.numel()
    if n > POOL // 2:
        return F.dropout(x, p)
    start = int(torch.randint(POOL - n + 1, ()))
    return x * _pool(p)[start : start + n].view_as(x).to(x.dtype)


@lru_cache(maxsize=2)
def _pool(p: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    kept = torch.rand(POOL, generator=generator) >= p
    return (kept / (1 - p)).to(torch.bfloat16)
