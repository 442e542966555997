"""A whole collection as one file, to keep or to take to another computer.

It is a ZIP archive of four entries: `manifest.json` (version, fingerprint, the hash of each other entry),
`documents.jsonl` (one document a line: its record, paths, text and chunks), `vectors.f32` (a row of little-endian
float32 for each chunk, in that order) and nothing that is ever executed, unpickled or unpacked to the disk.

What is read is not trusted: entries are found by these names only, hashes are checked before anything is written, and
each document is checked as if it were our own. Paths are names of sources, nothing is opened by them.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Chunk, DocumentRecord, Heading, Incoming, LoadedDocument, PageSpan
from ingest.errors import FingerprintMismatch, LibraryError
from ingest.fingerprint import Fingerprint
from ingest.library import Library

_FORMAT = "quoted-rag collection"
_VERSION = 1
_MANIFEST, _DOCUMENTS, _VECTORS = "manifest.json", "documents.jsonl", "vectors.f32"
_MOST_MANIFEST = 1 << 20  # bytes
_MOST_LINE = 1 << 30  # bytes of one document
_LONGEST_SOURCE = 4096  # characters
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20
_Path = tuple[str, str | None, tuple[str, ...], str | None]  # source, container, tags, when it was changed last
# The words are indexed here, and so are the vectors; the name of a model may differ where the weights are the same.
_OF_NO_MATTER = ("model", "keywords", "index")
_BEFORE = {"embedded_text": 1}  # what files of earlier versions do not state
_TOGETHER = 32  # documents


class TransferError(LibraryError):
    """A file cannot be imported; the message says why. Nothing of a damaged file is stored."""


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What was written or read. `skipped` documents were in the collection already."""

    documents: int
    chunks: int
    skipped: int = 0


def export_library(
    library: Library, path: Path, *, progress: Callable[[int, int], None] | None = None
) -> TransferReport:
    """Write all ready documents with their vectors; an earlier file is replaced only when the new one is complete.

    Raises:
        LibraryLocked: when somebody writes to the library.
        LibraryError: when vectors are missing; `rag verify --repair` mends that.
        OSError: when the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with library.writing(), zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            report = _write(library, archive, path.parent, progress)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return report


def _write(
    library: Library, archive: zipfile.ZipFile, folder: Path, progress: Callable[[int, int], None] | None
) -> TransferReport:
    records = [r for r in library.documents() if r.state == "ready"]
    chunks = 0
    documents_hash, vectors_hash = hashlib.sha256(), hashlib.sha256()
    with tempfile.TemporaryFile(dir=folder) as vectors:  # a ZIP archive takes one entry at a time
        with archive.open(_DOCUMENTS, "w", force_zip64=True) as lines:
            for n, record in enumerate(records, start=1):
                line, ids = _line(library, record)
                documents_hash.update(line)
                lines.write(line)
                rows = library.vectors_of(ids).astype("<f4").tobytes()
                vectors_hash.update(rows)
                vectors.write(rows)
                chunks += len(ids)
                if progress is not None:
                    progress(n, len(records))
        vectors.seek(0)
        with archive.open(_VECTORS, "w", force_zip64=True) as entry:
            shutil.copyfileobj(vectors, entry, _BLOCK)
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "documents": len(records),
        "chunks": chunks,
        "fingerprint": asdict(Fingerprint.of(library.embedder, library.splitter)),
        "sha256": {_DOCUMENTS: documents_hash.hexdigest(), _VECTORS: vectors_hash.hexdigest()},
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, indent=2))
    return TransferReport(len(records), chunks)


def _line(library: Library, record: DocumentRecord) -> tuple[bytes, list[str]]:
    chunks = library.document_chunks(record.document_id)
    sources = library.sources(record.document_id)
    message = {
        **{k: v for k, v in asdict(record).items() if k not in {"document_id", "state", "chunks", "characters"}},
        "paths": [(s.source, s.container, s.tags) for s in sources],
        "modified": {s.source: s.modified_at for s in sources if s.modified_at is not None},
        "pages": [(p.number, p.start, p.end) for p in library.pages(record.document_id)],
        "headings": [(h.level, h.title, h.start) for h in library.headings(record.document_id)],
        "chunks": [(c.start, c.end, c.page, c.heading_path) for c in chunks],
        "text": library.text(record.document_id),
    }
    return json.dumps(message, ensure_ascii=False).encode() + b"\n", [c.chunk_id for c in chunks]


def import_library(
    library: Library, path: Path, *, progress: Callable[[int, int], None] | None = None
) -> TransferReport:
    """Add the documents of an exported file; paths that are known already stay as they are.

    Raises:
        TransferError: when the file is no export, is damaged, or holds what no export would; nothing is stored then.
        FingerprintMismatch: when it was made with another embedding model or splitter.
        LibraryLocked: when another writer keeps the library.
        OSError: when the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, library.writing():
            manifest = _checked_manifest(archive, library, path)
            total = int(manifest["documents"])
            # Once to check everything, once to store it: a bad line must not leave half of a file behind.
            chunks = sum(len(one.chunks or ()) for one, _ in _read(archive, manifest, library.embedder.dimension))
            if chunks != manifest["chunks"]:
                raise TransferError(f"{path}: it states {manifest['chunks']} passages and holds {chunks}")
            return _store(library, _read(archive, manifest, library.embedder.dimension), total, progress)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, zipfile.LargeZipFile) as error:
        raise TransferError(f"{path} is no export of a collection, or is damaged ({error})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TransferError(f"{path} holds what no export would ({type(error).__name__}: {error})") from error


def _store(
    library: Library,
    read: Iterator[tuple[Incoming, list[_Path]]],
    total: int,
    progress: Callable[[int, int], None] | None,
) -> TransferReport:
    documents = chunks = skipped = 0
    batch: list[Incoming] = []
    others: list[tuple[Incoming, list[_Path]]] = []

    def flush() -> None:
        records = library.commit_many(batch) if batch else []
        for (_, paths), record in zip(others, records, strict=True):
            for source, container, tags, modified_at in paths:
                if library.find_source(source) is None:
                    library.link(source, record.document_id, container, tags, modified_at)
        batch.clear()
        others.clear()

    for n, (one, paths) in enumerate(read, start=1):
        if library.find_source(one.source) is not None:
            skipped += 1
        else:
            batch.append(one)
            others.append((one, paths))
            documents += 1
            chunks += len(one.chunks or ())
        if len(batch) >= _TOGETHER:
            flush()
        if progress is not None:
            progress(n, total)
    flush()
    return TransferReport(documents, chunks, skipped)


def _checked_manifest(archive: zipfile.ZipFile, library: Library, path: Path) -> dict[str, Any]:
    names = archive.namelist()
    if sorted(names) != sorted((_MANIFEST, _DOCUMENTS, _VECTORS)):
        raise TransferError(f"{path} is no export of a collection: it does not hold just {_MANIFEST}, {_DOCUMENTS} and "
                            f"{_VECTORS}")  # fmt: skip
    if archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
        raise TransferError(f"{path}: {_MANIFEST} is too large")
    manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
    if manifest["format"] != _FORMAT:
        raise TransferError(f"{path} is no export of a collection")
    if manifest["version"] != _VERSION:
        raise TransferError(f"{path} has version {manifest['version']}; this program reads version {_VERSION}")
    ours, theirs = asdict(Fingerprint.of(library.embedder, library.splitter)), manifest["fingerprint"]
    different = [key for key in ours if key not in _OF_NO_MATTER and theirs.get(key, _BEFORE.get(key)) != ours[key]]
    if different:
        raise FingerprintMismatch(
            f"{path} was made with another {' and '.join(different)} (embedding model '{theirs.get('model')}'); "
            "set RAG_EMBEDDER to that model, or ingest the documents themselves"
        )
    for name in (_DOCUMENTS, _VECTORS):
        with archive.open(name) as entry:
            if _hash(entry) != manifest["sha256"][name]:
                raise TransferError(f"{path} is damaged: {name} is not what was exported; copy it again")
    return manifest


def _hash(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _read(
    archive: zipfile.ZipFile, manifest: dict[str, Any], dimension: int
) -> Iterator[tuple[Incoming, list[_Path]]]:
    """Yield each document, checked, with all its paths."""
    count = 0
    with archive.open(_DOCUMENTS) as lines, archive.open(_VECTORS) as vectors:
        while line := lines.readline(_MOST_LINE):
            if not line.endswith(b"\n"):
                raise TransferError("a document is cut off or too large")
            message = json.loads(line)
            count += 1
            rows = len(message["chunks"])
            data = vectors.read(rows * dimension * 4)
            if len(data) != rows * dimension * 4:
                raise TransferError("there are fewer vectors than passages")
            array = np.frombuffer(data, dtype="<f4").reshape(rows, dimension).astype(np.float32)
            yield _incoming(message, array), _paths(message)
        if vectors.read(1):
            raise TransferError("there are more vectors than passages")
    if count != manifest["documents"]:
        raise TransferError(f"it states {manifest['documents']} documents and holds {count}")


def _incoming(message: dict[str, Any], vectors: NDArray[np.float32]) -> Incoming:
    text = _text(message["text"])
    pages = tuple(PageSpan(_whole(n), *_span(start, end, text)) for n, start, end in message["pages"])
    headings = tuple(       # exports of earlier versions have none
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
    source, container, tags, changed = next(p for p in _paths(message) if p[0] == message["source"])
    size = _whole(message["size"])
    return Incoming(source, document, sha256, size, container, tags, chunks, vectors, modified_at=changed)


def _paths(message: dict[str, Any]) -> list[_Path]:
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
    if not name or len(name) > _LONGEST_SOURCE or "\0" in name:
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
