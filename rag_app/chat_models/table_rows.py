"""The row of a table that a question names, without the other rows.

The reader is unsure among rows that look alike, and sometimes quotes the neighbour of the right one. Where the words of
a question single out rows by what stands in their cells ("CP-210", "the Netherlands", "on Saturday"), it is given the
passage without the others. Only rows written as records, `name: value; name: value`, are left out: they can be read
alone (`ingest/loaders/tables.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.keywords.stop_words import ASKING_WORDS
from ingest.keywords.terms import index_text
from model.reader.grounded import GroundedReader
from model.reader.prompt import Turn
from model.reader.reading import Quote, Reading, Readings
from rag_app.answers.sentence_window import Span

_RECORD = re.compile(r"(?m)^[ \t]*[^:：;\n]{1,80}: [^;\n]+; [^:：;\n]{1,80}: .*$\n?")
_TELLS = re.compile(r"[^\W\d_]{2}|[^\W\da-z_]")  # two letters, or a character of another script
_NAMED = 0.5  # share of a cell's words, figures and units aside, that a question must say to name its row
_STEM = 5  # letters of a Latin word that are compared, as in several_answers.py


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage with gaps.

    Attributes:
        text: the kept spans, one after the other.
        kept: their places in the passage, in order.
    """

    text: str
    kept: tuple[Span, ...]

    def place(self, start: int, end: int) -> Span | None:
        """Where a span of the text is in the passage; None if a gap lies in it."""
        before = 0
        for first, last in self.kept:
            if start < before + last - first:
                found = start - before + first, end - before + first
                return found if found[1] <= last else None
            before += last - first
        return None


@dataclass(frozen=True, slots=True)
class _Row:
    span: Span
    words: frozenset[str]  # of its cells, names of columns included
    named: frozenset[str]  # words of the question in its cells, names of columns excluded
    is_named: bool


def without_other_rows(question: str, passage: str) -> Excerpt | None:
    """Leave out the rows that a question does not mean.

    Returns:
        None where the question names no row, or all of them alike, or says more words of what stands around the table.
    """
    matches = list(_RECORD.finditer(passage))
    if len(matches) < 2:
        return None
    asked = _words(question)
    rows = [_row(m, asked) for m in matches]
    counts = Counter(w for row in rows for w in row.named)
    worth = [sum(1 / counts[w] for w in row.named if counts[w] < len(rows)) if row.is_named else 0.0 for row in rows]
    most = max(worth)
    chosen = [row for row, value in zip(rows, worth, strict=True) if value == most]
    if most == 0 or len(chosen) == len(rows):
        return None
    kept = _around(passage, [row.span for row in rows], {row.span for row in chosen})
    return Excerpt("".join(passage[a:b] for a, b in kept), kept)


def read_rows(
    reader: GroundedReader,
    question: str,
    passages: Sequence[str],
    *,
    headings: Sequence[str] | None = None,
    history: Sequence[Turn] = (),
) -> Readings:
    """As `reader.read`, each passage without the rows that the question does not mean; quotes are of the passages."""
    excerpts = [without_other_rows(question, passage) for passage in passages]
    texts = [e.text if e is not None else p for e, p in zip(excerpts, passages, strict=True)]
    found = reader.read(question, texts, headings=headings, history=history)
    return replace(
        found,
        readings=[
            reading if reading is None or excerpt is None else _of_passage(reading, excerpt, passage)
            for reading, excerpt, passage in zip(found.readings, excerpts, passages, strict=True)
        ],
    )


def _of_passage(reading: Reading, excerpt: Excerpt, passage: str) -> Reading | None:
    """A reading of the excerpt as one of the passage; None if nothing of it is left without a gap."""
    places = [excerpt.place(q.start, q.end) for q in reading.quotes]
    quotes = tuple(Quote(a, b, passage[a:b]) for a, b in (p for p in places if p is not None))
    return replace(reading, quotes=quotes) if quotes else None


def _row(match: re.Match[str], asked: frozenset[str]) -> _Row:
    words: set[str] = set()
    named: set[str] = set()
    is_named = False
    for position, pair in enumerate(match[0].strip().split("; ")):
        name, _, value = pair.partition(": ")
        cell = _words(value or name)
        words |= cell | _words(name)
        said = cell & asked
        named |= said
        # A figure alone names a row only where rows are named by figures: "6" may be people, days or a version.
        telling = frozenset(w for w in cell if _TELLS.search(w)) or (cell if position == 0 else frozenset())
        if telling and len(telling & asked) >= _NAMED * len(telling):
            is_named = True
    return _Row(match.span(), frozenset(words), frozenset(named), is_named)


def _around(passage: str, rows: Sequence[Span], chosen: set[Span]) -> tuple[Span, ...]:
    """The passage but for the rows that are not chosen."""
    kept: list[Span] = []
    at = 0
    for row in rows:
        if row in chosen:
            continue
        if row[0] > at:
            kept.append((at, row[0]))
        at = row[1]
    if at < len(passage):
        kept.append((at, len(passage)))
    return tuple(kept)


def _words(text: str) -> frozenset[str]:
    words = (w for w in index_text(text).split() if w not in ASKING_WORDS)
    return frozenset(w[:_STEM] if w.isascii() else w for w in words)
