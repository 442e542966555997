"""Turns before a question: some that do not matter, and some without which the question says too little."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from dataclasses import replace

import pytest

from model.json_lines import DataError
from model.reader.prompt import MAX_TURNS
from model.training.examples import Example, context_key
from model.training.recipe import Practice, Stage
from model.training.synthetic.conversations import (
    CHINESE,
    ENGLISH,
    FILES,
    MAX_ANSWER,
    UNANSWERED,
    after_other_turns,
    shortened_questions,
    turn_of,
)
from model.training.synthetic.makers import PracticeMaker


def example(place, question, answer=None, lang="en", **more):
    passage = f"The {place} opens at eight and closes at ten. It was built in 1868."
    quotes = () if answer is None else ((passage.index(answer), passage.index(answer) + len(answer)),)
    return Example(question, passage, quotes, lang, "t", **more)


PLACES = ("library", "museum", "theatre", "harbour")
MANY = [
    example(place, question.format(place), answer)
    for place in PLACES
    for question, answer in (
        ("When does the {} open?", "eight"),
        ("When does the {} close?", "ten"),
        ("When was the {} built?", "1868"),
        ("Who owns the {}?", None),
    )
]


def test_a_turn_is_what_was_asked_and_quoted():
    assert turn_of(MANY[0]) == ("When does the library open?", "eight")
    assert turn_of(MANY[3]) == ("Who owns the library?", UNANSWERED["en"])
    assert turn_of(replace(MANY[3], question="谁的？", lang="zh")) == ("谁的？", UNANSWERED["zh"])
    long = Example("What?", "word " * 100, ((0, 500),), "en", "t")
    assert turn_of(long)[1] == long.passage[:MAX_ANSWER]


def test_only_a_share_gets_turns_and_nothing_else_changes():
    many = MANY * 40
    found = after_other_turns(many, 0.25, 3)
    talked = [e for e in found if e.history]
    assert len(talked) / len(many) == pytest.approx(0.25, abs=0.06)
    assert [replace(e, history=()) for e in found] == many
    assert after_other_turns(many, 0.0, 3) == many
    assert after_other_turns(many, 0.25, 3) == found != after_other_turns(many, 0.25, 4)


def test_turns_that_do_not_matter_are_other_questions_mostly_of_the_same_passage():
    asked = {turn_of(e): e.passage for e in MANY}
    found = after_other_turns(MANY * 20, 1.0, 1)
    same = Counter(asked[turn] == e.passage for e in found for turn in e.history)
    assert 0.5 < same[True] / same.total() < 0.85
    for e in found:
        assert len(e.history) <= MAX_TURNS
        assert e.question not in [question for question, _ in e.history]


def test_documents_are_told_by_their_title():
    """Windows of one document differ in their text: its title says that they belong together."""
    windows = [replace(e, passage=f"{e.passage} {i}", heading=f"Guide {i % 4} › {i}") for i, e in enumerate(MANY)]
    guides = {turn_of(e): e.heading[:7] for e in windows}
    found = after_other_turns(windows * 20, 1.0, 1)
    same = Counter(guides[turn] == e.heading[:7] for e in found for turn in e.history)
    assert 0.5 < same[True] / same.total() < 0.85


def test_turns_are_in_the_questions_language():
    chinese = [
        Example(f"{place}几点开门？", f"{place}早上八点开门。", ((4, 6),), "zh", "t") for place in ("书店", "城堡")
    ]
    for e in after_other_turns([*MANY, *chinese * 10], 1.0, 2):
        assert all(("？" in question) == (e.lang == "zh") for question, _ in e.history)


def test_a_follow_up_keeps_its_own_turn_behind_the_others():
    own = (("Where is the library?", "on Mill Street"),)
    leaning = replace(MANY[0], question="When does it open?", history=own)
    found = [after_other_turns([*MANY, leaning], 1.0, seed)[-1] for seed in range(20)]
    assert all(e.history[-1:] == own and len(e.history) <= MAX_TURNS for e in found)
    assert any(len(e.history) == 2 for e in found)
    full = replace(leaning, history=own * MAX_TURNS)
    assert after_other_turns([*MANY, full], 1.0, 1)[-1] == full


MUSEUM = (
    "The Harbour Museum was founded in 1868 by Ann Carter. The Harbour Museum has four floors and shows old ships. "
    "Visitors pay six euros."
)
LAKE = "青海湖位于青海省西北部，是中国最大的咸水湖。青海湖的面积约为4588平方公里，平均水深21米。"


def row(context, question, answer, lang):
    start = context.index(answer) if answer else 0
    given = {"answers": [answer], "answer_start": [start]} if answer else {"answers": [], "is_impossible": True}
    return {"context": context, "question": question, "lang": lang, **given}


ROWS = {
    ENGLISH[0]: [
        row(MUSEUM, "Who founded the Harbour Museum?", "Ann Carter", "en"),
        row(MUSEUM, "When was the Harbour Museum founded?", "1868", "en"),
        row(MUSEUM, "How many floors does the Harbour Museum have?", "four", "en"),
        row(MUSEUM, "When was the Harbour Museum closed?", None, "en"),
    ],
    ENGLISH[1]: [row("The Harbour Museum is closed.", "Is the Harbour Museum open?", "closed", "en")],
    CHINESE[0]: [
        row(LAKE, "青海湖位于哪里？", "青海省西北部", "zh"),
        row(LAKE, "青海湖的面积有多大？", "4588平方公里", "zh"),
        row(LAKE, "青海湖平均水深多少米？", "21米", "zh"),
    ],
    CHINESE[1]: [],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "qa").mkdir()
    for name in FILES:
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS[name])
        (folder / "qa" / name).write_bytes(lzma.compress(lines.encode()))
    return folder


def test_a_shortened_question_leaves_out_what_the_turn_before_it_names(data):
    made = [e for seed in range(12) for e in shortened_questions(data, 10, seed)]
    assert {e.lang for e in made} == {"en", "zh"}
    for e in made:
        name = "Harbour Museum" if e.lang == "en" else "青海湖"
        (turn,) = e.history
        assert name not in e.question and name in "\n".join(turn)
        originals = [r for rows in ROWS.values() for r in rows if r["context"] == e.passage]
        assert turn[0] in [r["question"] for r in originals]
        assert turn[1] in [*(a for r in originals for a in r["answers"]), *UNANSWERED.values()]
        assert {e.passage[a:b] for a, b in e.quotes} <= {a for r in originals for a in r["answers"]}
    assert any(not e.quotes for e in made), "what the passage does not say is asked in conversations, too"


def test_a_passage_with_one_question_has_no_follow_up(data):
    assert {e.passage for e in shortened_questions(data, 10, 1)} == {MUSEUM, LAKE}


def test_no_more_are_made_than_asked_for_half_in_each_language(data):
    languages = Counter(e.lang for e in shortened_questions(data, 2, 1))
    assert languages == {"en": 1, "zh": 1}
    assert shortened_questions(data, 6, 1) == shortened_questions(data, 6, 1)


def test_held_out_and_reserved_passages_are_left_out(data):
    assert {e.passage for e in shortened_questions(data, 10, 1, exclude={context_key(MUSEUM)})} == {LAKE}
    assert shortened_questions(data, 10, 1, calibration_share=1.0) == []


def test_practice_over_a_passage_that_measures_the_result_is_left_out(data, recipe, tmp_path):
    (data / "dev.jsonl").write_text(json.dumps({"context": f"Am See. {LAKE[:40]}", "question": "?"}), encoding="utf-8")
    practice = Practice("shortened", 10)
    made = PracticeMaker(
        replace(recipe, held_out=["dev.jsonl"], stages=[Stage(1.0, [], practice=[practice])]),
        data,
        tmp_path,
        print,
    ).make(practice, 1)
    assert made and {e.passage for e in made} == {MUSEUM}


def test_a_row_without_a_question_is_named(data, tmp_path):
    (tmp_path / "qa").mkdir()
    for name in FILES:
        (tmp_path / "qa" / name).write_bytes((data / "qa" / name).read_bytes())
    (tmp_path / "qa" / ENGLISH[0]).write_bytes(lzma.compress(b'{"context": "c", "question": "q"}\n{"context": "c"}\n'))
    with pytest.raises(DataError, match=r"docqa_train\.en\.jsonl\.xz, line 2"):
        shortened_questions(tmp_path, 10, 1)
