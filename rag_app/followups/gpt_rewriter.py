"""The GPT as rewriter: it quotes from the conversation what a question leaves out; rules put the quote in its place.

A reader has to be trained for it (`model/training/follow_ups.py`), and how sure it must be has to be measured:
`python -m rag_app.followups.training_gpt` writes `follow_ups.json` beside the weights. Without that file the rules
alone are used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from model.errors import CheckpointError
from model.follow_up_prompt import FOLLOW_UP_MARK, conversation_passage
from model.grounded import Quote, Reading, Readings
from model.language import Language
from rag_app.followups.conversation import Turn, language_after
from rag_app.followups.rewriter import put_in

FILE = "follow_ups.json"
MOST_QUOTES = 2
_ARTICLE = re.compile(r"\b(the|a|an)\s+$", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


class Reads(Protocol):
    """What is needed of `model.grounded.GroundedReader`."""

    def read(self, question: str, passages: Sequence[str], *, max_quotes: int = 3) -> Readings:
        """One reading for each passage."""


class GPTRewriter:
    """Asks a reader what a question means; where it is not sure enough, the rules find it."""

    def __init__(self, reader: Reads, least_evidence: Mapping[Language, float | None]) -> None:
        """Wrap a reader that was trained to complete follow-ups.

        Args:
            reader: a grounded reader.
            least_evidence: by language, the evidence of a quote (`Reading.evidence`: against quoting nothing) from
                which it is used; None: never in this language.
        """
        self.reader = reader
        self.least_evidence = dict(least_evidence)

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """See `Rewriter`."""
        least = self.least_evidence.get(language_after(question, turns))
        reading, passage = self.read(question, turns) if least is not None else (None, "")
        if reading is None or least is None or reading.evidence < least:
            return put_in(question, turns)
        return put_in(question, turns, meant(reading, passage, question))

    def read(self, question: str, turns: Sequence[Turn]) -> tuple[Reading | None, str]:
        """What the reader quotes, and the passage that it quotes from; None where nothing was said."""
        passage = conversation_passage([m for t in turns for m in (t.question, t.answer)])
        if not passage:
            return None, passage
        return self.reader.read(FOLLOW_UP_MARK + question, [passage], max_quotes=MOST_QUOTES).readings[0], passage


def meant(reading: Reading, passage: str, question: str) -> list[str]:
    """The quotes with their articles, without those whose words the question has."""
    own = set(_WORD.findall(question.lower()))
    return [_phrase(q, passage) for q in reading.quotes if not set(_WORD.findall(q.text.lower())) <= own]


def _phrase(quote: Quote, passage: str) -> str:
    text = " ".join(quote.text.split())
    definite = _ARTICLE.search(passage, max(0, quote.start - 5), quote.start) and not text[:1].isupper()
    return f"the {text}" if definite else text


def measured_least_evidence(folder: Path) -> dict[Language, float | None] | None:
    """How sure the reader of a folder has to be, by language; None: it was not trained and measured for follow-ups.

    Raises:
        CheckpointError: its file cannot be used.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["least_evidence"]
        languages: tuple[Language, Language] = ("en", "zh")
        return {lang: None if stored[lang] is None else float(stored[lang]) for lang in languages}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); delete it to complete follow-ups by rule") from error
