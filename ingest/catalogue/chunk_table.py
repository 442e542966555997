"""Chunks of documents, and by the hash of their embedded text which vectors they need."""

import json
import sqlite3
from collections.abc import Collection, Sequence

from ingest.catalogue.database import Database
from ingest.catalogue.sql_values import batches, blob, json_list, marks
from ingest.content_hash import chunk_hash
from ingest.documents import Chunk, StoredChunk, chunk_id_of

_CHUNK = (
    'c.chunk_id, c.document_id, d.source, d.title, c.text, c.start, c."end", c.page, c.heading_path '
    "FROM chunks c JOIN documents d USING (document_id)"
)


class ChunkTable:
    """The tables `chunks` and `doomed`. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return the chunks of ready documents in the order asked; others are left out."""
        found: dict[str, StoredChunk] = {}
        for few in batches(chunk_ids):
            sql = f"SELECT {_CHUNK} WHERE d.state = 'ready' AND c.chunk_id IN ({marks(few)})"
            found |= {chunk.chunk_id: chunk for chunk in map(_stored_chunk, self._database.rows(sql, *few))}
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]

    def of_document(self, document_id: str) -> list[StoredChunk]:
        """Return all chunks of a document in the order of the text, whatever the document's state."""
        sql = f"SELECT {_CHUNK} WHERE document_id = ? ORDER BY c.row"
        return list(map(_stored_chunk, self._database.rows(sql, document_id)))

    def of_document_after(self, document_id: str, chunk_id: str, count: int) -> list[StoredChunk]:
        """Return up to `count` chunks of a document that come after `chunk_id` ("" for the beginning)."""
        sql = f"SELECT {_CHUNK} WHERE document_id = ? AND chunk_id > ? ORDER BY chunk_id LIMIT ?"
        return list(map(_stored_chunk, self._database.rows(sql, document_id, chunk_id, count)))

    def ready_after(self, row: int, count: int) -> tuple[int, list[StoredChunk]]:
        """Return up to `count` chunks of ready documents after a row of all chunks, and the last one's row."""
        sql = f"SELECT c.row, {_CHUNK} WHERE d.state = 'ready' AND c.row > ? ORDER BY c.row LIMIT ?"
        rows = self._database.rows(sql, row, count)
        return int(str(rows[-1][0])) if rows else row, [_stored_chunk(r[1:]) for r in rows]

    # By the hash of the text

    def with_text(self, hashes: Sequence[bytes], among: Collection[str] | None, most: int) -> dict[bytes, list[str]]:
        """Return, for each of these texts, the ids of up to `most` ready chunks; with `among`, of these documents."""
        found: dict[bytes, list[str]] = {}
        filtered = "" if among is None else "AND document_id IN (SELECT value FROM json_each(?))"
        for few in batches(hashes):
            sql = (
                "SELECT hash, chunk_id FROM (SELECT hash, chunk_id, row_number() OVER "  # noqa: S608
                "(PARTITION BY hash ORDER BY row) AS n FROM chunks JOIN documents USING (document_id) "
                f"WHERE state = 'ready' AND hash IN ({marks(few)}) {filtered}) WHERE n <= ? ORDER BY n"
            )
            for row in self._database.rows(sql, *few, *(() if among is None else (json_list(list(among)),)), most):
                found.setdefault(blob(row[0]), []).append(str(row[1]))
        return found

    def hashes(self, chunk_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the hash of each of these chunks that there is."""
        found: dict[str, bytes] = {}
        for few in batches(chunk_ids):
            sql = f"SELECT chunk_id, hash FROM chunks WHERE chunk_id IN ({marks(few)})"  # noqa: S608
            found |= {str(row[0]): blob(row[1]) for row in self._database.rows(sql, *few)}
        return found

    def hashes_of(self, document_ids: Collection[str]) -> set[bytes]:
        """Return the hashes of all chunks of those of these documents that are ready."""
        found: set[bytes] = set()
        for few in batches(sorted(document_ids)):
            rows = self._database.rows(
                "SELECT c.hash FROM chunks c JOIN documents d USING (document_id) "
                "WHERE d.state = 'ready' AND d.document_id IN (SELECT value FROM json_each(?))",
                json_list(few),
            )
            found.update(blob(row[0]) for row in rows)
        return found

    def unused(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Return those of these texts that no chunk has, of a pending document neither."""
        used: set[bytes] = set()
        for few in batches(hashes):
            rows = self._database.rows(f"SELECT DISTINCT hash FROM chunks WHERE hash IN ({marks(few)})", *few)  # noqa: S608
            used.update(blob(row[0]) for row in rows)
        return [key for key in hashes if key not in used]

    def doomed(self) -> list[bytes]:
        """Return the hashes of texts whose vectors may be needed no longer."""
        return [blob(row[0]) for row in self._database.rows("SELECT hash FROM doomed")]

    def forget_doomed(self, hashes: Sequence[bytes]) -> None:
        """Note that these vectors are deleted, or needed after all; the caller holds the writer lock."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM doomed WHERE hash = ?", ((key,) for key in hashes))


# Parts of a transaction


def insert_chunks(connection: sqlite3.Connection, document_id: str, chunks: Sequence[Chunk]) -> None:
    """Store the chunks of a document, numbered in their order."""
    connection.executemany(
        'INSERT INTO chunks (chunk_id, document_id, start, "end", page, heading_path, text, hash) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                chunk_id_of(document_id, n), document_id, c.start, c.end, c.page, json_list(c.heading_path), c.text,
                chunk_hash(c.heading_path, c.text),
            )
            for n, c in enumerate(chunks)
        ),
    )  # fmt: skip


def forget_chunks(connection: sqlite3.Connection, document_id: str) -> None:
    """Delete the chunks of a document and their keywords; their vectors become doomed."""
    for statement in (
        "DELETE FROM keyword_index WHERE rowid IN (SELECT row FROM chunks WHERE document_id = ?)",
        "INSERT OR IGNORE INTO doomed SELECT hash FROM chunks WHERE document_id = ?",
        "DELETE FROM chunks WHERE document_id = ?",
    ):
        connection.execute(statement, (document_id,))


def _stored_chunk(row: tuple[object, ...]) -> StoredChunk:
    *plain, heading_path = row
    return StoredChunk(*plain, tuple(json.loads(str(heading_path))))  # type: ignore[arg-type, call-arg]
