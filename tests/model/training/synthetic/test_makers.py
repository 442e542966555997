"""Questions made from raw text are answered by the span they name, and unanswerable ones by nothing in the passage."""

from __future__ import annotations

import random

import pytest

from model.training.examples import Example, HeldOutText
from model.training.synthetic.cloze import PASSAGE, cloze_questions
from model.training.synthetic.near_misses import with_other_name, without_answer
from model.training.synthetic.tables import MAX_CHARACTERS, table_questions, tables
from tests.model.training.conftest import write

LAKE = (
    "青海湖\n\n青海湖位于青海省西北部，是中国最大的咸水湖。2020年湖面面积约为4588平方公里，平均水深21米。"
    "湖中盛产《水产志》记载的裸鲤，每年有大量游客前往二郎剑景区。\n1992年青海湖被列入国际重要湿地名录，"
    "1997年成立了青海湖国家级自然保护区管理局，负责保护鸟岛等地的候鸟。王建军曾在此主持科学考察，发表了三篇论文。"
)
MANUAL = """# Errors

The display shows a code.

| Code | Meaning | Level |
| --- | --- | --- |
| `E01` | Door open | warning |
| **E02** | Pump blocked | fault |
| E03 | Filter missing | fault |
| E04 | No water | notice |

Text after it | with a bar.
"""


def texts():
    """Documents of three stretches, long enough for a passage of any length."""
    lakes = [LAKE.replace("青海湖", name) for name in ("青海湖", "太湖", "鄱阳湖", "洞庭湖", "纳木错")] * 6
    return [f"{lake}\n{lake}\n{lake}" for lake in lakes]


def test_a_cloze_question_is_answered_by_its_span_and_does_not_contain_it():
    made = cloze_questions(texts(), 20, 5, "t")
    assert len(made) == 20
    for e in made:
        ((start, end),) = e.quotes
        answer = e.passage[start:end]
        assert answer
        assert answer not in e.question
        assert PASSAGE[0] <= len(e.passage) <= PASSAGE[1] + 60
        assert any(w in e.question for w in ("哪", "什么", "谁", "何", "多少", "几"))


def test_a_year_is_asked_for_as_a_year():
    made = [e for e in cloze_questions(texts() * 10, 200, 1, "t") if e.passage[slice(*e.quotes[0])] == "1997年"]
    assert made
    assert all(any(w in e.question for w in ("哪一年", "哪年", "何年", "什么时候", "何时")) for e in made)


def test_practice_is_the_same_for_the_same_seed():
    assert cloze_questions(texts(), 8, 3, "t") == cloze_questions(texts(), 8, 3, "t")
    assert cloze_questions(texts(), 8, 3, "t") != cloze_questions(texts(), 8, 4, "t")
    assert table_questions([MANUAL] * 9, "en", 9, 3, "t") == table_questions([MANUAL] * 9, "en", 9, 3, "t")


def test_a_table_is_read_with_its_markup_removed():
    (table,) = tables(MANUAL)
    assert table.header == ("Code", "Meaning", "Level")
    assert table.rows[:2] == (("E01", "Door open", "warning"), ("E02", "Pump blocked", "fault"))
    assert table.before == "The display shows a code."


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_table_question_is_answered_by_the_cell_it_asks_for(lang):
    made = table_questions([MANUAL] * 80, lang, 100, 2, "t")
    assert len(made) == 100
    rows = {row[0]: row for row in next(tables(MANUAL)).rows}
    for e in made:
        assert len(e.passage) <= MAX_CHARACTERS[lang]
        ((start, end),) = e.quotes  # one table only: no stranger's row to ask for
        cell = e.passage[start:end]
        named = [name for name in rows if name in e.question]
        if named:
            assert cell in rows[named[0]][1:]
        else:
            assert cell in rows


def test_a_row_of_another_table_is_not_answered():
    other = MANUAL.replace("E0", "X7")
    made = table_questions([MANUAL, other] * 60, "en", 300, 2, "t")
    strangers = [e for e in made if not e.quotes]
    assert 0 < len(strangers) < 0.3 * len(made)
    for e in strangers:
        asked = next(name for name in ("E01", "E02", "E03", "E04", "X71", "X72", "X73", "X74") if name in e.question)
        assert asked not in e.passage


PASSAGE_EN = (
    "The harbour was built in 1868 by Ann Carter. It lies in the north of the bay and is closed in winter, when the "
    "water freezes. Ships from Norway bring timber. A museum beside it shows the tools of the time, and in summer "
    "visitors can climb the old crane."
)


def examples():
    answers = ("1868", "Norway", "timber")
    questions = (
        "When did Ann Carter build the harbour?",
        "Where do ships with timber come from?",
        "What do ships from Norway bring?",
    )
    return [
        Example(q, PASSAGE_EN, ((PASSAGE_EN.index(a), PASSAGE_EN.index(a) + len(a)),), "en", "t")
        for q, a in zip(questions, answers, strict=True)
    ]


def test_without_the_sentence_nothing_answers():
    made = without_answer(examples(), 1.0, 1)
    assert len(made) == 3
    for e in made:
        assert e.quotes == ()
        assert not any(a in e.passage for a in ("1868",)) or "When" not in e.question
        assert "museum beside it" in e.passage
        assert len(e.passage) < len(PASSAGE_EN)


def test_too_little_left_or_an_answer_that_stands_twice_makes_no_question():
    short = Example("When?", "It was built in 1868. Fine.", ((16, 20),), "en", "t")
    twice = PASSAGE_EN + " Again, 1868 it was."
    assert without_answer([short, Example("When?", twice, ((25, 29),), "en", "t")], 1.0, 1) == []


def test_an_exchanged_name_stands_nowhere_in_the_passage():
    foreign = Example("Who painted in 1790 with Tom Baker?", "Tom Baker and I, 1790.", ((0, 9),), "en", "t")
    made = with_other_name([*examples(), foreign], 1.0, 2)
    assert made
    for e in made:
        assert e.quotes == ()
        original = [x for x in (*examples(), foreign) if x.passage == e.passage]
        assert e.question not in {x.question for x in original}
    assert any("Tom Baker build" in e.question for e in made)


def test_chinese_names_are_exchanged_too():
    passage = "鲁迅于1881年出生于浙江省绍兴，后来去了日本仙台学医，回国后在北京大学教书。" * 2
    asked = [
        Example("鲁迅哪一年出生于绍兴？", passage, ((3, 8),), "zh", "t"),
        Example("杜甫在上海大学教什么？", "杜甫在上海大学教写诗。", ((8, 10),), "zh", "t"),
    ]
    made = with_other_name(asked, 1.0, 1)
    assert {e.passage for e in made} == {passage, asked[1].passage}
    assert all(e.question not in (asked[0].question, asked[1].question) for e in made)


def test_text_that_overlaps_an_evaluation_passage_is_recognised(tmp_path):
    rng = random.Random(1)
    held = "".join(rng.choice("abcdefgh ") for _ in range(300))
    write(tmp_path / "dev.jsonl", [{"context": held, "question": "?"}])
    known = HeldOutText([tmp_path / "dev.jsonl"])
    assert known.overlaps("Before it, other words. " + held[40:160].upper() + " After it.")
    assert not known.overlaps("".join(rng.choice("ijklmnop ") for _ in range(500)))
    assert not known.overlaps("short")
