"""Of a message that is too long for the reader, the sentence that asks is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ingest.resources import shipped
from model.tokenizer import TextTokenizer
from rag_app.asking_part import part_read

STORY = "I have been working in the Hamburg office for some years and I am planning the summer with my family. " * 6
LONG = "上个星期我按照朋友的建议清洗了一次咖啡机，但是好像没有什么用，味道也不太对。" * 4


@pytest.fixture(scope="module")
def reader() -> Any:
    return SimpleNamespace(tokenizer=TextTokenizer.load(shipped("models/reader")))


@pytest.mark.parametrize(("message", "asked"), [
    (STORY + "How many days of annual leave does a full-time employee get? Thank you.",
     "How many days of annual leave does a full-time employee get?"),
    ("How many days of annual leave does a full-time employee get? " + STORY,
     "How many days of annual leave does a full-time employee get?"),
    ("Is that so? " + STORY + "How many days of annual leave does a full-time employee get?",
     "How many days of annual leave does a full-time employee get?"),
    (LONG + "请问除垢程序要运行多长时间？谢谢。", "请问除垢程序要运行多长时间？"),
])
def test_a_question_that_can_stand_alone_is_read_alone(reader: Any, message: str, asked: str) -> None:
    assert part_read(reader, message) == asked


def test_a_question_that_leans_on_the_story_is_read_with_its_end(reader: Any) -> None:
    part = part_read(reader, STORY + "The landlord wants to sell the flat. Can he do that?")
    assert part.endswith("The landlord wants to sell the flat. Can he do that?")
    assert len(reader.tokenizer.encode(part)) <= 64


def test_a_question_that_fits_is_read_whole(reader: Any) -> None:
    message = "I live in Hamburg. How long is the lease? Thanks."
    assert part_read(reader, message) == message


def test_without_a_question_mark_the_beginning_is_read(reader: Any) -> None:
    part = part_read(reader, STORY)
    assert STORY.startswith(part) and 50 < len(reader.tokenizer.encode(part)) <= 64


def test_a_sentence_without_end_is_cut(reader: Any) -> None:
    part = part_read(reader, "how " * 300 + "long?")
    assert len(reader.tokenizer.encode(part)) == 64
