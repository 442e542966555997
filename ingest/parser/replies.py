"""What comes back of a file: the documents in it, and at last that it is done."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Chunk, Heading, LoadedDocument, PageSpan


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """A document in a file; `name` is empty for the file itself, which comes last.

    Either `document` and `chunks` are there, or `reason` says why not, or `is_known`: the hash was among those given.
    `vectors`, of shape `(len(chunks), dimension)`, are there when it was embedded where it was parsed.
    """

    name: str
    sha256: str
    size: int
    document: LoadedDocument | None = None
    chunks: tuple[Chunk, ...] = ()
    reason: str | None = None
    is_unsupported: bool = False
    is_known: bool = False
    vectors: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class ParsedEnd:
    """A file is done. `reason` says why it failed as a whole; what came before is then void.

    `is_unread`: its bytes could not be had.
    """

    reason: str | None = None
    is_unread: bool = False


def part_of(message: dict[str, Any], text: str) -> ParsedPart:
    """Return the document that a parser process described in one message."""
    part = ParsedPart(message["name"], message["sha256"], message["size"])
    if message["kind"] == "known":
        return replace(part, is_known=True)
    if message["reason"] is not None:
        return replace(part, reason=message["reason"], is_unsupported=message["is_unsupported"])
    headings = [tuple(path) for path in message["heading_paths"]]
    document = LoadedDocument(
        text,
        message["mime"],
        message["title"],
        tuple(PageSpan(*page) for page in message["pages"]),
        tuple(Heading(*heading) for heading in message["headings"]),
        warning=message["warning"],
        is_container=message["is_container"],
    )
    chunks = tuple(Chunk(text[s:e], s, e, page, headings[path]) for s, e, page, path in message["chunks"])
    return replace(part, document=document, chunks=chunks)
