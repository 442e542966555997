"""When an answer is given together with others, and when with further places of the same.

The readings are made by hand, and calibrated so that the confidence depends on `no_answer` only.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import cast

from model.reader.answering import Answerer, Verdict
from model.reader.calibration import FEATURES, Calibration, LanguageCalibration
from model.reader.grounded import GroundedReader
from model.reader.reading import Quote, Reading
from rag_app.answers.several_answers import MAX_ANSWERS, FoundAnswer, found_answers

OLD = "Hotels are paid up to 110 euros per night. Breakfast is extra."
NEW = "From July 2025 hotels are paid up to 140 euros per night."
SAME = "Note: we pay hotels up to 110 euros a night."
OTHER = "A lost key costs 25 euros."
QUESTION = "What is the highest price of a hotel?"


def calibrated(margin: float = 0.0, bias: float = 0.0, threshold: float = 0.5) -> Answerer:
    """Judges without a network."""
    weights = {"no_answer": -1.0, "margin": margin}
    one = LanguageCalibration(tuple(weights.get(f, 0.0) for f in FEATURES), bias, threshold)
    return Answerer(cast(GroundedReader, None), Calibration({"en": one, "zh": one}))


def reading(passage: str, quote: str, confidence: float) -> Reading:
    start = passage.index(quote)
    log_odds = math.log(confidence / (1 - confidence))
    numbers = {f.name: 0.5 for f in fields(Reading) if f.name != "quotes"} | {"no_answer": -log_odds}
    return Reading(quotes=(Quote(start, start + len(quote), quote),), **numbers)


def found(
    *said: tuple[str, str, float], least: float | None = None, documents: list[str] | None = None
) -> list[FoundAnswer]:
    """What is found when each passage says something with a confidence; the first one won."""
    answerer = calibrated()
    readings = [reading(*one) for one in said]
    confidence = said[0][2]
    verdict = Verdict(0, readings[0], confidence, answered=confidence >= (least or 0.5), features=())
    return found_answers(
        answerer, QUESTION, [p for p, _, _ in said], verdict, readings, min_confidence=least, documents=documents
    )


def test_one_document_that_says_two_things_means_two_cases() -> None:
    both = ((OLD, "110 euros", 0.9), (NEW, "140 euros", 0.8))
    assert [f.passage for f in found(*both, documents=["handbook.txt", "handbook.txt"])] == [0]
    assert [f.passage for f in found(*both, documents=["2024.txt", "2025.txt"])] == [0, 1]
    assert [f.passage for f in found(*both, documents=["", ""])] == [0, 1], "it is not known to be one"
    (only,) = found((OLD, "110 euros", 0.9), (SAME, "110 euros", 0.8), documents=["handbook.txt", "handbook.txt"])
    assert [i for i, _ in only.also] == [1], "saying it twice is no contradiction"


def test_documents_that_disagree_are_both_shown() -> None:
    old, new = found((OLD, "110 euros", 0.9), (NEW, "140 euros", 0.8))
    assert (old.passage, new.passage) == (0, 1)
    assert math.isclose(new.confidence, 0.8)
    assert not old.also and not new.also


def test_documents_that_agree_are_one_answer_with_two_places() -> None:
    (only,) = found((OLD, "110 euros", 0.9), (SAME, "up to 110 euros", 0.8))
    assert [(i, r.quotes[0].text) for i, r in only.also] == [(1, "up to 110 euros")]


def test_a_place_belongs_to_the_answer_that_it_repeats() -> None:
    new, old = found((NEW, "140 euros", 0.9), (OLD, "110 euros", 0.8), (SAME, "110 euros", 0.7))
    assert not new.also
    assert [i for i, _ in old.also] == [2]


def test_a_sentence_about_something_else_is_no_further_answer() -> None:
    (only,) = found((OLD, "110 euros", 0.9), (OTHER, "25 euros", 0.89))
    assert not only.also


def test_a_further_answer_must_come_close_to_the_best() -> None:
    assert len(found((OLD, "110 euros", 0.9), (NEW, "140 euros", 0.46))) == 2
    assert len(found((OLD, "110 euros", 0.9), (NEW, "140 euros", 0.44))) == 1
    assert not found((OLD, "110 euros", 0.9), (SAME, "110 euros", 0.44))[0].also


def test_no_answer_is_more_confident_than_the_one_that_won() -> None:
    best, further = found((OLD, "110 euros", 0.7), (NEW, "140 euros", 0.9))
    assert best.confidence >= further.confidence


def test_too_little_confidence_is_no_answer_whatever_else_there_is() -> None:
    assert found((OLD, "110 euros", 0.4), (OTHER, "25 euros", 0.3)) == []
    assert found((OLD, "110 euros", 0.8), (NEW, "140 euros", 0.8), least=0.9) == []


def test_a_rival_that_is_shown_too_is_no_reason_to_doubt() -> None:
    """The calibration lowers an answer's confidence for a passage that says something else."""
    answerer = calibrated(margin=0.1, bias=-0.5, threshold=0.6)
    passages = [OLD, NEW]
    readings = [reading(OLD, "110 euros", 0.6), reading(NEW, "140 euros", 0.6)]
    verdict = answerer.judge("en", readings)
    assert verdict is not None and not verdict.answered
    both = found_answers(answerer, QUESTION, passages, verdict, readings)
    assert len(both) == 2 and both[0].confidence > 0.6


def test_further_answers_come_in_order_of_confidence_and_are_few() -> None:
    prices = [
        (f"Hotels are paid up to {n} euros per night.", f"{n} euros", c)
        for n, c in ((110, 0.7), (120, 0.6), (130, 0.9), (140, 0.8), (150, 0.65))
    ]
    assert [f.passage for f in found(*prices)] == [0, 2, 3]
    assert len(found(*prices)) == MAX_ANSWERS


def test_two_pieces_of_one_sentence_are_no_contradiction() -> None:
    longer = "Introduction. " + NEW  # passages overlap: the same sentence is read twice
    (only,) = found((NEW, "up to 140 euros", 0.9), (longer, "From July 2025", 0.8))
    assert [i for i, _ in only.also] == [1]


def test_chinese_documents_that_disagree() -> None:
    both = found(
        ("出差住宿标准为每晚不超过350元。", "350元", 0.9), ("住宿费每晚上限为500元，凭票据报销住宿费。", "500元", 0.8)
    )
    assert [f.reading.quotes[0].text for f in both] == ["350元", "500元"]
