"""The records under which documents are stored, and the ids that follow from a path and a content."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from ingest.documents import DocumentRecord, Incoming


def id_of(one: Incoming) -> str:
    """Return the id that a document gets: the same for the same content under the same path."""
    return _document_id(one.source, one.sha256 + one.reading)


def pending_record(one: Incoming, chunks: int) -> DocumentRecord:
    """Return the record of a document with so many chunks before it is there as a whole."""
    return DocumentRecord(
        document_id=id_of(one),
        source=one.source,
        title=one.document.title,
        mime=one.document.mime,
        sha256=one.sha256,
        size=one.size,
        state="pending",
        error=one.document.warning,
        chunks=chunks,
        characters=len(one.document.text),
        ingested_at=_now(),
    )


def failed_record(source: str, sha256: str | None, size: int, reason: str) -> DocumentRecord:
    """Return the record of a document that cannot be used."""
    return DocumentRecord(
        document_id=_document_id(source, f"failed {sha256 or ''}"),
        source=source,
        title=Path(source).stem or source,
        mime="",
        sha256=sha256 or "",
        size=size,
        state="failed",
        error=reason,
        chunks=0,
        characters=0,
        ingested_at=_now(),
    )


def _document_id(source: str, sha256: str) -> str:
    return hashlib.sha256(f"{source}\0{sha256}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
