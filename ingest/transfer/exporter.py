"""Write a collection into one file."""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ingest.documents import DocumentRecord
from ingest.library import Library
from ingest.transfer.archive_format import BLOCK, DOCUMENTS, FORMAT, MANIFEST, VECTORS, VERSION, TransferReport
from ingest.upkeep.fingerprint import Fingerprint


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
        with archive.open(DOCUMENTS, "w", force_zip64=True) as lines:
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
        with archive.open(VECTORS, "w", force_zip64=True) as entry:
            shutil.copyfileobj(vectors, entry, BLOCK)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "documents": len(records),
        "chunks": chunks,
        "fingerprint": asdict(Fingerprint.of(library.embedder, library.splitter)),
        "sha256": {DOCUMENTS: documents_hash.hexdigest(), VECTORS: vectors_hash.hexdigest()},
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
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
