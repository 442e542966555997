"""The values that travel from a file to an answer: documents, their pages and headings, and chunks of them.

Every offset counts characters (Python `str` indices) of the stored text of one document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

DocumentState = Literal["ready", "failed", "pending"]


@dataclass(frozen=True, slots=True)
class PageSpan:
    """One page of a paged document: its 1-based number and the half-open span `[start, end)` of its text."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: level 1 is the highest; `start` is the offset at which the heading's own line starts."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    r"""A file's text as it will be stored (line ends are `\n`, no NUL, no lone surrogate) and its outline.

    `pages` (slides, frames of an image) is empty for formats without. `atomic_spans` are half-open spans, sorted and
    not overlapping, that the splitter keeps whole wherever one fits into a chunk: rows of tables, lines of code.
    `warning` names what could not be read of a document that is otherwise good (pages without a text layer), or is
    None. A container (a ZIP archive, a mailbox) has no text of its own; what is in it are documents.
    """

    text: str
    mime: str
    title: str
    pages: tuple[PageSpan, ...] = ()
    headings: tuple[Heading, ...] = ()
    atomic_spans: tuple[tuple[int, int], ...] = ()
    warning: str | None = None
    is_container: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: `text == document.text[start:end]`, always.

    `page` is the page on which the chunk starts; `heading_path` the titles of the section, outermost first.
    """

    text: str
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What the catalogue knows of one document. Only the chunks of `ready` documents answer questions.

    `source` is an absolute path (or the name given); of a document inside an archive or an e-mail it is the path of
    that file, `/`, and the path inside it. `size` counts bytes, `characters` and `chunks` count the
    stored text, `ingested_at` is ISO 8601 in UTC. `error` says why a document failed, or what a `ready` one lacks.
    """

    document_id: str
    source: str
    title: str
    mime: str
    sha256: str
    size: int
    state: DocumentState
    error: str | None
    chunks: int
    characters: int
    ingested_at: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A loaded document on its way into a library; `sha256` and `size` (bytes) are its file's.

    `container` is the file in which it lies (an archive, an e-mail), `modified_at` (ISO 8601, UTC, to the second) when
    the file was changed last, if that is known. `chunks` are given when it is split already,
    `vectors`, of shape `(len(chunks), dimension)`, when it is embedded already. `reading` is a word of its own for each
    time that a content which is stored already is read anew, by better means, and is to replace what was read before.
    """

    source: str
    document: LoadedDocument
    sha256: str
    size: int
    container: str | None = None
    tags: tuple[str, ...] = ()
    chunks: Sequence[Chunk] | None = None
    vectors: NDArray[np.float32] | None = None
    modified_at: str | None = None
    reading: str = ""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk of a ready document, with enough of the document to cite it."""

    chunk_id: str
    document_id: str
    source: str
    title: str
    text: str
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]


def chunk_id_of(document_id: str, number: int) -> str:
    """Return the id of a document's chunk by its place in the text, counted from 0; ids sort as the chunks stand."""
    return f"{document_id}-{number:06d}"


def number_of_chunk(chunk_id: str) -> int:
    """Return the place of a chunk in its document, which `chunk_id_of` put into its id."""
    return int(chunk_id.rpartition("-")[2])
