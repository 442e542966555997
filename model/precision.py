"""In which number format matrix products run fastest on this machine."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


def has_amx() -> bool:
    """Whether bfloat16 matrix products run in hardware; without that, bfloat16 on a CPU is slower than float32."""
    return bool(torch.cpu._is_amx_tile_supported())


def fast_precision() -> AbstractContextManager[Any]:
    """Autocast to bfloat16 where it pays, otherwise nothing; for training, whose weights must stay float32."""
    return torch.autocast("cpu", torch.bfloat16) if has_amx() else nullcontext()


def reading_dtype() -> torch.dtype:
    """Format of the weights of a network that only reads."""
    return torch.bfloat16 if has_amx() else torch.float32
