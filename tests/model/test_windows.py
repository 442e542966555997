"""Windows leave nothing out, and their batches waste little."""

from __future__ import annotations

import itertools

import pytest

from model.windows import BATCH, BATCH_COST, GRAIN, MAX_PROMPT, Special, Window, batches_of, windows_over


def test_every_token_of_a_long_passage_is_in_a_window_that_fits(tokenizer):
    passage = tokenizer.encode("word " * 1000)
    windows = list(windows_over([5] * 20, passage.ids, 0, Special(1, 2, 3)))
    assert {t for w in windows for t in range(w.first, w.first + w.count)} == set(range(len(passage)))
    assert max(len(w.ids) for w in windows) <= MAX_PROMPT


def windows_of(lengths):
    return [Window(i, [0] * n, 2, 0, n - 3) for i, n in enumerate(sorted(lengths))]


def cost(batches):
    return sum(BATCH_COST + len(b) * -(-len(b[-1].ids) // GRAIN) * GRAIN for b in batches)


@pytest.mark.parametrize("lengths", [[], [9], [40] * 8, [20, 21, 22, 200, 205, 300], [10, 60, 110, 160, 210, 260, 310]])
def test_batches_waste_least(lengths):
    windows = windows_of(lengths)
    found = batches_of(windows)
    assert [w for b in found for w in b] == windows
    cuts = [c for n in range(len(windows)) for c in itertools.combinations(range(1, len(windows)), n)]
    all_ways = [[windows[a:b] for a, b in itertools.pairwise((0, *c, len(windows)))] for c in cuts]
    assert cost(found) == min(map(cost, all_ways), default=0)


def test_no_batch_is_larger_than_the_memory_is_meant_for():
    assert max(map(len, batches_of(windows_of([50] * 100)))) <= BATCH
