"""A library as everybody uses it: opened, asked, changed, verified, closed."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.catalogue.job_history import JobHistory
from ingest.documents import DocumentRecord, Incoming, LoadedDocument
from ingest.embedding.embedder import Embedder
from ingest.library.commit import Committer
from ingest.library.current_model import CurrentModel
from ingest.library.indexing import Indexer
from ingest.library.opening import find_folder, open_catalogue
from ingest.library.reader import LibraryReader
from ingest.library.records import failed_record
from ingest.library.writer import Writer
from ingest.splitting.splitter import SplitterSettings
from ingest.upkeep.fingerprint import REINDEX, Fingerprint
from ingest.upkeep.migrations import bring_up_to_date, is_of_an_earlier_format
from ingest.upkeep.verify import VerifyReport, verify
from ingest.upkeep.writer_lock import WriterLock


class Library(LibraryReader):
    """A searchable collection of documents in one folder. Use `Library.open`. Safe to share between threads.

    After `close`, every method raises LibraryClosed.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, model: CurrentModel, splitter: SplitterSettings, lock: WriterLock
    ) -> None:
        super().__init__(folder, catalogue, model)
        self.splitter = splitter
        self.history = JobHistory(catalogue.database)
        self._writer = Writer(folder, catalogue, model, lock)
        self._indexer = Indexer(catalogue, model)
        self._committer = Committer(catalogue, self._writer, self._indexer, splitter)

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
        find_folder(folder, create=create)
        lock = WriterLock(folder, lock_timeout)
        ours = Fingerprint.of(embedder, splitter, chroma_url)
        catalogue, stored = open_catalogue(folder, ours, lock, reindex_command)
        model = CurrentModel(
            folder, catalogue, splitter, embedder, chroma_url=chroma_url, reindex_command=reindex_command
        )
        if is_of_an_earlier_format(catalogue, ours, stored):
            with lock.hold():
                use = model.use
                bring_up_to_date(catalogue, use.table, use.index, use.fingerprint, folder)
        library = cls(folder, catalogue, model, splitter, lock)
        library._writer.sweep_if_free()
        return library

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. Closing twice is harmless."""
        self._model.close()
        self._catalogue.close()

    @property
    def embedded(self) -> int:
        """The number of chunks embedded since the library was opened; the vectors of others were at hand."""
        return self._indexer.embedded

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library for writing (reentrant in a thread); leftovers of a crash are swept first.

        Raises:
            LibraryLocked: when another writer keeps it for longer than the timeout.
        """
        with self._writer.writing():
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
        return self._committer.commit(incoming, progress)

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
        with self._writer.changing():
            return self._catalogue.link(source, document_id, container, tags, modified_at, in_place_of=in_place_of)

    def unlink(self, source: str) -> None:
        """Forget a path; the document goes with its last one. An unknown path is no error."""
        with self._writer.changing():
            self._catalogue.unlink(source)

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
            record = failed_record(source, sha256, size, reason)
            with self._writer.changing():
                self._catalogue.fail(record, container, tags)
            return record

    def remove(self, document_id: str) -> None:
        """Delete a document from every index, or raise DocumentNotFound."""
        with self.writing():
            self.document(document_id)
            with self._writer.changing():
                self._catalogue.remove(document_id)

    def verify(self, *, repair: bool = False) -> VerifyReport:
        """Check that catalogue, keyword index and vectors agree; with `repair`, make them.

        Raises:
            LibraryLocked: when another writer keeps the library; what is being written cannot be judged.
        """
        with self._writer.verifying():
            return verify(self._catalogue, self._use.table, self._use.index, self._indexer.embed, repair=repair)
