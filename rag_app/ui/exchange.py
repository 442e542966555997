"""A question on the page and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag_app.answers.answer import Answer
from rag_app.answers.evidence import AnswerEvidence

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it: an answer with its evidence, or an error.

    `searched_in` says in words which documents were searched; "" for all.
    """

    question: str
    answer: Answer | None = None
    evidence: tuple[AnswerEvidence, ...] = ()
    error: Exception | None = None
    searched_in: str = ""


def chat_history(exchanges: Sequence[Exchange]) -> list[BaseMessage]:
    """Return the exchanges as LangChain messages, oldest first."""
    from langchain_core.messages import AIMessage, HumanMessage

    history: list[BaseMessage] = []
    for one in exchanges:
        if one.answer is not None:
            history += [HumanMessage(one.question), AIMessage(one.answer.answer)]
    return history
