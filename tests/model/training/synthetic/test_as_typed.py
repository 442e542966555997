"""Questions as typed ask the same: lower case, no question mark or one slip, in about the shares that are said."""

from __future__ import annotations

import random

import pytest

from model.training.examples import Example
from model.training.synthetic.as_typed import LOWER_CASE, SLIP, WITHOUT_MARK, as_typed, typed

ENGLISH = "How many Days of Leave does a new Employee get?"
CHINESE = "新员工每年有几天年假？"
SEEDS = 4000


def share(question, lang, changed):
    return sum(changed(typed(question, lang, random.Random(seed))) for seed in range(SEEDS)) / SEEDS


def letters(text):
    return text.lower().rstrip("?")


def edits(a, b):
    """Distance in letters left out, put in or exchanged with a neighbour (optimal string alignment)."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (0 if x == y else 2))
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def test_questions_lose_their_case_and_their_mark_as_often_as_said():
    assert share(ENGLISH, "en", str.islower) == pytest.approx(LOWER_CASE, abs=0.03)
    assert share(ENGLISH, "en", lambda q: not q.endswith("?")) == pytest.approx(WITHOUT_MARK, abs=0.03)
    assert share(CHINESE, "zh", lambda q: q == CHINESE.rstrip("？")) == pytest.approx(WITHOUT_MARK, abs=0.03)


def test_at_most_one_word_is_misspelt_by_one_slip():
    misspelt = [
        q for q in (letters(typed(ENGLISH, "en", random.Random(s))) for s in range(SEEDS)) if q != letters(ENGLISH)
    ]
    # a swap of two equal letters is no slip
    assert 0.7 * SLIP < len(misspelt) / SEEDS <= 1.3 * SLIP
    for q in set(misspelt):
        wrong = [(a, b) for a, b in zip(letters(ENGLISH).split(), q.split(), strict=True) if a != b]
        ((before, after),) = wrong
        assert edits(before, after) == 1 and len(before) >= 5 and before[0] == after[0]


def test_chinese_questions_keep_all_but_their_mark():
    latin = "WiFi password 是什么？"
    assert {typed(latin, "zh", random.Random(s)) for s in range(200)} == {latin, latin.rstrip("？")}


@pytest.mark.parametrize("question", ["?", "？？", "", "a?"])
def test_nothing_is_left_empty_that_was_not(question):
    found = {typed(question, "en", random.Random(s)) for s in range(100)}
    assert ("" in found) == (question == "")


def test_only_questions_change():
    passage = "A new Employee gets 28 Days. Why?"
    examples = [
        Example(f"{ENGLISH[:-1]} in {place}?", passage, ((21, 28),), "en", "t", (("Who ASKS?", "Nobody."),), "Leave")
        for place in ("Hamburg", "Suzhou", "Trieste", "Lisbon")
        for _ in range(30)
    ]
    made = as_typed(examples, 5)
    assert len(made) == len(examples) and made != examples
    for before, after in zip(examples, made, strict=True):
        assert (
            Example(
                before.question,
                *[getattr(after, f) for f in ("passage", "quotes", "lang", "source", "history", "heading")],
            )
            == before
        )


def test_the_same_seed_types_the_same():
    examples = [Example(ENGLISH, "A.", (), "en", "t")] * 50
    assert as_typed(examples, 1) == as_typed(examples, 1) != as_typed(examples, 2)
