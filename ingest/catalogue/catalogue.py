"""What happens to a document, each one transaction over several tables."""

from collections.abc import Sequence
from pathlib import Path

from ingest.catalogue.chunk_table import ChunkTable, forget_chunks, insert_chunks
from ingest.catalogue.database import Database
from ingest.catalogue.document_table import (
    DocumentTable,
    delete_document,
    insert_document,
    no_such_document,
    retitle_document,
)
from ingest.catalogue.keyword_index import KeywordIndex
from ingest.catalogue.meta_table import MetaTable, move_generation
from ingest.catalogue.source_table import SourceTable, point, tags_of, unpoint
from ingest.documents import Chunk, DocumentRecord, LoadedDocument


class Catalogue:
    """The SQLite side of a library: its tables, and the life of a document. Safe to share between threads.

    The caller of a method that writes holds the library's writer lock. Errors are those of `Database`.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.database = Database(path, create=create)
        self.meta = MetaTable(self.database)
        self.documents = DocumentTable(self.database)
        self.sources = SourceTable(self.database)
        self.chunks = ChunkTable(self.database)
        self.keywords = KeywordIndex(self.database, self.chunks)

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self.database.close()

    def begin(self, record: DocumentRecord, document: LoadedDocument, chunks: Sequence[Chunk]) -> None:
        """Store a pending document with its text and chunks; nothing of it answers questions yet."""
        document_id = record.document_id
        with self.database.transaction() as connection:
            # A failed or interrupted version of the same content; the paths that lead to it come again with `finish`.
            connection.execute("DELETE FROM documents WHERE document_id = ? AND state <> 'ready'", (document_id,))
            insert_document(connection, record, document)
            insert_chunks(connection, document_id, chunks)

    def finish(
        self,
        document_id: str,
        container: str | None = None,
        tags: Sequence[str] = (),
        modified_at: str | None = None,
    ) -> DocumentRecord:
        """Make a pending document ready in place of what its path led to before."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE documents SET state = 'ready' WHERE document_id = ?", (document_id,))
            (source,) = connection.execute(
                "SELECT source FROM documents WHERE document_id = ?", (document_id,)
            ).fetchone()
            point(connection, source, document_id, container, tags, modified_at)
            move_generation(connection)
        return self.documents.get(document_id)

    def abandon(self) -> None:
        """Delete all pending documents; their vectors become doomed."""
        with self.database.transaction() as connection:
            for (document_id,) in connection.execute(
                "SELECT document_id FROM documents WHERE state = 'pending'"
            ).fetchall():
                delete_document(connection, document_id)

    def link(
        self,
        source: str,
        document_id: str,
        container: str | None,
        tags: Sequence[str],
        modified_at: str | None = None,
        *,
        in_place_of: str | None,
    ) -> DocumentRecord:
        """Let a path lead to a ready document that has the same content; with `in_place_of`, another path is gone."""
        with self.database.transaction() as connection:
            rows = connection.execute(
                "SELECT title, source FROM documents WHERE document_id = ? AND state = 'ready'", (document_id,)
            ).fetchall()
            if not rows:
                raise no_such_document(document_id)
            ((title, first),) = rows
            if in_place_of is not None:
                tags = (*tags, *tags_of(connection, in_place_of))
            point(connection, source, document_id, container, tags, modified_at)
            if in_place_of is not None:
                unpoint(connection, in_place_of)
                if first == in_place_of:
                    connection.execute("UPDATE documents SET source = ? WHERE document_id = ?", (source, document_id))
                if title == Path(in_place_of).stem:
                    retitle_document(connection, document_id, Path(source).stem)
            move_generation(connection)
        return self.documents.get(document_id)

    def unlink(self, source: str) -> None:
        """Forget a path, and with the last path the document."""
        with self.database.transaction() as connection:
            unpoint(connection, source)
            move_generation(connection)

    def fail(self, record: DocumentRecord, container: str | None = None, tags: Sequence[str] = ()) -> None:
        """Store a failed document in place of what its path led to before."""
        with self.database.transaction() as connection:
            answered = connection.execute(
                "SELECT 1 FROM sources JOIN documents USING (document_id) WHERE sources.source = ? AND state = 'ready'",
                (record.source,),
            ).fetchone()
            kept = (*tags, *tags_of(connection, record.source))
            unpoint(connection, record.source)
            delete_document(connection, record.document_id)  # an earlier failure of the same content
            insert_document(connection, record, None)
            point(connection, record.source, record.document_id, container, kept)
            if answered:
                move_generation(connection)

    def mark_damaged(self, document_id: str, new_id: str, reason: str) -> None:
        """Keep of a document only that it failed; all its paths lead to that."""
        with self.database.transaction() as connection:
            forget_chunks(connection, document_id)
            connection.execute(
                "UPDATE documents SET document_id = ?, state = 'failed', error = ?, sha256 = '', chunks = 0, "
                "characters = 0, pages = '[]', headings = '[]', text = '' WHERE document_id = ?",
                (new_id, reason, document_id),
            )
            move_generation(connection)

    def remove(self, document_id: str) -> None:
        """Delete a document and its keywords; its vectors become doomed."""
        with self.database.transaction() as connection:
            delete_document(connection, document_id)
            move_generation(connection)
