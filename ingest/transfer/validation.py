"""Each document of an exported file is checked as if it were our own, before it is taken for one.

What is wrong is a `TransferError`, or a ValueError, TypeError, KeyError or AttributeError where the JSON has another
shape.
"""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Chunk, Heading, Incoming, LoadedDocument, PageSpan
from ingest.transfer.archive_format import TransferError

_MAX_SOURCE = 4096  # characters
_SHA256 = re.compile(r"[0-9a-f]{64}")
ListedPath = tuple[str, str | None, tuple[str, ...], str | None]  # source, container, tags, when it was changed last


def incoming_of(message: dict[str, Any], vectors: NDArray[np.float32]) -> Incoming:
    """Return the document of one line of an export, with `vectors` of shape `(chunks, dimension)`."""
    text = _text(message["text"])
    pages = tuple(PageSpan(_whole(n), *_span(start, end, text)) for n, start, end in message["pages"])
    headings = tuple(  # exports of earlier versions have none
        Heading(_whole(level), _text(title), _span(start, len(text), text)[0])
        for level, title, start in message.get("headings", ())
    )
    chunks = []
    for start, end, page, path in message["chunks"]:
        first, last = _span(start, end, text)
        if first == last:
            raise TransferError("a passage is empty")
        number = None if page is None else _whole(page)
        chunks.append(Chunk(text[first:last], first, last, number, tuple(_text(h) for h in path)))
    if len(vectors) and not np.isfinite(vectors).all():
        raise TransferError("a vector is not finite")
    if len(vectors) and not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-2):
        raise TransferError("a vector does not have length 1")
    sha256 = message["sha256"]
    if not _SHA256.fullmatch(sha256):
        raise TransferError("a document has no sound hash")
    error = None if message["error"] is None else _text(message["error"])
    document = LoadedDocument(
        text, _text(message["mime"]), _text(message["title"]), pages, headings, warning=error, is_container=not chunks
    )
    source, container, tags, changed = next(p for p in paths_of(message) if p[0] == message["source"])
    size = _whole(message["size"])
    return Incoming(source, document, sha256, size, container, tags, chunks, vectors, modified_at=changed)


def paths_of(message: dict[str, Any]) -> list[ListedPath]:
    """Return all paths that the line names."""
    modified = message.get("modified", {})  # exports of earlier versions have none
    return [
        (
            _name(source),
            None if container is None else _name(container),
            tuple(_text(tag) for tag in tags),
            _time(modified.get(source)),
        )
        for source, container, tags in message["paths"]
    ]


def _time(value: object) -> str | None:
    if value is None:
        return None
    time = datetime.fromisoformat(_text(value))
    if time.tzinfo is None:
        raise TransferError("a time has no zone")
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _name(value: object) -> str:
    name = _text(value)
    if not name or len(name) > _MAX_SOURCE or "\0" in name:
        raise TransferError("a path is empty or too long")
    return name


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TransferError("a text is none")
    value.encode()  # a lone surrogate is a ValueError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise TransferError("a number is none, or is out of range")
    return value


def _span(start: object, end: object, text: str) -> tuple[int, int]:
    first, last = _whole(start), _whole(end)
    if not first <= last <= len(text):
        raise TransferError("a span lies outside its text")
    return first, last
