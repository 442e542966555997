"""How sure a measured rate or mean is: 95 % confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypedDict, TypeVar

import numpy as np

_Z = 1.959964  # two-sided 95 % of the normal distribution
_RESAMPLES = 1000
T = TypeVar("T")


class Rate(TypedDict):
    """A share of n cases, 0..1, with its 95 % interval; `rate`, `low` and `high` are None without cases."""

    n: int
    rate: float | None
    low: float | None
    high: float | None


def rate(hits: Sequence[bool]) -> Rate:
    """Share of hits with Wilson's interval, which stays inside 0..1 and is right for few cases too."""
    n = len(hits)
    if not n:
        return Rate(n=0, rate=None, low=None, high=None)
    p = sum(hits) / n
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return Rate(n=n, rate=round(p, 4), low=round(max(0.0, middle - half), 4), high=round(min(1.0, middle + half), 4))


def bootstrap(items: Sequence[T], statistic: Callable[[Sequence[T]], float | None]) -> tuple[float, float] | None:
    """95 % interval of a statistic by drawing the items again with replacement; None where it is undefined.

    The draws are always the same, so the same results give the same interval.
    """
    if not items:
        return None
    rng = np.random.default_rng(0)
    drawn = (statistic([items[i] for i in rng.integers(0, len(items), len(items))]) for _ in range(_RESAMPLES))
    values = [v for v in drawn if v is not None]
    if not values:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
