"""A conversation as turns, as the reader and the search take it: what was asked and what was answered."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from model.reader.prompt import MAX_TURNS, Turn

MAX_MESSAGE = 600  # characters of an earlier message that count
MAX_SEARCHED = 240  # characters of an earlier answer that are searched with


def turns_of(history: Sequence[BaseMessage]) -> list[Turn]:
    """The last turns of a LangChain chat history, oldest first.

    Several answers to one question are joined; messages of other kinds are passed over.
    """
    turns: list[Turn] = []
    for message in history:
        text = " ".join(message.text.split())[:MAX_MESSAGE]
        if isinstance(message, HumanMessage) and text:
            turns.append((text, ""))
        elif isinstance(message, AIMessage) and turns:
            question, answer = turns[-1]
            turns[-1] = question, f"{answer} {text}".strip()
    return turns[-MAX_TURNS:]


def searched_with(turns: Sequence[Turn], unanswered: Sequence[str]) -> str:
    """What a follow-up question is searched with: the earlier questions and what was quoted for them.

    Args:
        turns: oldest first.
        unanswered: sentences that say that nothing was found, which would be searched for otherwise.
    """
    parts: list[str] = []
    for question, answer in turns:
        parts.append(question)
        if answer not in unanswered:
            parts.append(answer[:MAX_SEARCHED])
    return " ".join(p for p in parts if p)
