"""Which tokens of the question stand in the passage, and which of the passage in the question.

A small network finds it hard to see that two places hold the same word, above all in Chinese, whose characters it
learned late. So each prompt token is told the length of the longest run, up to three tokens, that it shares with the
other side (DrQA's exact-match feature, arXiv 1704.00051, extended from words to runs of pieces). What a question asks
about and the passage lacks is marked in the same way, which helps to say "not in the passage".
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

MAX_RUN = 3  # tokens; longer runs count as this
ROWS = 2 * (MAX_RUN + 1)  # of the embedding: run lengths 0..MAX_RUN, for the question and for the passage


def match_features(ids: Tensor, segments: Tensor) -> Tensor:
    """Row of the match embedding for every prompt token.

    Args:
        ids: (B, L) token ids, or classes of tokens that count as the same.
        segments: (B, L) even for the question, the conversation and padding, odd for the passage and its heading.

    Returns:
        (B, L) integers in [0, `ROWS`): the shared run's length, plus `MAX_RUN` + 1 on the passage's side.
    """
    side = segments % 2
    same = (ids[:, :, None] == ids[:, None, :]) & (side[:, :, None] != side[:, None, :])  # (B, L, L)
    length = same.any(dim=2).long()
    run = same
    for size in range(2, MAX_RUN + 1):
        run = run[:, :-1, :-1] & same[:, size - 1 :, size - 1 :]  # a run of `size` starts at i here, at j there
        starts = run.any(dim=2)
        inside = torch.zeros_like(length, dtype=torch.bool)
        for k in range(size):
            inside[:, k : k + starts.size(1)] |= starts
        length = torch.where(inside, size, length)
    return length + (MAX_RUN + 1) * side


def classes_of(texts: Sequence[str], special: int) -> Tensor:
    """For every token the first one whose text is the same but for case: (vocabulary,) int32.

    Args:
        texts: of the tokens, without marks for spaces.
        special: how many of the first tokens are like no other.
    """
    first: dict[str, int] = {}
    return torch.tensor(
        [i if i < special else first.setdefault(text.casefold(), i) for i, text in enumerate(texts)], dtype=torch.int32
    )
