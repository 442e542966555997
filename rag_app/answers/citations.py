"""From a model's reply to answers whose citations are proven: every quote stands at its place in the stored text.

Two kinds of replies come in: `ChatLocalGPT`'s, one block of text an answer, whose annotations know their spans, and any
other chat model's prose, which is looked up in the passages (`prose_check.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage

from ingest.library import DocumentNotFound, Library
from ingest.splitting.sections import section_at
from rag_app.answers.answer import Citation, QuotedAnswer
from rag_app.answers.document_date import BEGINNING, stated_date
from rag_app.answers.prose_check import checked_prose
from rag_app.answers.sentence_window import quote_windows, table_header


@dataclass(frozen=True, slots=True)
class _Claim:
    """A quote that the reply says stands in a passage: `is_further` when another passage was quoted for the same."""

    document: int
    start: int
    end: int
    is_further: bool = False


def proven_answers(
    message: AIMessage,
    documents: Sequence[Document],
    library: Library,
    *,
    whole_lists: bool = False,
    question: str = "",
) -> tuple[QuotedAnswer, ...]:
    """The answers of a reply whose quotes stand in the stored documents, in the order of the reply.

    Args:
        message: the chat model's reply.
        documents: the passages it read.
        library: where the documents are stored; one that was removed meanwhile proves nothing.
        whole_lists: the question asks for steps or items, see `quote_windows`.
        question: what a chat model that quotes it does not claim to have found.
    """
    check = _Check(documents, library, whole_lists=whole_lists)
    annotated = [_annotated(block, len(documents)) for block in message.content_blocks]
    if not any(annotated):
        prose = checked_prose(message.text, [d.page_content for d in documents], question)
        citations = check.citations(_Claim(r.passage, r.first, r.last) for r in prose.proven)
        return (QuotedAnswer(message.text, 1.0, citations, unproven=prose.unproven),) if citations else ()
    told = message.response_metadata.get("answers") or []
    answers = []
    for number, claims in enumerate(annotated):
        own = check.citations(c for c in claims if not c.is_further)
        also = check.citations(c for c in claims if c.is_further)
        if not own and also:  # its document has been removed, another one still says so
            own, also = also[:1], also[1:]
        if own:
            confidence = told[number]["confidence"] if number < len(told) else 1.0
            answers.append(QuotedAnswer("\n".join(c.quote for c in own), float(confidence), own, also))
    return _newest_first(answers, library) if len(answers) > 1 else tuple(answers)


def _newest_first(answers: Sequence[QuotedAnswer], library: Library) -> tuple[QuotedAnswer, ...]:
    """Answers that differ, with the dates of their documents; in that order if all have one, else as they were."""
    dated = [replace(a, citations=tuple(replace(c, date=_date_of(c, library)) for c in a.citations)) for a in answers]
    dates = [a.citations[0].date for a in dated]
    if None in dates:
        return tuple(dated)
    return tuple(sorted(dated, key=lambda a: a.citations[0].date or "", reverse=True))


def _date_of(citation: Citation, library: Library) -> str | None:
    beginning = library.text_between(citation.document_id, 0, BEGINNING)
    stated = stated_date(PurePath(citation.source).name, beginning)
    return stated or (library.modified_at(citation.document_id) or "")[:10] or None


def proven_candidate(
    message: AIMessage, documents: Sequence[Document], library: Library, *, whole_lists: bool = False
) -> QuotedAnswer | None:
    """The answer that `ChatLocalGPT` withheld, with its place; None if there is none. The arguments are as above."""
    told = message.response_metadata
    spans = told.get("candidate_spans") or []
    check = _Check(documents, library, whole_lists=whole_lists)
    citations = check.citations(_Claim(told["passage"], start, end) for start, end in spans)
    return QuotedAnswer("\n".join(c.quote for c in citations), told["confidence"], citations) if citations else None


class _Check:
    """Turns claims into citations, each place once."""

    def __init__(self, documents: Sequence[Document], library: Library, *, whole_lists: bool) -> None:
        self._documents = documents
        self._library = library
        self._whole_lists = whole_lists
        self._texts: dict[str, str] = {}
        self._taken: list[tuple[str, int, int]] = []

    def citations(self, claims: Iterable[_Claim]) -> tuple[Citation, ...]:
        """Those claims that are proven and overlap no place that is cited already."""
        return tuple(c for c in map(self._citation, claims) if c is not None)

    def _citation(self, claim: _Claim) -> Citation | None:
        document = self._documents[claim.document]
        meta = document.metadata
        document_id = meta["document_id"]
        text = self._text(document_id)
        quote = document.page_content[claim.start : claim.end]
        start, end = meta["start"] + claim.start, meta["start"] + claim.end
        if not quote or text[start:end] != quote:
            return None
        # Passages overlap, so the same place may be read, and cited, twice.
        if any(d == document_id and a < end and start < z for d, a, z in self._taken):
            return None
        self._taken.append((document_id, start, end))
        ((first, last),) = quote_windows(text, [(start, end)], whole_lists=self._whole_lists)
        return Citation(
            source=meta["source"],
            document_id=document_id,
            chunk_id=meta["chunk_id"],
            start=start,
            end=end,
            quote=quote,
            page=self._page(document_id, start),
            score=round(float(meta["score"]), 4),
            sentence=text[first:last],
            sentence_start=first,
            sentence_end=last,
            heading_path=self._section(document, start),
            table_header=table_header(text, first),
        )

    def _text(self, document_id: str) -> str:
        if document_id not in self._texts:
            try:
                self._texts[document_id] = self._library.text(document_id)
            except DocumentNotFound:
                self._texts[document_id] = ""
        return self._texts[document_id]

    def _section(self, document: Document, offset: int) -> tuple[str, ...]:
        """The section that a quote begins in; its passage is named after the one that most of it lies in."""
        headings = self._library.headings(document.metadata["document_id"])
        return section_at(headings, offset) if headings else tuple(document.metadata["heading_path"])

    def _page(self, document_id: str, offset: int) -> int | None:
        """The page that a quote starts on; its passage may have begun on the page before."""
        found = [page.number for page in self._library.pages(document_id) if page.start <= offset]
        return found[-1] if found else None


def _annotated(block: Any, documents: int) -> list[_Claim]:
    """What the citation annotations of one block of text claim."""
    claims = []
    for annotation in block.get("annotations") or ():
        extras = annotation.get("extras") or {}
        index = extras.get("passage")
        if annotation.get("type") == "citation" and isinstance(index, int) and 0 <= index < documents:
            span = int(extras["passage_start"]), int(extras["passage_end"])
            claims.append(_Claim(index, *span, is_further=bool(extras.get("also"))))
    return claims
