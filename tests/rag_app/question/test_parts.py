"""Messages that ask two things, and those that only look like it."""

from __future__ import annotations

import pytest

from rag_app.question.parts import parts_of


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (
            "When does the lease end and how much is the deposit?",
            ["When does the lease end?", "how much is the deposit?"],
        ),
        (
            "How long is the warranty? And who pays for shipping?",
            ["How long is the warranty?", "who pays for shipping?"],
        ),
        ("租约什么时候到期，押金是多少？", ["租约什么时候到期？", "押金是多少？"]),
        ("年假有几天？病假要谁批准？", ["年假有几天？", "病假要谁批准？"]),
    ],
)
def test_two_questions_are_told_apart(message: str, parts: list[str]) -> None:
    assert parts_of(message) == parts


@pytest.mark.parametrize(
    "message",
    [
        "Who chairs the meeting and takes the minutes?",
        "What is the difference between the old and the new plan?",
        "Where and when is the meeting?",
        "How do I reset it?",
        "我上周摔伤了，现在还能请病假吗？",
        "a? b? c? d? what is this and how is that and why is it so and when was it made and who did it?",
    ],
)
def test_one_question_stays_one(message: str) -> None:
    assert parts_of(message) == [message]
