"""Prompts of limited length over passages of any length, and the batches that they are read in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.reader.prompt import PASSAGE, Opening, Special

MAX_PROMPT = 384  # tokens; the longest prompt of the training
BATCH = 16  # windows read at once; bounds the memory
GRAIN = 16  # prompts are padded to a multiple: what is left over by a vector of 16 costs attention extra
BATCH_COST = 160  # padded tokens that cost about as much time as one more batch


@dataclass(frozen=True, slots=True)
class Window:
    """A question and a stretch of a passage, as the network reads them.

    Attributes:
        passage: index of the passage.
        ids: the whole prompt.
        segments: of all that stands before the passage.
        body: index of the first passage token in `ids`.
        first: number of that token in the passage.
        count: passage tokens in this window.
    """

    passage: int
    ids: list[int]
    segments: list[int]
    body: int
    first: int
    count: int

    @classmethod
    def of(cls, before: Opening, passage: Sequence[int], index: int, special: Special, first: int, last: int) -> Window:
        """What stands before the passage, and the passage's tokens from `first` to before `last`."""
        part = passage[first:last]
        return cls(index, [*before.ids, *part, special.sep], before.segments, len(before), first, len(part))


def windows_over(before: Opening, passage: Sequence[int], index: int, special: Special) -> Iterator[Window]:
    """Windows over a passage, each beginning in the middle of the one before, so that no answer is cut by a border."""
    room = MAX_PROMPT - len(before) - 1
    first = 0
    while first < len(passage):
        yield Window.of(before, passage, index, special, first, first + room)
        if first + room >= len(passage):
            return
        first += room // 2


def tensors_of(windows: Sequence[Window], special: Special, longest: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the network reads of windows, the longest last.

    Returns:
        ids (B, L); segments (B, L) as in model/reader/prompt.py; which tokens may be quoted (B, L) bool; lengths (B,).
    """
    width = min(_padded(len(windows[-1].ids)), longest)
    ids = torch.full((len(windows), width), special.pad)
    segments = torch.zeros_like(ids)
    allowed = torch.zeros(ids.shape, dtype=torch.bool)
    for i, w in enumerate(windows):
        ids[i, : len(w.ids)] = torch.tensor(w.ids)
        segments[i, : w.body] = torch.tensor(w.segments)
        segments[i, w.body : len(w.ids)] = PASSAGE
        allowed[i, w.body : w.body + w.count] = True
    return ids, segments, allowed, torch.tensor([len(w.ids) for w in windows])


def batches_of(windows: Sequence[Window]) -> list[Sequence[Window]]:
    """Cut windows, shortest first, into batches: the cut that costs least in padding and in batches."""
    least = [0]  # cost of the first n windows
    cut = [0]  # where the last of their batches begins
    for n in range(1, len(windows) + 1):
        width = _padded(len(windows[n - 1].ids))
        cost, begin = min((least[m] + (n - m) * width + BATCH_COST, m) for m in range(max(0, n - BATCH), n))
        least.append(cost)
        cut.append(begin)
    batches: list[Sequence[Window]] = []
    end = len(windows)
    while end:
        batches.append(windows[cut[end] : end])
        end = cut[end]
    return batches[::-1]


def _padded(tokens: int) -> int:
    return -(-tokens // GRAIN) * GRAIN
