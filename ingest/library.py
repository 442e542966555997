"""A library: one folder that answers which chunks of which documents are near a question.

    library.sqlite3   documents, chunks, keyword index, vectors, generation: the source of truth
    chroma/           an index over the vectors, which can always be made again from the above
    fingerprint.json  the embedding model and the splitter's sizes: whose vectors are searched
    writer.lock       held by the one process that writes
    uploads/          files that came as bytes

One document is one transaction. It is stored `pending` with its chunks; its vectors and keywords are written, a vector
only for a text that has none yet; then one SQLite transaction makes it `ready`, deletes the version it replaces and
moves the generation; at last vectors are deleted whose text no chunk has any more. A crash at any point leaves either
the old version or the new one answering; what is left over is known to SQLite (pending documents, doomed vectors) and
is swept by the next writer.
"""

import contextlib
import hashlib
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import Catalogue, Source
from ingest.content_hash import chunk_hash, embedded_text
from ingest.document_filter import DocumentFilter
from ingest.documents import Chunk, DocumentRecord, Heading, Incoming, LoadedDocument, PageSpan, StoredChunk
from ingest.earlier_formats import bring_up_to_date, is_of_an_earlier_format
from ingest.embedding import Embedder, EmbedderError, SentenceTransformerEmbedder
from ingest.errors import (
    DocumentNotFound,
    FingerprintMismatch,
    LibraryDamaged,
    LibraryError,
    LibraryLocked,
    LibraryNotFound,
)
from ingest.facets import Facets, choose, containers_of, facets_of, paths_chosen
from ingest.fingerprint import REINDEX, Fingerprint
from ingest.job_history import JobHistory
from ingest.keywords import query_terms
from ingest.reindex import left_untidy, tidy_up
from ingest.splitter import SplitterSettings, split
from ingest.stable_split import keep_boundaries
from ingest.vector_index import VectorIndex, open_index
from ingest.vector_search import VectorSearch
from ingest.vector_table import VectorTable
from ingest.verify import VerifyReport, verify
from ingest.writer_lock import WriterLock

__all__ = [
    "DocumentNotFound",
    "FingerprintMismatch",
    "Library",
    "LibraryDamaged",
    "LibraryError",
    "LibraryLocked",
    "LibraryNotFound",
    "Source",
    "VerifyReport",
]

_EMBEDDING_BATCH = 128  # chunks; bounds memory and the time between two reports of progress
_RETRIES = 3  # of a search during which the library changed
_RUN = uuid.uuid4().hex  # with the process id: who writes


class Library:
    """A searchable collection of documents in one folder. Use `Library.open`. Safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        splitter: SplitterSettings,
        catalogue: Catalogue,
        lock: WriterLock,
        *,
        chroma_url: str | None,
        reindex_command: str,
    ) -> None:
        self.folder = folder
        self.splitter = splitter
        self._catalogue = catalogue
        self._lock = lock
        self._chroma_url = chroma_url
        self._reindex_command = reindex_command
        self._following = threading.Lock()
        self._use = self._vectors_of_model(embedder)
        self.history = JobHistory(catalogue.database)
        self.embedded = 0  # chunks since it was opened; the vectors of others were at hand

    @property
    def embedder(self) -> Embedder:
        """The model whose vectors are searched and written now."""
        return self._use.embedder

    def _vectors_of_model(self, embedder: Embedder) -> "_ModelInUse":
        fingerprint = Fingerprint.of(embedder, self.splitter, self._chroma_url)
        key = fingerprint.model_key
        table = VectorTable(self._catalogue.database, key, embedder.dimension)
        index = open_index(self.folder, self._catalogue.meta.library_id(), key, self._chroma_url)
        search = VectorSearch(self._catalogue, table, index, always_index=self._chroma_url is not None)
        return _ModelInUse(embedder, fingerprint, table, index, search)

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        splitter: SplitterSettings = SplitterSettings(),  # noqa: B008 - immutable
        *,
        create: bool = True,
        lock_timeout: float = 10.0,
        chroma_url: str | None = None,
        reindex_command: str = REINDEX,
    ) -> "Library":
        """Open the library in `folder`, made first if there is none and `create` is true.

        What a crash left over is swept, unless somebody is writing now. What an earlier version of this program made
        is brought up to date first, without embedding anything (about two minutes for 100,000 chunks).

        Args:
            folder: where it is.
            embedder: the model for questions and new documents.
            splitter: how new documents are cut.
            create: make one if there is none.
            lock_timeout: how many seconds a write waits for another writer.
            chroma_url: of the Chroma server that has its index; None: it is in the folder.
            reindex_command: named where another model makes it necessary.

        Raises:
            LibraryNotFound: there is none and `create` is false.
            FingerprintMismatch: it was made with another embedding model or other splitter settings, or its index is
                elsewhere.
            LibraryDamaged: its files are not what they were.
        """
        folder = Path(os.path.abspath(folder))
        path = folder / "library.sqlite3"
        if not path.exists() and not create:
            raise LibraryNotFound(f"there is no library in {folder}; make one with `rag ingest`")
        folder.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(folder, lock_timeout)
        ours = Fingerprint.of(embedder, splitter, chroma_url)
        if path.exists() and Fingerprint.is_in(folder):
            stored = Fingerprint.read(folder, reindex_command)
            ours.check(stored, folder, reindex_command)
            catalogue = Catalogue(path, create=False)
        else:
            with lock.hold():  # two processes may make the same library at once
                catalogue = Catalogue(path)
                if not Fingerprint.is_in(folder) and not catalogue.documents.all():
                    ours.write(folder)
                stored = Fingerprint.read(folder, reindex_command)
                ours.check(stored, folder, reindex_command)
        library = cls(
            folder, embedder, splitter, catalogue, lock, chroma_url=chroma_url, reindex_command=reindex_command
        )
        if is_of_an_earlier_format(catalogue, ours, stored):
            with lock.hold():
                use = library._use
                bring_up_to_date(catalogue, use.table, use.index, use.fingerprint, folder)
        with lock.try_hold() as held:
            if held:
                library._become_writer_and_sweep()
        return library

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. Closing twice is harmless."""
        self._use.index.close()
        self._catalogue.close()

    # Reading

    @property
    def generation(self) -> int:
        """A counter that moves with every change of what can be found, by any process."""
        return self._catalogue.meta.generation()

    def count(self) -> int:
        """Return the number of chunks that answer questions."""
        return self._catalogue.documents.chunk_count()

    def documents(self) -> list[DocumentRecord]:
        """Return all documents, failed ones too, by source."""
        return self._catalogue.documents.all()

    def document(self, document_id: str) -> DocumentRecord:
        """Return one document's record, or raise DocumentNotFound."""
        return self._catalogue.documents.get(document_id)

    def find_source(self, source: str) -> DocumentRecord | None:
        """Return the ready or failed document to which a path leads, or None."""
        return self._catalogue.documents.of_source(source)

    def find_content(self, sha256: str) -> list[DocumentRecord]:
        """Return the ready documents that were made of a file with this hash."""
        return self._catalogue.documents.with_content(sha256)

    def sources(self, document_id: str | None = None) -> list[Source]:
        """Return all paths of one document, or of all: identical copies are stored once with all their paths."""
        return self._catalogue.sources.all(document_id)

    def members(self, container: str) -> list[tuple[str, str, str]]:
        """Return `(source, sha256, state)` of what was found inside a file."""
        return self._catalogue.sources.members(container)

    def text(self, document_id: str) -> str:
        """Return a document's stored text, which all offsets index, or raise DocumentNotFound."""
        return self._catalogue.documents.text(document_id)

    def text_between(self, document_id: str, start: int, end: int) -> str:
        """Return `text(document_id)[start:end]`; "" for an unknown id."""
        return self._catalogue.documents.text_between(document_id, start, end)

    def pages(self, document_id: str) -> tuple[PageSpan, ...]:
        """Return the pages of a document's stored text (none for formats without), or raise DocumentNotFound."""
        return self._catalogue.documents.pages(document_id)

    def headings(self, document_id: str) -> tuple[Heading, ...]:
        """Return the headings of a document's stored text in order, or raise DocumentNotFound.

        There are none for a document that an earlier version of this program stored.
        """
        return self._catalogue.documents.headings(document_id)

    def chunks(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return these chunks in the order asked; those that no ready document has are left out."""
        return self._catalogue.chunks.get(chunk_ids)

    def vectors_of(self, chunk_ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of chunks, of shape `(len(chunk_ids), dimension)`.

        Raises:
            LibraryError: when one is missing.
        """
        if not chunk_ids:
            return np.zeros((0, self.embedder.dimension), dtype=np.float32)
        hashes = self._catalogue.chunks.hashes(chunk_ids)
        found = self._use.table.get(list(set(hashes.values())))
        if not all(i in hashes and hashes[i] in found for i in chunk_ids):
            raise LibraryError("passages have no vector; `rag verify --repair` makes them again")
        return np.stack([found[hashes[chunk_id]] for chunk_id in chunk_ids])

    def document_chunks(self, document_id: str) -> list[StoredChunk]:
        """Return all chunks of a document in the order of its text; none for an unknown id."""
        return self._catalogue.chunks.of_document(document_id)

    def facets(self) -> Facets:
        """Return the folders, types, languages, tags and days that there are to filter by."""
        return facets_of(self._catalogue)

    def choose(self, chosen: DocumentFilter) -> list[str]:
        """Return the ids of the ready documents that fit a filter, for `among`.

        Raises:
            FilterError: when none fits, or one of its values is one that no document has.
        """
        return choose(self._catalogue, chosen)

    def paths_chosen(self, chosen: DocumentFilter, document_ids: Sequence[str]) -> dict[str, str]:
        """Return, for few documents, a path of each that fits a filter: its own where that one does."""
        return paths_chosen(self._catalogue, chosen, document_ids)

    def containers_of(self, sources: Sequence[str]) -> dict[str, str]:
        """Return, of few paths, the files (archives, e-mails) in which those lie that lie in one."""
        return containers_of(self._catalogue, sources)

    def keyword(self, query: str, k: int, *, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, BM25 score)`, the largest score first.

        Args:
            query: any text; nothing in it is syntax.
            k: how many at most.
            among: ids of the documents to search in; None: all. Unknown ids are passed over.
        """
        terms = query_terms(query) if k > 0 else []
        return self._catalogue.keywords.search(terms, k, among) if terms else []

    def dense(self, query: str, k: int, *, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, cosine similarity)`, the most similar first.

        Args:
            query: any text.
            k: how many at most.
            among: ids of the documents to search in; None: all. The best `k` of *their* chunks are found, however
                low they stand among all: a filter never empties the result. Unknown ids are passed over.
        """
        if k <= 0 or not query.strip() or not self._catalogue.documents.has_chunks():
            return []
        for attempt in range(_RETRIES):
            generation = self.generation
            use = self._follow()
            try:
                hits = use.search.nearest(use.embedder.embed_query(query), k, generation, among)
            except LibraryError:
                if self.generation == generation or attempt == _RETRIES - 1:
                    raise
                continue  # what was searched is no longer there
            if self.generation == generation:
                break
        return hits

    def _follow(self) -> "_ModelInUse":
        """Go over to the vectors of another model, if another process has made them meanwhile.

        Raises:
            FingerprintMismatch: when that model is not to be had.
        """
        with self._following:
            stored = Fingerprint.read(self.folder, self._reindex_command)
            if not self._use.fingerprint.agrees_with(stored):
                try:
                    use = self._vectors_of_model(SentenceTransformerEmbedder(stored.model))
                except (EmbedderError, OSError):
                    use = self._use
                use.fingerprint.check(stored, self.folder, self._reindex_command)
                self._use.index.close()
                self._use = use
            return self._use

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library for writing (reentrant in a thread); leftovers of a crash are swept first.

        Raises:
            LibraryLocked: when another writer keeps it for longer than the timeout.
        """
        with self._lock.hold() as outermost:
            if outermost:
                self._become_writer_and_sweep()
            yield

    def commit(
        self,
        source: str,
        document: LoadedDocument,
        sha256: str,
        size: int,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> DocumentRecord:
        """Split, embed and store a document in place of what its source had before.

        `source` is an absolute path or any name, `sha256` and `size` (bytes) are the file's. `progress` is called
        with the number of chunks embedded and their total. Committing the same content twice changes nothing.

        Raises:
            ValueError: when the document has no text.
            LibraryLocked: when another writer keeps the library.
        """
        return self.commit_many([Incoming(source, document, sha256, size)], progress=progress)[0]

    def commit_many(
        self, incoming: Sequence[Incoming], *, progress: Callable[[int, int], None] | None = None
    ) -> list[DocumentRecord]:
        """Commit several documents, embedding their chunks together: much faster for many small ones.

        Each document still is one transaction: after a crash each is there as a whole or not at all. All texts are
        held in memory, so hand over a bounded number.

        Raises:
            ValueError: when a document has no text; nothing is stored then.
            LibraryLocked: when another writer keeps the library.
        """
        with self.writing():
            records: dict[str, DocumentRecord] = {}
            begun: list[tuple[DocumentRecord, Incoming, Sequence[Chunk]]] = []
            for one in {_id_of(i): i for i in incoming}.values():
                document_id = _id_of(one)
                record = self._already_there(one)
                if record is None:
                    pieces = self._pieces(one)
                    if not pieces and not one.document.is_container:
                        raise ValueError(f"{one.source}: the document has no text")
                    record = _pending_record(one, len(pieces))
                    begun.append((record, one, pieces))
                records[document_id] = record
            try:
                for record, one, chunks in begun:
                    self._catalogue.begin(record, one.document, chunks)
                self._fill([(record.document_id, one) for record, one, _ in begun], progress)
                with self._moving_generation():
                    for record, one, _ in begun:
                        done = self._catalogue.finish(record.document_id, one.container, one.tags, one.modified_at)
                        records[record.document_id] = done
            finally:
                # After success this deletes the old versions' vectors, after failure all that was begun. If it
                # cannot (the disk is full), the next writer does it.
                with contextlib.suppress(sqlite3.Error, LibraryError):
                    self._sweep()
            return [records[_id_of(i)] for i in incoming]

    def _pieces(self, one: Incoming) -> Sequence[Chunk]:
        """Return the chunks of a document, with the boundaries that its earlier version had where it is the same."""
        pieces = split(one.document, self.splitter) if one.chunks is None else one.chunks
        earlier = self._catalogue.documents.of_source(one.source)
        if earlier is None or earlier.state != "ready" or not earlier.chunks or one.vectors is not None:
            return pieces
        old = [
            Chunk(c.text, c.start, c.end, c.page, c.heading_path)
            for c in self._catalogue.chunks.of_document(earlier.document_id)
        ]
        return keep_boundaries(self._catalogue.documents.text(earlier.document_id), old, one.document, pieces)

    def _already_there(self, one: Incoming) -> DocumentRecord | None:
        earlier = self._catalogue.documents.of_source(one.source)
        if earlier is not None and earlier.state == "ready" and earlier.sha256 == one.sha256 and not one.reading:
            return earlier
        try:
            moved = self._catalogue.documents.get(_id_of(one))
        except DocumentNotFound:
            return None
        # It was made under this path, which led elsewhere meanwhile.
        if moved.state != "ready":
            return None
        return self.link(one.source, moved.document_id, one.container, one.tags, one.modified_at)

    def _fill(
        self, begun: Sequence[tuple[str, Incoming]], progress: Callable[[int, int], None] | None
    ) -> None:
        """Write vectors and keywords of pending documents in bounded batches, reading their chunks from the disk."""
        total = sum(self._catalogue.documents.get(document_id).chunks for document_id, _ in begun)
        given = {document_id: one.vectors for document_id, one in begun if one.vectors is not None}
        done = 0
        batch: list[StoredChunk] = []
        for document_id, _ in begun:
            last = ""
            while few := self._catalogue.chunks.of_document_after(document_id, last, _EMBEDDING_BATCH - len(batch)):
                last = few[-1].chunk_id
                batch += few
                if len(batch) == _EMBEDDING_BATCH:
                    done += self._fill_batch(batch, given)
                    batch = []
                    if progress is not None:
                        progress(done, total)
        if batch:
            done += self._fill_batch(batch, given)
            if progress is not None:
                progress(done, total)

    def _fill_batch(self, batch: Sequence[StoredChunk], given: Mapping[str, NDArray[np.float32]]) -> int:
        ours = [chunk for chunk in batch if chunk.document_id not in given]
        self._embed(ours)
        theirs = [chunk for chunk in batch if chunk.document_id in given]
        if theirs:
            rows = [given[c.document_id][int(c.chunk_id.rpartition("-")[2])] for c in theirs]
            vectors = {chunk_hash(c.heading_path, c.text): row for c, row in zip(theirs, rows, strict=True)}
            have = self._use.table.have(list(vectors))
            self._use.table.store({key: row for key, row in vectors.items() if key not in have}, self._use.index)
        self._catalogue.keywords.add(batch)
        return len(batch)

    def link(
        self,
        source: str,
        document_id: str,
        container: str | None = None,
        tags: Sequence[str] = (),
        modified_at: str | None = None,
        *,
        in_place_of: str | None = None,
    ) -> DocumentRecord:
        """Let one more path lead to a ready document, whose content is the same; nothing is embedded.

        With `in_place_of` that path of the document is gone (the file was moved), and so is its old name.

        Raises:
            DocumentNotFound: when there is no ready document of this id.
        """
        with self.writing():
            with self._moving_generation():
                record = self._catalogue.link(
                    source, document_id, container, tags, modified_at, in_place_of=in_place_of
                )
            self._sweep()
            return record

    def unlink(self, source: str) -> None:
        """Forget a path; the document goes with its last one. An unknown path is no error."""
        with self.writing():
            with self._moving_generation():
                self._catalogue.unlink(source)
            self._sweep()

    def tag(self, source: str, tags: Sequence[str]) -> None:
        """Add tags to a path; it keeps those that it has."""
        with self.writing():
            self._catalogue.sources.tag(source, tags)

    def note_modified(self, source: str, modified_at: str) -> None:
        """Note when the file of a path was changed last: touched, its content may still be the same."""
        with self.writing():
            self._catalogue.sources.note_modified(source, modified_at)

    def fail(
        self,
        source: str,
        sha256: str | None,
        size: int,
        reason: str,
        *,
        container: str | None = None,
        tags: Sequence[str] = (),
    ) -> DocumentRecord:
        """Record that a source cannot be used, and why.

        With a `sha256`, the file's present content is unusable, and what its earlier content answered is deleted.
        Without, the file could not even be read (a drive may be away): an earlier version goes on answering, and
        its record is returned.
        """
        with self.writing():
            earlier = self.find_source(source)
            if sha256 is None and earlier is not None and earlier.state == "ready":
                return earlier
            record = DocumentRecord(
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
            with self._moving_generation():
                self._catalogue.fail(record, container, tags)
            self._sweep()
            return record

    def remove(self, document_id: str) -> None:
        """Delete a document from every index, or raise DocumentNotFound."""
        with self.writing():
            self.document(document_id)
            with self._moving_generation():
                self._catalogue.remove(document_id)
            self._sweep()

    def verify(self, *, repair: bool = False) -> VerifyReport:
        """Check that catalogue, keyword index and vectors agree; with `repair`, make them.

        Raises:
            LibraryLocked: when another writer keeps the library; what is being written cannot be judged.
        """
        with self._lock.hold():
            self._follow()
            self._catalogue.meta.become_writer(_writer())
            self._use.index.refresh()  # what is on the disk counts, not what a client remembers
            with self._moving_generation():
                return verify(self._catalogue, self._use.table, self._use.index, self._embed, repair=repair)

    def _become_writer_and_sweep(self) -> None:
        self._follow()
        if self._catalogue.meta.become_writer(_writer()):
            # A stale client must not write either: it could save an index that lacks the other's vectors.
            self._use.index.refresh()
        if left_untidy(self._catalogue, self._use.fingerprint):
            tidy_up(self._catalogue, self._use.index, self._use.fingerprint, self.folder)
        self._sweep()

    def _sweep(self) -> None:
        """Delete pending documents, and vectors whose text no chunk has; the caller holds the writer lock."""
        if self._catalogue.documents.pending():
            self._catalogue.abandon()
        doomed = self._catalogue.chunks.doomed()
        if doomed:
            gone = self._catalogue.chunks.unused(doomed)
            if gone:
                self._use.index.delete(gone)
                self._use.table.delete(gone)
            self._catalogue.chunks.forget_doomed(doomed)

    @contextmanager
    def _moving_generation(self) -> Iterator[None]:
        """Tell the index's client that the generation moved by our own doing, so that it need not reopen."""
        before = self.generation
        yield
        self._use.index.wrote(before, self.generation)

    def _embed(self, chunks: Sequence[StoredChunk]) -> None:
        """Write the vectors of `chunks`, which are few; a text that has one already is not embedded again."""
        texts = {chunk_hash(c.heading_path, c.text): embedded_text(c.heading_path, c.text) for c in chunks}
        have = self._use.table.have(list(texts))
        missing = {key: text for key, text in texts.items() if key not in have}
        if not missing:
            return
        made = self.embedder.embed_documents(list(missing.values()))
        if made.shape != (len(missing), self.embedder.dimension):
            raise LibraryError(f"the embedding model gave {made.shape}, not {(len(missing), self.embedder.dimension)}")
        self._use.table.store(dict(zip(missing, made, strict=True)), self._use.index)
        self.embedded += len(missing)


@dataclass(frozen=True, slots=True)
class _ModelInUse:
    """Everything that changes together when a library goes over to another model."""

    embedder: Embedder
    fingerprint: Fingerprint
    table: VectorTable
    index: VectorIndex
    search: VectorSearch


def _pending_record(one: Incoming, chunks: int) -> DocumentRecord:
    return DocumentRecord(
        document_id=_id_of(one),
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


def _id_of(one: Incoming) -> str:
    return _document_id(one.source, one.sha256 + one.reading)


def _document_id(source: str, sha256: str) -> str:
    return hashlib.sha256(f"{source}\0{sha256}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _writer() -> str:
    """Name this process; a fork of it is somebody else."""
    return f"{_RUN}-{os.getpid()}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
