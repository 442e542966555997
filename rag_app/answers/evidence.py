"""Where answers stand, ready to be shown: each quote inside its sentence and its surroundings, from the stored text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby

from ingest.errors import DocumentNotFound
from ingest.library import Library
from ingest.sources.display_name import source_names
from rag_app.answers.answer import Answer, Citation
from rag_app.answers.sentence_window import is_list

_AROUND = 400  # characters shown on either side by "show in document": few enough that the quote is in view
_MAX_RUN = 160  # characters shown before, between and after the quotes of a sentence
_WORD = 20  # characters within which a space is looked for before a word is cut
_ELLIPSIS = "…"
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the stored text that is quoted, or is not."""

    text: str
    is_quote: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place: the quotes of one passage.

    Attributes:
        number: as the reply counts its citations, from 1.
        sentence: what the quotes stand in, the quotes marked; long runs between them shortened with an ellipsis.
        around: the same with up to 400 characters on either side; empty when the document is gone.
    """

    number: int
    source_name: str
    page: int | None
    heading_path: tuple[str, ...]
    table_header: str | None
    date: str | None
    sentence: tuple[Piece, ...]
    around: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """Where one answer stands, and where the same is said once more."""

    places: tuple[Evidence, ...]
    also_in: tuple[Evidence, ...]


def evidence_of(answer: Answer, library: Library, *, numbered_by_passage: bool = False) -> tuple[AnswerEvidence, ...]:
    """The places of each of the answers that are shown, numbered through.

    Args:
        answer: the citations of its `shown`.
        library: where the documents are stored.
        numbered_by_passage: the reply's text says `[n]` for the n-th passage (chat models that read a text prompt).
    """
    ranks = {p.chunk_id: i for i, p in enumerate(answer.passages, 1)}
    names = source_names([c.source for a in answer.shown for c in (*a.citations, *a.also_in)], library)
    numbers = count(1)

    def places(citations: Sequence[Citation]) -> Iterator[Evidence]:
        for chunk_id, group in groupby(citations, key=lambda c: c.chunk_id):
            own = sorted(group, key=lambda c: c.start)
            sentence, around = _surroundings(own, library)
            yield Evidence(
                number=ranks.get(chunk_id, 0) if numbered_by_passage else next(numbers),
                source_name=names[own[0].source],
                page=own[0].page,
                heading_path=own[0].heading_path,
                table_header=own[0].table_header,
                date=own[0].date,
                sentence=sentence,
                around=around,
            )

    return tuple(AnswerEvidence(tuple(places(a.citations)), tuple(places(a.also_in))) for a in answer.shown)


def _surroundings(citations: Sequence[Citation], library: Library) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The sentence and what is around it, for quotes of one document in the order of its text."""
    try:
        text = library.text(citations[0].document_id)
    except DocumentNotFound:
        return tuple(_joined(_sentence_alone(c) for c in citations)), ()
    spans = [(c.start, c.end) for c in citations]
    windows: list[tuple[int, int]] = []
    for first, last in sorted((c.sentence_start, c.sentence_end) for c in citations):
        if windows and not text[windows[-1][1] : first].strip():
            windows[-1] = windows[-1][0], max(last, windows[-1][1])
        else:
            windows.append((first, last))
    low, high = _whole_words(text, windows[0][0], windows[-1][1])
    around = [*pieces(text, low, high, spans)]
    if low > 0:
        around.insert(0, Piece(_ELLIPSIS, is_quote=False))
    if high < len(text):
        around.append(Piece(_ELLIPSIS, is_quote=False))
    return tuple(_joined(shortened(pieces(text, *w, spans)) for w in windows)), tuple(around)


def _whole_words(text: str, first: int, last: int) -> tuple[int, int]:
    """The span with `_AROUND` characters more on either side, cut between words where there are any nearby."""
    low, high = max(0, first - _AROUND), min(len(text), last + _AROUND)
    if low > 0:
        space = _SPACE.search(text, low, min(low + _WORD, first))
        low = space.end() if space else low
    if high < len(text):
        spaces = [m.start() for m in _SPACE.finditer(text, max(high - _WORD, last), high)]
        high = spaces[-1] if spaces else high
    return low, high


def _sentence_alone(citation: Citation) -> tuple[Piece, ...]:
    """The sentence of a citation whose document has been removed."""
    start = citation.start - citation.sentence_start
    span = (start, start + len(citation.quote))
    return shortened(pieces(citation.sentence, 0, len(citation.sentence), [span]))


def _joined(windows: Iterator[tuple[Piece, ...]]) -> Iterator[Piece]:
    for number, window in enumerate(windows):
        if number:
            yield Piece(f" {_ELLIPSIS} ", is_quote=False)
        yield from window


def pieces(text: str, first: int, last: int, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Cut `text[first:last]` at the borders of the quoted spans (sorted by start; they may overlap or lie outside)."""
    cut: list[Piece] = []
    at = first
    for start, end in spans:
        if end <= at or start >= last:
            continue
        if start > at:
            cut.append(Piece(text[at:start], is_quote=False))
        cut.append(Piece(text[max(at, start) : end], is_quote=True))
        at = end
    if last > at:
        cut.append(Piece(text[at:last], is_quote=False))
    return tuple(cut)


def shortened(sentence: Sequence[Piece], longest: int = _MAX_RUN) -> tuple[Piece, ...]:
    """A sentence for display: long runs that are not quoted keep what is nearest to the quotes. Lists stay whole."""
    if is_list("".join(p.text for p in sentence)):
        return tuple(sentence)
    return tuple(
        piece
        if piece.is_quote or len(piece.text) <= longest
        else Piece(_nearest(piece.text, longest, keep_start=i > 0, keep_end=i < len(sentence) - 1), is_quote=False)
        for i, piece in enumerate(sentence)
    )


def _nearest(text: str, longest: int, *, keep_start: bool, keep_end: bool) -> str:
    """Both ends of a run or one of them, cut between words where there are any nearby."""
    room = longest // 2 if keep_start and keep_end else longest
    head = tail = ""
    if keep_start:
        spaces = [m.start() for m in _SPACE.finditer(text, room - _WORD, room)]
        head = text[: spaces[-1] if spaces else room]
    if keep_end:
        space = _SPACE.search(text, len(text) - room, len(text) - room + _WORD)
        tail = text[space.end() if space else len(text) - room :]
    return f"{head}{_ELLIPSIS if not keep_end else f' {_ELLIPSIS} ' if keep_start else _ELLIPSIS}{tail}"
