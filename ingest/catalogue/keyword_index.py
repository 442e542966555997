"""The words of chunks in an FTS5 table, by the row of the chunk."""

import sqlite3
from collections.abc import Collection, Sequence

from ingest.catalogue.chunk_table import ChunkTable
from ingest.catalogue.database import Database
from ingest.catalogue.meta_table import move_generation
from ingest.catalogue.schema import KEYWORD_INDEX
from ingest.documents import StoredChunk
from ingest.errors import LibraryDamaged
from ingest.keywords.search import keyword_search
from ingest.keywords.terms import index_identifiers, index_text

_INSERT = (
    "INSERT INTO {} (rowid, title, heading, body, identifiers) SELECT row, ?, ?, ?, ? FROM chunks WHERE chunk_id = ?"
)
IndexedWords = tuple[str, str, str, str, str]  # title, headings, text, identifiers; the chunk's id


class KeywordIndex:
    """The table `keyword_index`. Safe to share between threads; only who holds the writer lock may call what writes."""

    def __init__(self, database: Database, chunks: ChunkTable) -> None:
        self._database = database
        self._chunks = chunks

    def search(self, terms: Sequence[str], k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `k` chunks that hold any of `terms` as `(chunk_id, BM25 score)`, the largest first.

        With `among`, only chunks of these documents. What another thread has not committed yet is not seen.
        """
        with self._database.snapshot() as connection:
            return keyword_search(connection, terms, k, among)

    def add(self, chunks: Sequence[StoredChunk]) -> None:
        """Index the words of chunks of a pending document."""
        words = indexed_words(chunks)  # before the transaction: it takes a while
        with self._database.transaction() as connection:
            insert_keywords(connection, "keyword_index", words)

    # Verifying and repairing

    def __len__(self) -> int:
        return self._database.number("SELECT COUNT(*) FROM keyword_index")

    def is_sound(self) -> bool:
        """Let FTS5 check its own structure."""
        try:
            self._database.rows("INSERT INTO keyword_index (keyword_index) VALUES ('integrity-check')")
        except LibraryDamaged:
            return False
        return True

    def missing(self) -> list[str]:
        """Return the ids of ready chunks that the index lacks."""
        rows = self._database.rows(
            "SELECT chunk_id FROM chunks JOIN documents USING (document_id) WHERE state = 'ready' "
            "AND row NOT IN (SELECT rowid FROM keyword_index)"
        )
        return [str(row[0]) for row in rows]

    def orphaned(self) -> list[int]:
        """Return rows that belong to no chunk."""
        rows = self._database.rows("SELECT rowid FROM keyword_index WHERE rowid NOT IN (SELECT row FROM chunks)")
        return [int(str(row[0])) for row in rows]

    def repair(self) -> None:
        """Make the index agree with the chunks."""
        missing = indexed_words(self._chunks.get(self.missing()))
        orphans = self.orphaned()
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM keyword_index WHERE rowid = ?", ((row,) for row in orphans))
            insert_keywords(connection, "keyword_index", missing)
            move_generation(connection)

    def clear(self) -> None:
        """Drop the whole content of an index that is not sound."""
        with self._database.transaction() as connection:
            connection.execute("DROP TABLE keyword_index")
            connection.execute(KEYWORD_INDEX.format("keyword_index"))


def indexed_words(chunks: Sequence[StoredChunk]) -> list[IndexedWords]:
    """Return what the index stores of chunks."""
    return [
        (
            index_text(chunk.title),
            index_text(" ".join(chunk.heading_path)),
            index_text(chunk.text),
            index_identifiers(chunk.text),
            chunk.chunk_id,
        )
        for chunk in chunks
    ]


# Parts of a transaction


def insert_keywords(connection: sqlite3.Connection, table: str, words: Sequence[IndexedWords]) -> None:
    """Store the words of chunks in `keyword_index`, or in one that is to take its place."""
    connection.executemany(_INSERT.format(table), words)


def retitle_keywords(connection: sqlite3.Connection, document_id: str, title: str) -> None:
    """Index the chunks of a document under another title."""
    connection.execute(
        "UPDATE keyword_index SET title = ? WHERE rowid IN (SELECT row FROM chunks WHERE document_id = ?)",
        (index_text(title), document_id),
    )
