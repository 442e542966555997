"""A conversation as turns: what was asked and what was answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from model.language import Language, language_of

MOST_TURNS = 6              # a question leans on what was said lately; also bounds the work
LONGEST_REPLY = 24          # characters of a message that may answer what was asked back
_BARE_NAME = 40
_LOWER_WORD = re.compile(r"(?<![\w.-])[a-z]{2,}(?![\w-])")
_LONGEST_MESSAGE = 1500     # characters of a message that are looked at


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the answer to it, "" where there was none."""

    question: str
    answer: str = ""

    @property
    def asks_back(self) -> bool:
        """Whether the answer ends in a question: "Which city?"."""
        return self.answer.rstrip().endswith(("?", "？"))


def language_after(question: str, turns: Sequence[Turn]) -> Language:
    """The language of a question; that of a bare name ("Windows Server 2019") is the conversation's."""
    found = language_of(question)
    if found == "en" and turns and len(question) <= _BARE_NAME and not _LOWER_WORD.search(question):
        return language_of(turns[-1].question)
    return found


def turns_of(history: Sequence[BaseMessage]) -> list[Turn]:
    """The last turns of a LangChain chat history, oldest first. Messages of other kinds are passed over."""
    turns: list[Turn] = []
    for message in history:
        text = message.text.strip()[:_LONGEST_MESSAGE]
        if isinstance(message, HumanMessage) and text:
            turns.append(Turn(text))
        elif isinstance(message, AIMessage) and turns:
            turns[-1] = Turn(turns[-1].question, (turns[-1].answer + "\n" + text).strip())
    return turns[-MOST_TURNS:]
