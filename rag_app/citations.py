"""From a model's reply to citations that are proven: every quote really stands at its place in the stored text.

Two kinds of replies come in: `ChatLocalGPT`'s, whose annotations know their spans, and any other chat model's, which
was asked to write `"copied words" [2]`. For the latter each quoted string is looked up in the passage it
names (white space and quotation marks aside); what is not found there is not a citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage

from ingest.library import DocumentNotFound, Library
from rag_app.answer import Citation

_QUOTED = re.compile(r'["“「『]([^"”」』]{2,2000})["”」』]\s*[\[【［](\d{1,3})[\]】］]')


def check_citations(message: AIMessage, documents: Sequence[Document], library: Library) -> tuple[Citation, ...]:
    """Citations of a reply that stand in the stored documents, in the order of the reply, each once."""
    texts: dict[str, str] = {}
    kept: dict[tuple[str, int, int], Citation] = {}
    for index, start, end in _spans(message, documents):
        meta = documents[index].metadata
        document_id = meta["document_id"]
        if document_id not in texts:
            try:
                texts[document_id] = library.text(document_id)
            except DocumentNotFound:
                texts[document_id] = ""     # removed while it was read: it no longer proves anything
        quote = documents[index].page_content[start:end]
        first, last = meta["start"] + start, meta["start"] + end
        if not quote or texts[document_id][first:last] != quote:
            continue
        kept.setdefault(
            (document_id, first, last),
            Citation(
                source=meta["source"], document_id=document_id, chunk_id=meta["chunk_id"], start=first, end=last,
                quote=quote, page=_page_of(library, document_id, first), score=round(float(meta["score"]), 4),
            ),
        )
    return tuple(kept.values())


def _page_of(library: Library, document_id: str, offset: int) -> int | None:
    """The page that a quote starts on; its passage may have begun on the page before."""
    found = [page.number for page in library.pages(document_id) if page.start <= offset]
    return found[-1] if found else None


def _spans(message: AIMessage, documents: Sequence[Document]) -> Iterator[tuple[int, int, int]]:
    """(document index, start, end in its passage) of every quote the reply claims."""
    blocks: list[dict[str, Any]] = [dict(block) for block in message.content_blocks]
    annotations = [a for block in blocks for a in block.get("annotations") or ()]
    for annotation in annotations:
        extras = annotation.get("extras") or {}
        index = extras.get("passage")
        if annotation.get("type") == "citation" and isinstance(index, int) and index < len(documents):
            yield index, int(extras["passage_start"]), int(extras["passage_end"])
    if annotations:
        return
    for match in _QUOTED.finditer(message.text):
        index = int(match[2]) - 1
        if 0 <= index < len(documents):
            span = find_quote(match[1], documents[index].page_content)
            if span is not None:
                yield index, *span


def find_quote(quote: str, passage: str) -> tuple[int, int] | None:
    """Where a quote stands in a passage, however its white space is broken; None if it does not."""
    words = quote.split()
    if not words:
        return None
    found = re.search(r"\s+".join(re.escape(w) for w in words), passage, re.IGNORECASE)
    return found.span() if found else None


_SENTENCE_END = re.compile(r"[。！？；!?\n]|[.](?=\s|$)")


def sentence_around(text: str, start: int, end: int, limit: int = 400) -> tuple[int, int]:
    """The sentence (or sentences) that a span stands in: the context a person needs to judge it.

    Args:
        text: the stored document.
        start: first character of the span.
        end: one past its last.
        limit: most characters added on either side.

    Returns:
        (first, last) with first <= start and end <= last, no white space at the borders.
    """
    low, high = max(0, start - limit), min(len(text), end + limit)
    first = max((m.end() for m in _SENTENCE_END.finditer(text, low, start)), default=low)
    done = end > start and bool(_SENTENCE_END.match(text, end - 1))
    closing = None if done else _SENTENCE_END.search(text, end, high)
    last = end if done else (closing.end() if closing else high)
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return first, last
