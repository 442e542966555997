"""Documents into a library, several at a time, each of them as a whole or not at all."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence

from ingest.catalogue import Catalogue
from ingest.documents import Chunk, DocumentRecord, Incoming
from ingest.errors import DocumentNotFound, LibraryError
from ingest.library.indexing import Indexer
from ingest.library.records import id_of, pending_record
from ingest.library.writer import Writer
from ingest.splitting.splitter import SplitterSettings, split
from ingest.splitting.stable_split import keep_boundaries


class Committer:
    """Splits, indexes and stores documents in place of what their sources had before."""

    def __init__(self, catalogue: Catalogue, writer: Writer, indexer: Indexer, splitter: SplitterSettings) -> None:
        self._catalogue = catalogue
        self._writer = writer
        self._indexer = indexer
        self._splitter = splitter

    def commit(self, incoming: Sequence[Incoming], progress: Callable[[int, int], None] | None) -> list[DocumentRecord]:
        """Commit a bounded number of documents; see `Library.commit_many`."""
        with self._writer.writing():
            records: dict[str, DocumentRecord] = {}
            begun: list[tuple[DocumentRecord, Incoming, Sequence[Chunk]]] = []
            for one in {id_of(i): i for i in incoming}.values():
                document_id = id_of(one)
                record = self._already_there(one)
                if record is None:
                    pieces = self._pieces(one)
                    if not pieces and not one.document.is_container:
                        raise ValueError(f"{one.source}: the document has no text")
                    record = pending_record(one, len(pieces))
                    begun.append((record, one, pieces))
                records[document_id] = record
            try:
                for record, one, chunks in begun:
                    self._catalogue.begin(record, one.document, chunks)
                self._indexer.index([(record.document_id, one) for record, one, _ in begun], progress)
                with self._writer.moving_generation():
                    for record, one, _ in begun:
                        done = self._catalogue.finish(record.document_id, one.container, one.tags, one.modified_at)
                        records[record.document_id] = done
            finally:
                # After success this deletes the old versions' vectors, after failure all that was begun. If it
                # cannot (the disk is full), the next writer does it.
                with contextlib.suppress(sqlite3.Error, LibraryError):
                    self._writer.sweep()
            return [records[id_of(i)] for i in incoming]

    def _pieces(self, one: Incoming) -> Sequence[Chunk]:
        """Return the chunks of a document, with the boundaries that its earlier version had where it is the same."""
        pieces = split(one.document, self._splitter) if one.chunks is None else one.chunks
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
            moved = self._catalogue.documents.get(id_of(one))
        except DocumentNotFound:
            return None
        # It was made under this path, which led elsewhere meanwhile.
        if moved.state != "ready":
            return None
        with self._writer.changing():
            return self._catalogue.link(
                one.source, moved.document_id, one.container, one.tags, one.modified_at, in_place_of=None
            )
