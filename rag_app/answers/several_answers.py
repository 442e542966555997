"""One answer or several: which passages say something else about the same fact, and which say the same once more.

A reader's second-best quotes are mostly wrong, so a further answer must pass two tests: its passage, judged as if it
were the only one, comes close to the best one; and its sentence speaks of the same thing. That is the case of an old
and a new handbook that disagree: both are shown, and the person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from ingest.keywords.stop_words import STOP_WORDS
from ingest.keywords.terms import index_text
from model.reader.agreement import same_answer
from model.reader.answering import Answerer, Verdict
from model.reader.reading import Reading
from model.text.language import language_of
from rag_app.answers.sentence_window import sentence_around

MAX_ANSWERS = 3
MAX_PLACES = 4  # of one answer: its own and those that say the same
# Chosen on questions with one answer and on pairs of documents that disagree; see model/LOG.md for the numbers.
_CLOSE = 0.5  # a further answer is at least this share of the best one as confident
_SAME_SUBJECT = 0.3  # cosine of the words of two sentences
_SAME_SUBJECT_WHOLE = 0.45  # of two sentences that are answers as they stand
_STEM = 5  # letters of a Latin word that are compared


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """An answer and where it was found.

    Attributes:
        passage: index of the passage it is quoted from.
        reading: its quotes.
        confidence: calibrated probability of being right, 0..1; of a further answer, as if its passage were the only
            one, but no higher than that of the best, which won against it.
        also: (index, reading) of the passages that say the same, most confident first.
    """

    passage: int
    reading: Reading
    confidence: float
    also: tuple[tuple[int, Reading], ...] = ()


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one passage says."""

    passage: int
    reading: Reading
    confidence: float  # of the passage judged as if it were the only one
    answer: str
    sentence: str


def found_answers(
    answerer: Answerer,
    question: str,
    passages: Sequence[str],
    verdict: Verdict,
    readings: Sequence[Reading | None],
    *,
    priors: Sequence[float] | None = None,
    min_confidence: float | None = None,
    documents: Sequence[str] | None = None,
) -> list[FoundAnswer]:
    """The best answer, then those that differ from it, most confident first; at most `MAX_ANSWERS`.

    Args:
        answerer: judges again, passages alone and the best one without those that contradict it.
        question: as the reader got it.
        passages: as the reader got them.
        verdict: on all passages together.
        readings: one for each passage.
        priors: each passage's retrieval score, as the verdict took it into account.
        min_confidence: the verdict's operating point. It holds for the best answer; a further one says that the
            documents disagree, which a person must know even if it is the less likely one.
        documents: which document each passage is from, "" where that is unknown. A document that says two things about
            one matter mostly means two cases, so a different answer is taken from another document only.

    Returns:
        Nothing when the confidence does not suffice.
    """
    statements = [_statement(answerer, question, i, passages[i], r) for i, r in enumerate(readings) if r is not None]
    best = next(s for s in statements if s.passage == verdict.passage)
    others = sorted((s for s in statements if s is not best), key=lambda s: -s.confidence)
    others = [s for s in others if s.confidence >= _CLOSE * best.confidence and _same_subject(best, s)]
    groups = [[best]]
    for other in others:
        agreeing = next((g for g in groups if _agree(g[0], other)), None)
        if agreeing is not None:
            agreeing.append(other)
        elif len(groups) < MAX_ANSWERS and not any(_same_document(documents, g[0], other) for g in groups):
            groups.append([other])
    if len(groups) > 1:
        # A rival that is shown beside the best answer is no reason to doubt that one of them is right.
        shown = {s.passage for group in groups[1:] for s in group}
        rest = [None if i in shown else r for i, r in enumerate(readings)]
        again = answerer.judge(language_of(question), rest, priors=priors, min_confidence=min_confidence)
        if again is not None and again.passage == best.passage and again.confidence > verdict.confidence:
            verdict = again
    if not verdict.answered:
        return []
    return [
        FoundAnswer(
            first.passage,
            first.reading,
            verdict.confidence if first is best else min(first.confidence, verdict.confidence),
            tuple((s.passage, s.reading) for s in rest[: MAX_PLACES - 1]),
        )
        for first, *rest in groups
    ]


def _statement(answerer: Answerer, question: str, index: int, passage: str, reading: Reading) -> _Statement:
    alone = answerer.judge(language_of(question), [reading])
    first, last = min(q.start for q in reading.quotes), max(q.end for q in reading.quotes)
    start, end = sentence_around(passage, first, last)
    answer = "\n".join(q.text for q in reading.quotes)
    return _Statement(index, reading, alone.confidence if alone else 0.0, answer, passage[start:end])


def _agree(one: _Statement, other: _Statement) -> bool:
    """Whether they say the same; also when two quotes are different pieces of one sentence, met in two passages."""
    return same_answer(one.answer, other.answer) or same_answer(one.sentence, other.sentence)


def _same_document(documents: Sequence[str] | None, one: _Statement, other: _Statement) -> bool:
    return (
        documents is not None and bool(documents[one.passage]) and (documents[one.passage] == documents[other.passage])
    )


def _same_subject(one: _Statement, other: _Statement) -> bool:
    """Whether two sentences share enough words; short answers aside, which are what they may differ in."""
    a, b = _terms(one.sentence), _terms(other.sentence)
    answers = _terms(one.answer) | _terms(other.answer)
    x, y = a - answers, b - answers
    if min(len(x), len(y)) < 2:  # the answer is the sentence
        return _cosine(a, b) >= _SAME_SUBJECT_WHOLE
    return max(_cosine(a, b), _cosine(x, y)) >= _SAME_SUBJECT


def _terms(text: str) -> frozenset[str]:
    words = (w for w in index_text(text).split() if w not in STOP_WORDS)
    return frozenset(w[:_STEM] if w.isascii() else w for w in words)


def _cosine(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / sqrt(len(a) * len(b)) if a and b else 0.0
