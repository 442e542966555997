"""Sentence vectors of our own network: the mean of a text's last hidden states, of length 1.

The same function as sentence-transformers' mean pooling and normalisation, so that what is trained here can be saved
as an ordinary sentence-transformers model (sentence_transformers_folder.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from model.network.gpt import GPT

_TOKENS_AT_ONCE = 6144  # of one forward: large enough for the cores, small enough for their caches


def pooled(gpt: GPT, sequences: Sequence[Sequence[int]]) -> Tensor:
    """Vectors of token sequences (special tokens included), shape (N, C), each of length 1.

    Sequences of similar length are read together, so that little of a batch is padding.
    """
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    found: list[Tensor] = []
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and len(sequences[order[end]]) * (end + 1 - start) <= _TOKENS_AT_ONCE:
            end += 1
        found.append(_read(gpt, [sequences[i] for i in order[start:end]]))
        start = end
    place = torch.empty(len(order), dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(found)[place]


def _read(gpt: GPT, rows: Sequence[Sequence[int]]) -> Tensor:
    lengths = torch.tensor([len(r) for r in rows])
    width = int(lengths.max())
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    real = torch.arange(width) < lengths[:, None]
    mask = None if bool(real.all()) else real[:, None, None, :]
    return unit_means(gpt(gpt.embed(ids), mask=mask), real, lengths)


def unit_means(hidden: Tensor, real: Tensor, lengths: Tensor) -> Tensor:
    """Means over the real tokens of each row, of length 1: (B, T, C), bool (B, T), (B,) -> (B, C) float32."""
    return F.normalize((hidden.float() * real[..., None]).sum(1) / lengths[:, None], dim=1)
