"""Windows leave nothing out, and their batches waste little."""

from __future__ import annotations

import itertools

import pytest

from model.reader.prompt import HEADING, HISTORY, PASSAGE, QUESTION, Opening, Openings, Special
from model.reader.windows import BATCH, BATCH_COST, GRAIN, MAX_PROMPT, Window, batches_of, tensors_of, windows_over

SPECIAL = Special(1, 2, 3)


@pytest.mark.parametrize("before", [3, 20, 250])
def test_every_token_of_a_long_passage_is_in_a_window_that_fits(before):
    opening = Opening([1, *[5] * (before - 2), 2], [QUESTION] * before)
    passage = list(range(100, 1100))
    windows = list(windows_over(opening, passage, 4, SPECIAL))
    assert {t for w in windows for t in range(w.first, w.first + w.count)} == set(range(len(passage)))
    assert max(len(w.ids) for w in windows) <= MAX_PROMPT
    for w in windows:
        part = passage[w.first : w.first + w.count]
        assert w.passage == 4 and w.ids == [*opening.ids, *part, SPECIAL.sep] and w.ids[w.body :][: w.count] == part


def test_each_window_begins_in_the_middle_of_the_one_before():
    windows = list(windows_over(Opening([1, 2], [0, 0]), [7] * 1000, 0, SPECIAL))
    for one, following in itertools.pairwise(windows):
        assert one.first < following.first <= one.first + one.count // 2


def test_tensors_hold_prompts_with_their_segments_and_what_may_be_quoted(tokenizer):
    special = Special(tokenizer.cls, tokenizer.sep, tokenizer.pad)
    openings = Openings(tokenizer, special, "When?", [("Where?", "here")])
    passages = ["It closes at ten.", "The library closes at ten in the evening, on Sundays at six."]
    windows = [
        w
        for i, (p, h) in enumerate(zip(passages, ("", "Guide"), strict=True))
        for w in windows_over(openings.before(h), tokenizer.encode(p).ids, i, special)
    ]
    ids, segments, allowed, lengths = tensors_of(windows, special, 512)
    assert ids.shape == segments.shape == allowed.shape and ids.size(1) % GRAIN == 0
    assert lengths.tolist() == [len(w.ids) for w in windows]
    for row, w in enumerate(windows):
        length = len(w.ids)
        assert ids[row, :length].tolist() == w.ids and ids[row, length:].eq(special.pad).all()
        assert segments[row, : w.body].tolist() == w.segments
        assert segments[row, w.body : length].eq(PASSAGE).all() and segments[row, length:].eq(QUESTION).all()
        assert allowed[row].nonzero().flatten().tolist() == list(range(w.body, w.body + w.count))
    assert {HISTORY, QUESTION, PASSAGE, HEADING} == set(segments[1].tolist())


def test_no_prompt_is_padded_beyond_what_the_network_can_read():
    window = next(windows_over(Opening([1, 2], [0, 0]), [7] * 36, 0, SPECIAL))
    assert len(window.ids) == 39
    assert tensors_of([window], SPECIAL, 40)[0].size(1) == 40


def windows_of(lengths):
    return [Window(i, [0] * n, [0] * 2, 2, 0, n - 3) for i, n in enumerate(sorted(lengths))]


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
