"""Of a message that is too long for the reader, the sentence that asks is read; the rest counts as said before it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ingest.resources import shipped
from model.reader.prompt import MAX_EARLIER_QUESTION, MAX_QUESTION
from model.tokenizer import TextTokenizer
from rag_app.question.asking_part import part_read

STORY = "I have been working in the Hamburg office for some years and I am planning the summer with my family. " * 6
LONG = "上个星期我按照朋友的建议清洗了一次咖啡机，但是好像没有什么用，味道也不太对。" * 4
ASKED = "How many days of annual leave does a full-time employee get?"


@pytest.fixture(scope="module")
def reader() -> Any:
    return SimpleNamespace(tokenizer=TextTokenizer.load(shipped("models/reader")))


@pytest.mark.parametrize(
    ("message", "asked", "before"),
    [
        (f"{STORY}{ASKED} Thank you.", ASKED, STORY.strip()),
        (f"{ASKED} {STORY}", ASKED, ""),
        (f"Is that so? {STORY}{ASKED}", ASKED, f"Is that so? {STORY}".strip()),
        (f"{LONG}请问除垢程序要运行多长时间？谢谢。", "请问除垢程序要运行多长时间？", LONG),
        (f'{STORY}He asked: "{ASKED}" {STORY}', f'He asked: "{ASKED}"', STORY.strip()),
    ],
)
def test_the_last_sentence_with_a_question_mark_is_read(reader: Any, message: str, asked: str, before: str) -> None:
    part, said_before = part_read(reader, message)
    assert part == asked
    assert before.endswith(said_before) and bool(said_before) == bool(before)
    assert len(reader.tokenizer.encode(said_before)) <= MAX_EARLIER_QUESTION


def test_what_a_question_leans_on_was_said_before_it(reader: Any) -> None:
    story = f"{STORY}The landlord wants to sell the flat."
    part, before = part_read(reader, f"{story} Can he do that?")
    assert part == "Can he do that?"
    assert before.endswith("The landlord wants to sell the flat.") and story.endswith(before)


@pytest.mark.parametrize(
    "message", ["I live in Hamburg. How long is the lease? Thanks.", "Why? Who? When?", "", "那呢？"]
)
def test_a_question_that_fits_is_read_whole(reader: Any, message: str) -> None:
    assert part_read(reader, message) == (message, "")


def test_without_a_question_mark_the_beginning_is_read(reader: Any) -> None:
    part, before = part_read(reader, STORY)
    assert STORY.startswith(part) and before == ""
    assert MAX_QUESTION - 30 < len(reader.tokenizer.encode(part)) <= MAX_QUESTION


def test_a_sentence_without_end_is_cut(reader: Any) -> None:
    part, before = part_read(reader, "how " * 300 + "long?")
    assert len(reader.tokenizer.encode(part)) == MAX_QUESTION and before == ""
    assert part_read(reader, f"Now. How {'how ' * 300}long?")[1] == "Now."


def test_a_message_exactly_as_long_as_what_is_read_is_not_cut(reader: Any) -> None:
    message = "how " * (MAX_QUESTION - 1) + "long"
    assert len(reader.tokenizer.encode(message)) == MAX_QUESTION
    assert part_read(reader, message) == (message, "")
