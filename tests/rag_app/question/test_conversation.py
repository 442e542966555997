"""A LangChain history as turns, and what a follow-up question is searched with."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from model.reader.prompt import MAX_TURNS
from rag_app.chat_models.passage_blocks import passage_block
from rag_app.question.conversation import MAX_MESSAGE, MAX_SEARCHED, searched_with, turns_of


def said(*messages: str) -> list[BaseMessage]:
    """Questions and answers in turn."""
    return [AIMessage(m) if i % 2 else HumanMessage(m) for i, m in enumerate(messages)]


def test_questions_and_answers_are_paired_oldest_first() -> None:
    assert turns_of(said("How long is the lease?", "two years", "Who signed it?", "Ann Carter")) == [
        ("How long is the lease?", "two years"),
        ("Who signed it?", "Ann Carter"),
    ]
    assert turns_of([]) == []


def test_only_the_last_turns_count() -> None:
    history = said(*(text for i in range(20) for text in (f"q{i}", f"a{i}")))
    assert turns_of(history) == [(f"q{i}", f"a{i}") for i in range(20 - MAX_TURNS, 20)]


def test_a_question_without_an_answer_is_a_turn() -> None:
    assert turns_of(said("How long is the lease?")) == [("How long is the lease?", "")]
    assert turns_of([HumanMessage("one?"), HumanMessage("two?"), AIMessage("2")]) == [("one?", ""), ("two?", "2")]


def test_several_answers_to_one_question_are_one() -> None:
    assert turns_of([HumanMessage("How long?"), AIMessage("10 days"), AIMessage("14 days")]) == [
        ("How long?", "10 days 14 days")
    ]


def test_other_messages_and_answers_to_nothing_are_passed_over() -> None:
    history = [
        SystemMessage("Be short."),
        AIMessage("Hello!"),
        HumanMessage("How long?"),
        ToolMessage("x", tool_call_id="1"),
        AIMessage("10 days"),
        HumanMessage("  \n"),
    ]
    assert turns_of(history) == [("How long?", "10 days")]


def test_messages_are_one_line_of_limited_length() -> None:
    ((question, answer),) = turns_of(said("How\n\n long  is\tit?", "word " * 1000))
    assert question == "How long is it?"
    assert answer == ("word " * 1000)[:MAX_MESSAGE].strip()


def test_passages_in_a_message_are_not_what_was_said() -> None:
    asked = HumanMessage([passage_block("The door is green."), {"type": "text", "text": "What color is the door?"}])
    assert turns_of([asked, AIMessage("green")]) == [("What color is the door?", "green")]


def test_a_follow_up_is_searched_with_questions_and_answers() -> None:
    turns = [("How long is the lease?", "two years"), ("Who signed it?", "Ann Carter")]
    assert searched_with(turns, ()) == "How long is the lease? two years Who signed it? Ann Carter"
    assert searched_with([], ()) == ""
    assert searched_with([("How long is the lease?", "")], ()) == "How long is the lease?"


@pytest.mark.parametrize("told", ["Not in your documents.", "您的文档中没有提到。"])
def test_what_says_that_nothing_was_found_is_not_searched_for(told: str) -> None:
    turns = [("How long is the lease?", told), ("Who signed it?", "Ann Carter")]
    assert searched_with(turns, [told]) == "How long is the lease? Who signed it? Ann Carter"


def test_a_long_answer_is_searched_with_its_beginning() -> None:
    assert searched_with([("Why?", "b" * 500)], ()) == "Why? " + "b" * MAX_SEARCHED
