"""What was asked and answered in one browser tab, collection by collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag_app.answers.answer import Answer
from rag_app.answers.evidence import AnswerEvidence

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rag_app.ui.pending import PendingAnswer


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer with its evidence, or an error.

    `searched_in` says in words which documents were searched; "" for all.
    """

    question: str
    answer: Answer | None = None
    evidence: tuple[AnswerEvidence, ...] = ()
    error: Exception | None = None
    searched_in: str = ""


@dataclass(slots=True)
class Conversation:
    """The turns so far, and the question that is being answered, if any.

    `is_fresh`: the last answer has come and is not drawn yet.
    """

    turns: list[Turn] = field(default_factory=list)
    pending: PendingAnswer | None = None
    is_fresh: bool = False

    def clear(self) -> None:
        """Begin anew; an answer in the making is dropped."""
        self.turns.clear()
        self.pending = None


def chat_history(turns: Sequence[Turn]) -> list[BaseMessage]:
    """The turns as LangChain messages, oldest first."""
    from langchain_core.messages import AIMessage, HumanMessage

    history: list[BaseMessage] = []
    for turn in turns:
        if turn.answer is not None:
            history += [HumanMessage(turn.question), AIMessage(turn.answer.answer)]
    return history
