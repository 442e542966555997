"""Where an answer stands: each quote inside its sentence and its surroundings, taken from the stored text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ingest.errors import DocumentNotFound
from ingest.library import Library
from rag_app.answer import Answer, Citation

_AROUND = 600   # characters shown on either side by "show in document"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the stored text that is quoted, or is not."""

    text: str
    is_quote: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One card: the quotes of one passage.

    Attributes:
        sentence: the sentences that the quotes stand in; without a gap.
        around: the same with up to 600 characters on either side; empty when the document is gone.
        number: as the reply counts its citations, from 1.
    """

    number: int
    source_name: str
    page: int | None
    heading_path: tuple[str, ...]
    sentence: tuple[Piece, ...]
    around: tuple[Piece, ...]


def evidence_of(answer: Answer, library: Library, *, numbered_by_passage: bool = False) -> tuple[Evidence, ...]:
    """The cards of an answer, in its order.

    Args:
        answer: its citations.
        library: where the documents are stored.
        numbered_by_passage: the reply's text says `[n]` for the n-th passage (chat models that read a text prompt).
    """
    ranks = {p.chunk_id: i for i, p in enumerate(answer.passages, 1)}
    headings = {p.chunk_id: p.heading_path for p in answer.passages}
    cards: list[Evidence] = []
    for chunk_id, group in groupby(answer.citations, key=lambda c: c.chunk_id):
        citations = sorted(group, key=lambda c: c.start)
        sentence, around = _surroundings(citations, library)
        first = citations[0]
        cards.append(
            Evidence(
                number=ranks.get(chunk_id, 0) if numbered_by_passage else len(cards) + 1,
                source_name=Path(first.source).name,
                page=first.page,
                heading_path=headings.get(chunk_id, ()),
                sentence=sentence,
                around=around,
            )
        )
    return tuple(cards)


def _surroundings(citations: Sequence[Citation], library: Library) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    from rag_app.citations import sentence_around

    try:
        text = library.text(citations[0].document_id)
    except DocumentNotFound:
        return tuple(Piece(c.quote, is_quote=True) for c in citations), ()
    windows = [sentence_around(text, c.start, c.end) for c in citations]
    first, last = min(w[0] for w in windows), max(w[1] for w in windows)
    spans = [(c.start, c.end) for c in citations]
    low, high = max(0, first - _AROUND), min(len(text), last + _AROUND)
    around = [*pieces(text, low, high, spans)]
    if low > 0:
        around.insert(0, Piece("…", is_quote=False))
    if high < len(text):
        around.append(Piece("…", is_quote=False))
    return pieces(text, first, last, spans), tuple(around)


def pieces(text: str, first: int, last: int, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Cut `text[first:last]` at the borders of the quoted spans (sorted by start; they may overlap)."""
    cut: list[Piece] = []
    at = first
    for start, end in spans:
        if start > at:
            cut.append(Piece(text[at:start], is_quote=False))
        if end > at:
            cut.append(Piece(text[max(at, start):end], is_quote=True))
            at = end
    if last > at:
        cut.append(Piece(text[at:last], is_quote=False))
    return tuple(cut)
