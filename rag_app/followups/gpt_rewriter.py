"""The GPT as rewriter: it quotes from the conversation what a question leaves out; rules put the quote in its place.

A reader has to be trained for it (`model/training/follow_ups.py`), and how sure it must be has to be measured:
`python -m rag_app.followups.training_gpt` writes `follow_ups.json` beside the weights. Without that file the rules
alone are used.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model.errors import CheckpointError
from model.follow_up_prompt import FOLLOW_UP_MARK, conversation_passage
from model.language import Language
from model.reading import Quote, Reading, Readings
from rag_app.followups.conversation import Turn, language_after
from rag_app.followups.gate import is_small_talk, judge, shipped_weights
from rag_app.followups.rewriter import Rewriter, RuleRewriter, has_pronoun, put_in

FILE = "follow_ups.json"
MOST_QUOTES = 2
_REACH = 3.0            # log-odds of the gate, beyond which its verdict stands and the reader is not asked
_MOST_ODDS = 4.0        # log-odds of quoting nothing say nothing more beyond this
_ARTICLE = re.compile(r"\b(the|a|an)\s+$", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


class Reads(Protocol):
    """What is needed of `model.grounded.GroundedReader`."""

    def read(self, question: str, passages: Sequence[str], *, max_quotes: int = 3) -> Readings:
        """One reading for each passage."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a reader is trusted in one language.

    Attributes:
        for_pronouns: evidence of a quote (`Reading.evidence`: against quoting nothing) from which it takes a pronoun's
            place; None: never, the rules find it.
        for_omissions: the same, where the question has no pronoun and leaves something out.
        silence: weight of the reader's log-odds of quoting nothing, beside the gate's log-odds of dependence.
        threshold: of both together, from which a question depends on the conversation.
    """

    for_pronouns: float | None
    for_omissions: float | None
    silence: float
    threshold: float


class GPTRewriter:
    """Asks a reader what a question means; where it is not sure enough, the rules find it."""

    def __init__(self, reader: Reads, limits: Mapping[Language, Limits]) -> None:
        """Wrap a reader that was trained to complete follow-ups; `limits` as measured for it."""
        self.reader = reader
        self.limits = dict(limits)

    def depends(self, question: str, turns: Sequence[Turn]) -> bool:
        """See `Rewriter`: the gate's verdict, with the reader's where the gate is in doubt."""
        if not turns or is_small_talk(question):
            return False
        lang = language_after(question, turns)
        verdict, limits = judge(question, turns), self.limits[lang]
        if not limits.silence or not in_doubt(verdict.probability, lang):
            return verdict.dependent
        reading, _ = self.read(question, turns)
        if reading is None:
            return verdict.dependent
        return together(log_odds(verdict.probability), reading, limits.silence) > limits.threshold

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """See `Rewriter`."""
        limits = self.limits[language_after(question, turns)]
        least = limits.for_pronouns if has_pronoun(question, turns) else limits.for_omissions
        if least is None:
            return put_in(question, turns)
        reading, passage = self.read(question, turns)
        if reading is None or reading.evidence < least:
            return put_in(question, turns)
        return put_in(question, turns, meant(reading, passage, question))

    def read(self, question: str, turns: Sequence[Turn]) -> tuple[Reading | None, str]:
        """What the reader quotes, and the passage that it quotes from; None where nothing was said."""
        passage = conversation_passage([m for t in turns for m in (t.question, t.answer)])
        if not passage:
            return None, passage
        return self.reader.read(FOLLOW_UP_MARK + question, [passage], max_quotes=MOST_QUOTES).readings[0], passage


class _LoadedLater:
    """A reader that is loaded at the first question that it is asked."""

    def __init__(self, load: Callable[[], Reads]) -> None:
        self._load = load

    def read(self, question: str, passages: Sequence[str], *, max_quotes: int = 3) -> Readings:
        return self._load().read(question, passages, max_quotes=max_quotes)


def rewriter_of(folder: Path, load: Callable[[], Reads]) -> Rewriter:
    """The reader of a folder as rewriter where it was measured for that, else the rules.

    Args:
        folder: of the reader.
        load: gives the reader; called at the first question that it is asked.

    Raises:
        CheckpointError: the folder's `follow_ups.json` is damaged.
    """
    limits = measured_limits(folder)
    return RuleRewriter() if limits is None else GPTRewriter(_LoadedLater(load), limits)


def meant(reading: Reading, passage: str, question: str) -> list[str]:
    """The quotes with their articles, without those whose words the question has."""
    own = set(_WORD.findall(question.lower()))
    return [_phrase(q, passage) for q in reading.quotes if not set(_WORD.findall(q.text.lower())) <= own]


def _phrase(quote: Quote, passage: str) -> str:
    text = " ".join(quote.text.split())
    definite = _ARTICLE.search(passage, max(0, quote.start - 5), quote.start) and not text[:1].isupper()
    return f"the {text}" if definite else text


def log_odds(probability: float) -> float:
    """Logarithm of p / (1 - p), finite."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def in_doubt(probability: float, lang: Language) -> bool:
    """Whether a probability of the gate is so near its threshold that the reader is asked."""
    return abs(log_odds(probability) - log_odds(shipped_weights()[lang].threshold)) <= _REACH


def together(gate: float, reading: Reading, silence: float) -> float:
    """Log-odds of dependence by the gate, less the weighted log-odds that the reader quotes nothing."""
    return gate - silence * min(max(log_odds(math.exp(reading.no_answer)), -_MOST_ODDS), _MOST_ODDS)


def measured_limits(folder: Path) -> dict[Language, Limits] | None:
    """How far the reader of a folder is trusted; None: it was not trained and measured for follow-ups.

    Raises:
        CheckpointError: its file cannot be used.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["limits"]
        languages: tuple[Language, Language] = ("en", "zh")
        return {lang: _limits(stored[lang]) for lang in languages}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); delete it to complete follow-ups by rule") from error


def _limits(stored: Mapping[str, float | None]) -> Limits:
    pronouns, omissions = stored["for_pronouns"], stored["for_omissions"]
    silence, threshold = stored["silence"], stored["threshold"]
    if silence is None or threshold is None:
        raise ValueError("silence and threshold are numbers")
    return Limits(
        None if pronouns is None else float(pronouns), None if omissions is None else float(omissions),
        float(silence), float(threshold),
    )
