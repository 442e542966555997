"""Prove that the three parts of a library agree, or make them agree.

The catalogue is the source of truth: keywords and vectors that it does not know are deleted, those it misses are made
again from the stored chunks. A document whose own chunks are not what its text says is marked failed, so that the next
ingestion reads its file again.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingest.catalogue import Catalogue
from ingest.documents import DocumentRecord, StoredChunk
from ingest.errors import LibraryError
from ingest.vectors import Vectors

_REPAIR_BATCH = 512  # chunks held in memory at once


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check counted and found.

    `problems` were found, `remaining` are still there: the same without repair, none after a successful one.
    """

    documents: int
    failed_documents: int
    chunks: int
    keyword_rows: int
    vectors: int
    problems: tuple[str, ...]
    remaining: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong now."""
        return not self.remaining

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {**asdict(self), "clean": self.clean}


@dataclass(frozen=True, slots=True)
class _Findings:
    """Everything that is wrong."""

    pending: list[DocumentRecord]
    without_path: list[DocumentRecord]
    damaged: list[tuple[DocumentRecord, str]]
    keywords_sound: bool
    keywords_missing: list[str]
    keywords_orphaned: list[int]
    vectors_readable: str | None  # the error, if they are not
    vectors_missing: list[str]
    vectors_orphaned: list[str]

    def describe(self) -> tuple[str, ...]:
        lines = [f"{r.source}: its ingestion was interrupted" for r in self.pending]
        lines += [f"{record.source}: its path does not lead to it" for record in self.without_path]
        lines += [f"{record.source}: {what}" for record, what in self.damaged]
        if not self.keywords_sound:
            lines.append("the keyword index is damaged")
        if self.vectors_readable is not None:
            lines.append(f"the vectors cannot be read: {self.vectors_readable}")
        counted = (
            (self.keywords_missing, "chunks are missing from the keyword index"),
            (self.keywords_orphaned, "rows of the keyword index belong to no chunk"),
            (self.vectors_missing, "chunks have no vector"),
            (self.vectors_orphaned, "vectors belong to no chunk"),
        )
        return (*lines, *(f"{len(found)} {what}" for found, what in counted if found))


def verify(
    catalogue: Catalogue, vectors: Vectors, embed: Callable[[Sequence[StoredChunk]], None], *, repair: bool
) -> VerifyReport:
    """Check, and with `repair` mend and check again. The caller holds the writer lock."""
    findings = _examine(catalogue, vectors)
    problems = remaining = findings.describe()
    if repair and problems:
        _mend(findings, catalogue, vectors, embed)
        remaining = _examine(catalogue, vectors).describe()
    records = catalogue.documents()
    return VerifyReport(
        documents=sum(r.state == "ready" for r in records),
        failed_documents=sum(r.state == "failed" for r in records),
        chunks=catalogue.count(),
        keyword_rows=catalogue.keyword_rows(),
        vectors=len(_ids_or_error(vectors)[0]),
        problems=problems,
        remaining=remaining,
    )


def _examine(catalogue: Catalogue, vectors: Vectors) -> _Findings:
    expected = catalogue.ready_chunk_ids()
    stored, error = _ids_or_error(vectors)
    return _Findings(
        pending=catalogue.pending(),
        without_path=catalogue.documents_without_path(),
        damaged=_damaged(catalogue),
        keywords_sound=catalogue.keyword_index_is_sound(),
        keywords_missing=catalogue.chunks_without_keywords(),
        keywords_orphaned=catalogue.keywords_without_chunk(),
        vectors_readable=error,
        vectors_missing=sorted(expected - stored),
        vectors_orphaned=sorted(stored - expected),
    )


def _ids_or_error(vectors: Vectors) -> tuple[set[str], str | None]:
    try:
        return vectors.ids(), None
    except LibraryError as error:
        return set(), str(error)


def _damaged(catalogue: Catalogue) -> list[tuple[DocumentRecord, str]]:
    """Return ready documents whose chunks do not agree with their text, and what is wrong."""
    found = []
    for record in catalogue.documents():
        if record.state != "ready":
            continue
        text = catalogue.text(record.document_id)
        chunks = catalogue.document_chunks(record.document_id)
        if len(chunks) != record.chunks:
            found.append((record, f"{len(chunks)} of {record.chunks} chunks are stored"))
        elif len(text) != record.characters or any(text[c.start : c.end] != c.text for c in chunks):
            found.append((record, "its chunks are not where they should be in its text"))
    return found


def _mend(
    findings: _Findings,
    catalogue: Catalogue,
    vectors: Vectors,
    embed: Callable[[Sequence[StoredChunk]], None],
) -> None:
    catalogue.abandon()
    for record, what in findings.damaged:
        reason = f"the library's copy was damaged ({what}); ingest the file again"
        # Without a checksum the next ingestion takes the file for a changed one.
        catalogue.mark_damaged(record.document_id, f"damaged-{record.document_id}", reason)
    catalogue.repair_paths()
    if not findings.keywords_sound:
        catalogue.clear_keywords()
    catalogue.repair_keywords()
    if findings.vectors_readable is not None:
        vectors.erase()
    expected = catalogue.ready_chunk_ids()
    stored = vectors.ids()
    vectors.delete(sorted(stored - expected))
    catalogue.forget_doomed(catalogue.doomed_vectors())
    missing = sorted(expected - stored)
    for start in range(0, len(missing), _REPAIR_BATCH):
        embed(catalogue.chunks(missing[start : start + _REPAIR_BATCH]))
