"""Prove that the parts of a library agree, or make them agree.

The catalogue is the source of truth: keywords and vectors that it does not know are deleted, those it misses are made
again from the stored chunks, and the index over the vectors is made to hold just those. A document whose own chunks are
not what its text says is marked failed, so that the next ingestion reads its file again.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingest.catalogue import Catalogue
from ingest.content_hash import chunk_hash
from ingest.documents import DocumentRecord, StoredChunk
from ingest.errors import LibraryError, ServerUnreachable
from ingest.vectors.index import VectorIndex
from ingest.vectors.table import VectorTable

_REPAIR_BATCH = 512  # chunks held in memory at once


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check counted and found.

    `vectors` counts the chunks that have one. `problems` were found, `remaining` are still there: the same without
    repair, none after a successful one.
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
    vectors_missing: list[bytes]
    vectors_orphaned: list[bytes]
    index_readable: str | None  # the error, if it is not
    index_missing: list[bytes]
    index_orphaned: list[bytes]

    def describe(self) -> tuple[str, ...]:
        lines = [f"{r.source}: its ingestion was interrupted" for r in self.pending]
        lines += [f"{record.source}: its path does not lead to it" for record in self.without_path]
        lines += [f"{record.source}: {what}" for record, what in self.damaged]
        if not self.keywords_sound:
            lines.append("the keyword index is damaged")
        if self.index_readable is not None:
            lines.append(f"the index of the vectors cannot be read: {self.index_readable}")
        counted = (
            (self.keywords_missing, "chunks are missing from the keyword index"),
            (self.keywords_orphaned, "rows of the keyword index belong to no chunk"),
            (self.vectors_missing, "texts of chunks have no vector"),
            (self.vectors_orphaned, "vectors belong to no chunk"),
            (self.index_missing, "vectors are missing from their index"),
            (self.index_orphaned, "entries of the index of the vectors belong to no vector"),
        )
        return (*lines, *(f"{len(found)} {what}" for found, what in counted if found))


def verify(
    catalogue: Catalogue,
    table: VectorTable,
    index: VectorIndex,
    embed: Callable[[Sequence[StoredChunk]], None],
    *,
    repair: bool,
) -> VerifyReport:
    """Check, and with `repair` mend and check again. The caller holds the writer lock.

    Raises:
        ServerUnreachable: when the index is on a server that does not answer: nothing can be said of it, or mended.
    """
    findings = _examine(catalogue, table, index)
    problems = remaining = findings.describe()
    if repair and problems:
        _mend(findings, catalogue, table, index, embed)
        remaining = _examine(catalogue, table, index).describe()
    records = catalogue.documents.all()
    return VerifyReport(
        documents=sum(r.state == "ready" for r in records),
        failed_documents=sum(r.state == "failed" for r in records),
        chunks=catalogue.documents.chunk_count(),
        keyword_rows=len(catalogue.keywords),
        vectors=table.count_of_chunks(),
        problems=problems,
        remaining=remaining,
    )


def _examine(catalogue: Catalogue, table: VectorTable, index: VectorIndex) -> _Findings:
    missing, orphaned = table.missing(), table.orphaned()
    expected = table.hashes() - set(orphaned)
    indexed: set[bytes] = set()
    error = None
    try:
        indexed = index.hashes()
    except ServerUnreachable:
        raise
    except LibraryError as unreadable:
        error = str(unreadable)
    return _Findings(
        pending=catalogue.documents.pending(),
        without_path=catalogue.sources.documents_without_path(),
        damaged=_damaged(catalogue),
        keywords_sound=catalogue.keywords.is_sound(),
        keywords_missing=catalogue.keywords.missing(),
        keywords_orphaned=catalogue.keywords.orphaned(),
        vectors_missing=missing,
        vectors_orphaned=orphaned,
        index_readable=error,
        index_missing=sorted(expected - indexed),
        index_orphaned=sorted(indexed - expected),
    )


def _damaged(catalogue: Catalogue) -> list[tuple[DocumentRecord, str]]:
    """Return ready documents whose chunks do not agree with their text, and what is wrong."""
    found = []
    for record in catalogue.documents.all():
        if record.state != "ready":
            continue
        text = catalogue.documents.text(record.document_id)
        chunks = catalogue.chunks.of_document(record.document_id)
        if len(chunks) != record.chunks:
            found.append((record, f"{len(chunks)} of {record.chunks} chunks are stored"))
        elif len(text) != record.characters or any(text[c.start : c.end] != c.text for c in chunks):
            found.append((record, "its chunks are not where they should be in its text"))
        else:
            stored = catalogue.chunks.hashes([c.chunk_id for c in chunks])
            if any(stored[c.chunk_id] != chunk_hash(c.heading_path, c.text) for c in chunks):
                found.append((record, "the hashes of its chunks are not those of their text"))
    return found


def _mend(
    findings: _Findings,
    catalogue: Catalogue,
    table: VectorTable,
    index: VectorIndex,
    embed: Callable[[Sequence[StoredChunk]], None],
) -> None:
    catalogue.abandon()
    for record, what in findings.damaged:
        reason = f"the library's copy was damaged ({what}); ingest the file again"
        # Without a checksum the next ingestion takes the file for a changed one.
        catalogue.mark_damaged(record.document_id, f"damaged-{record.document_id}", reason)
    catalogue.sources.repair()
    if not findings.keywords_sound:
        catalogue.keywords.clear()
    catalogue.keywords.repair()
    if findings.index_readable is not None:
        index.erase()
    table.delete(table.orphaned())
    catalogue.chunks.forget_doomed(catalogue.chunks.doomed())
    fill_index(table, index)
    missing = table.missing()
    for start in range(0, len(missing), _REPAIR_BATCH):
        chunks = catalogue.chunks.with_text(missing[start : start + _REPAIR_BATCH], None, 1)
        embed(catalogue.chunks.get([few[0] for few in chunks.values()]))


def fill_index(table: VectorTable, index: VectorIndex, progress: Callable[[int, int], None] | None = None) -> None:
    """Make an index hold the vectors of a table and nothing else. What it has already is not written again.

    `progress` is called with the number of vectors looked at and their total.
    """
    indexed, wanted = index.hashes(), table.hashes()
    done = 0
    for _, hashes, block in table.blocks() if wanted - indexed else ():
        rows = [row for row, key in enumerate(hashes) if key not in indexed]
        if rows:
            index.upsert([hashes[row] for row in rows], block[rows])
        done += len(hashes)
        if progress is not None:
            progress(done, len(wanted))
    gone = sorted(indexed - wanted)
    if gone:
        index.delete(gone)
