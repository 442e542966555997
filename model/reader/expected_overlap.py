"""Which of many likely quotes to give: the one that agrees best with all of them.

The likeliest single (start, end) pair is often one of several variants of one answer ("in 1868", "1868", the whole
sentence), which share the probability between them, while a wrong quote without variants keeps all of its own. So the
quote is chosen by its expected overlap with the right one (minimum Bayes risk decoding, Kumar and Byrne 2004), the
overlap being F1 over tokens. The expectation itself is the network's own estimate of how good its answer is.
"""

from __future__ import annotations

import torch
from torch import Tensor

CANDIDATES = 32  # likeliest pairs that take part; the rest hold next to no probability


def expected_overlap(log_probabilities: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Expected F1 of each candidate with the right quote, no answer counting as no overlap.

    Args:
        log_probabilities: (B, K) of K candidate pairs.
        starts: (B, K) first token of each.
        ends: (B, K) last token of each, inclusive.

    Returns:
        (B, K), 0..1.
    """
    first = torch.maximum(starts[:, :, None], starts[:, None, :])
    last = torch.minimum(ends[:, :, None], ends[:, None, :])
    shared = (last - first + 1).clamp_min(0)  # (B, K, K)
    size = (ends - starts + 1).clamp_min(1)  # impossible pairs fill up a short passage's, with probability 0
    f1 = 2 * shared / (size[:, :, None] + size[:, None, :])
    return (f1 * log_probabilities.exp()[:, None, :]).sum(dim=2)
