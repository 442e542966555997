"""Add the documents of an exported file to a collection. What is read is not trusted."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from ingest.documents import Incoming
from ingest.errors import FingerprintMismatch
from ingest.library import Library
from ingest.transfer.archive_format import (
    BLOCK,
    DOCUMENTS,
    FORMAT,
    MANIFEST,
    VECTORS,
    VERSION,
    TransferError,
    TransferReport,
)
from ingest.transfer.validation import ListedPath, incoming_of, paths_of
from ingest.upkeep.fingerprint import Fingerprint

_MAX_MANIFEST = 1 << 20  # bytes
_MAX_LINE = 1 << 30  # bytes of one document
# The words are indexed here, and so are the vectors; the name of a model may differ where the weights are the same.
_OF_NO_MATTER = ("model", "keywords", "index")
_BEFORE = {"embedded_text": 1}  # what files of earlier versions do not state
_TOGETHER = 32  # documents


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
    read: Iterator[tuple[Incoming, list[ListedPath]]],
    total: int,
    progress: Callable[[int, int], None] | None,
) -> TransferReport:
    documents = chunks = skipped = 0
    batch: list[Incoming] = []
    others: list[tuple[Incoming, list[ListedPath]]] = []

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
    if sorted(names) != sorted((MANIFEST, DOCUMENTS, VECTORS)):
        raise TransferError(f"{path} is no export of a collection: it does not hold just {MANIFEST}, {DOCUMENTS} and "
                            f"{VECTORS}")  # fmt: skip
    if archive.getinfo(MANIFEST).file_size > _MAX_MANIFEST:
        raise TransferError(f"{path}: {MANIFEST} is too large")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise TransferError(f"{path} is no export of a collection")
    if manifest["version"] != VERSION:
        raise TransferError(f"{path} has version {manifest['version']}; this program reads version {VERSION}")
    ours, theirs = asdict(Fingerprint.of(library.embedder, library.splitter)), manifest["fingerprint"]
    different = [key for key in ours if key not in _OF_NO_MATTER and theirs.get(key, _BEFORE.get(key)) != ours[key]]
    if different:
        raise FingerprintMismatch(
            f"{path} was made with another {' and '.join(different)} (embedding model '{theirs.get('model')}'); "
            "set RAG_EMBEDDER to that model, or ingest the documents themselves"
        )
    for name in (DOCUMENTS, VECTORS):
        with archive.open(name) as entry:
            if _hash(entry) != manifest["sha256"][name]:
                raise TransferError(f"{path} is damaged: {name} is not what was exported; copy it again")
    return manifest


def _hash(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _read(
    archive: zipfile.ZipFile, manifest: dict[str, Any], dimension: int
) -> Iterator[tuple[Incoming, list[ListedPath]]]:
    """Yield each document, checked, with all its paths."""
    count = 0
    with archive.open(DOCUMENTS) as lines, archive.open(VECTORS) as vectors:
        while line := lines.readline(_MAX_LINE):
            if not line.endswith(b"\n"):
                raise TransferError("a document is cut off or too large")
            message = json.loads(line)
            count += 1
            rows = len(message["chunks"])
            data = vectors.read(rows * dimension * 4)
            if len(data) != rows * dimension * 4:
                raise TransferError("there are fewer vectors than passages")
            array = np.frombuffer(data, dtype="<f4").reshape(rows, dimension).astype(np.float32)
            yield incoming_of(message, array), paths_of(message)
        if vectors.read(1):
            raise TransferError("there are more vectors than passages")
    if count != manifest["documents"]:
        raise TransferError(f"it states {manifest['documents']} documents and holds {count}")
