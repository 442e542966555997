"""Practice across languages is asked in one language and answered by a span of the other's text."""

from __future__ import annotations

import random
import re

import pytest

from model.training.examples import Example
from model.training.synthetic.code_switching import Translations, switch, switched
from model.training.synthetic.cross_language import cross_language_questions

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def rows():
    """A manual in two languages, paragraph by paragraph."""
    return [
        {
            "en": f"Call open_valve_{i}() before the pump starts, otherwise the pressure rises to {i}00 bar.",
            "zh": f"在水泵启动之前请先调用 open_valve_{i}() 函数，否则压力会升高到 {i}00 巴。",
            "source": "manual",
        }
        for i in range(1, 30)
    ]


def test_the_question_is_in_the_other_language_than_the_passage(rows):
    made = cross_language_questions(rows, 25, 1, "t")
    assert len(made) > 20
    assert {e.lang for e in made} == {"en", "zh"}
    for e in made:
        assert bool(HAN.search(e.question)) == (e.lang == "en")
        assert bool(HAN.search(e.passage)) == (e.lang == "zh")


def test_what_stands_in_both_languages_is_the_answer_or_the_whole_paragraph(rows):
    made = cross_language_questions(rows, 25, 1, "t")
    answers = [e.passage[slice(*e.quotes[0])] for e in made if e.quotes]
    whole = {r[lang] for r in rows for lang in ("en", "zh")}
    assert any(a in whole for a in answers)
    assert any(re.fullmatch(r"open_valve_\d+(\(\))?|\d00", a) for a in answers)
    assert all(a in whole or re.fullmatch(r"open_valve_\d+(\(\))?|\d+00", a) for a in answers)


def test_an_unanswerable_question_stands_over_the_neighbours_without_its_paragraph(rows):
    made = [e for seed in range(20) for e in cross_language_questions(rows, 25, seed, "t")]
    silent = [e for e in made if not e.quotes]
    assert silent
    assert all(len(e.passage.split("\n")) >= 1 for e in silent)
    named = [(e, m.group()) for e in silent if (m := re.search(r"open_valve_\d+", e.question))]
    assert named
    assert all(not re.search(rf"{name}\b", e.passage) for e, name in named)


def test_words_that_stand_for_each_other_are_found_and_exchanged():
    pairs = [
        ("the red house is old", "红色 房子 很 旧"),
        ("the red car is new", "红色 汽车 很 新"),
        ("the blue house is new", "蓝色 房子 很 新"),
        ("the blue car is old", "蓝色 汽车 很 旧"),
    ] * 6
    translations = Translations({"en": e, "zh": z.replace(" ", "，")} for e, z in pairs)
    assert translations.of["en"]["house"] == "房子"
    assert translations.of["zh"]["汽车"] == "car"
    question = switch("Which house is blue?", "en", translations, 1.0, random.Random(1))
    assert question is not None
    assert "房子" in question
    assert "蓝色" in question


def test_switched_examples_keep_their_passage_and_answer():
    pairs = [
        ("red house", "红色，房子"),
        ("blue car", "蓝色，汽车"),
        ("red car", "红色，汽车"),
        ("blue house", "蓝色，房子"),
    ] * 9
    translations = Translations({"en": e, "zh": z} for e, z in pairs)
    example = Example("Is the red house big?", "The red house is big.", ((0, 21),), "en", "t")
    silent = Example("Is the red house big?", "No.", (), "en", "t")
    made = switched([example] * 10 + [silent] * 10, 1.0, translations, 1)
    assert made
    for e in made:
        assert HAN.search(e.question)
        assert (e.passage, e.quotes) == (example.passage, example.quotes)
