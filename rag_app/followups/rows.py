"""Files of conversations: history, message, and what a person would have asked instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.json_lines import DataError, read_lines
from model.language import Language, language_of
from rag_app.followups.conversation import MOST_TURNS, Turn

FIRST = 0.8     # of CANARD's conversations train the weights
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Row:
    """A message after some turns; `standalone` is a person's rewriting, the message itself where it needs none."""

    id: str
    turns: tuple[Turn, ...]
    question: str
    standalone: str
    dependent: bool

    @property
    def lang(self) -> Language:
        """The message's language."""
        return language_of(self.question)


def read_rows(path: Path, *, only_questions: bool = False) -> Iterator[Row]:
    """Read rows that have a history.

    Each line holds `question`, `history` and `standalone` or `rewrite`; `dependent` where it is known, else a
    question counts as dependent that the rewriting changes in more than marks and capitals. `history` is a list of
    messages (`role`, `content`) or of strings, questions and answers in turn.

    Args:
        path: JSON lines, plain or xz.
        only_questions: a history of strings holds questions without their answers.

    Raises:
        DataError: the file or a line cannot be used.
    """
    for number, line in enumerate(read_lines(path), 1):
        row = row_of(line, number, path, only_questions=only_questions)
        if row is not None:
            yield row


def row_of(line: dict[str, Any], number: int, path: Path, *, only_questions: bool = False) -> Row | None:
    """One line as `read_rows` reads it; None: it has no history.

    Raises:
        DataError: it lacks a field.
    """
    question, standalone = line.get("question"), line.get("standalone", line.get("rewrite"))
    if not isinstance(question, str) or not isinstance(standalone, str) or not question.strip():
        raise DataError(f'{path}, line {number}: "question" and "standalone" (or "rewrite") are needed')
    turns = _turns(line.get("history") or [], only_questions)
    if not turns:
        return None
    dependent = bool(line.get("dependent", _bare(question) != _bare(standalone)))
    return Row(str(line.get("id", number)), turns, question.strip(), standalone.strip(), dependent)


def part_of(rows: list[Row], part: str) -> list[Row]:
    """The rows of all conversations, of the first 80 % of them, or of the last: `all`, `first`, `last`.

    CANARD's rows of one conversation have the same id but for its end, "_q" and a number.
    """
    conversations = list(dict.fromkeys(conversation_of(r.id) for r in rows))
    cut = round(len(conversations) * FIRST)
    chosen = set({"all": conversations, "first": conversations[:cut], "last": conversations[cut:]}[part])
    return [r for r in rows if conversation_of(r.id) in chosen]


def conversation_of(row_id: str) -> str:
    """The conversation that a row of CANARD belongs to."""
    return row_id.rsplit("_q", 1)[0]


def _turns(history: list[Any], only_questions: bool) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for i, said in enumerate(history):
        if isinstance(said, dict):
            text, asked = str(said.get("content", said.get("text", ""))), said.get("role") == "user"
        else:
            text, asked = str(said), only_questions or i % 2 == 0
        if asked:
            turns.append(Turn(text))
        elif turns:
            turns[-1] = Turn(turns[-1].question, text)
    return tuple(turns[-MOST_TURNS:])


def _bare(text: str) -> str:
    return _MARKS.sub(" ", text.lower()).strip()
