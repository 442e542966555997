"""The source of truth of a library: documents, chunks and the keyword index in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ingest.documents import Chunk, DocumentRecord, LoadedDocument, PageSpan, StoredChunk
from ingest.errors import DocumentNotFound, LibraryError
from ingest.keywords import index_identifiers, index_text

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0'), ('last_writer', '');

CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    mime TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed')),
    error TEXT,
    chunks INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    ingested_at TEXT NOT NULL,
    pages TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX documents_source ON documents (source);

CREATE TABLE chunks (
    row INTEGER PRIMARY KEY,
    chunk_id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER,
    heading_path TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX chunks_document ON chunks (document_id);

CREATE VIRTUAL TABLE keyword_index USING fts5 (
    title, heading, body, identifiers, tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE doomed_vectors (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_RECORD = "document_id, source, title, mime, sha256, size, state, error, chunks, characters, ingested_at"
_CHUNK = (
    'c.chunk_id, c.document_id, d.source, d.title, c.text, c.start, c."end", c.page, c.heading_path '
    "FROM chunks c JOIN documents d USING (document_id)"
)
_COLUMN_WEIGHTS = "2.0, 1.5, 1.0, 1.0"  # title, heading, body, identifiers
_BUSY_TIMEOUT = 30.0  # seconds
_VARIABLES = 500  # in one statement


class Catalogue:
    """The SQLite side of a library. Safe to share between threads; every public method is one transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._create()
        except sqlite3.DatabaseError as error:
            raise LibraryError(f"{path} cannot be opened ({error}); restore it or ingest again elsewhere") from error

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock:
            self._connection.close()

    def _create(self) -> None:
        with self._transaction():
            version = self._value("PRAGMA user_version")
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                raise LibraryError(f"the library has format {version}, this program reads format {_SCHEMA_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one write transaction; any exception rolls it back."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def _value(self, sql: str, *parameters: object) -> object:
        row = self._rows(sql, *parameters)[0]
        return row[0]

    # Reading

    def generation(self) -> int:
        """Return the counter that moves whenever answers may change."""
        return int(str(self._value("SELECT value FROM meta WHERE key = 'generation'")))

    def count(self) -> int:
        """Return the number of chunks of ready documents."""
        return int(str(self._value("SELECT COALESCE(SUM(chunks), 0) FROM documents WHERE state = 'ready'")))

    def documents(self) -> list[DocumentRecord]:
        """Return all documents by source. A new version in the making is not listed beside the one it replaces."""
        rows = self._rows(
            f"SELECT {_RECORD} FROM documents d WHERE state <> 'pending' OR NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM documents o WHERE o.source = d.source AND o.state <> 'pending') "
            "ORDER BY source, ingested_at"
        )
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def document(self, document_id: str) -> DocumentRecord:
        """Return one document's record, or raise DocumentNotFound."""
        rows = self._rows(f"SELECT {_RECORD} FROM documents WHERE document_id = ?", document_id)  # noqa: S608
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return DocumentRecord(*rows[0])  # type: ignore[arg-type]

    def of_source(self, source: str) -> list[DocumentRecord]:
        """Return the records of one source; two while a new version is being made."""
        rows = self._rows(f"SELECT {_RECORD} FROM documents WHERE source = ?", source)  # noqa: S608
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def text(self, document_id: str) -> str:
        """Return a document's stored text, or raise DocumentNotFound."""
        rows = self._rows("SELECT text FROM documents WHERE document_id = ?", document_id)
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return str(rows[0][0])

    def pages(self, document_id: str) -> tuple[PageSpan, ...]:
        """Return the page spans of a document's stored text, or raise DocumentNotFound."""
        rows = self._rows("SELECT pages FROM documents WHERE document_id = ?", document_id)
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return tuple(PageSpan(*page) for page in json.loads(str(rows[0][0])))

    def chunks(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return the chunks of ready documents in the order asked; others are left out."""
        found: dict[str, StoredChunk] = {}
        for few in _batches(chunk_ids):
            marks = ", ".join("?" * len(few))
            sql = f"SELECT {_CHUNK} WHERE d.state = 'ready' AND c.chunk_id IN ({marks})"
            found |= {chunk.chunk_id: chunk for chunk in map(_stored_chunk, self._rows(sql, *few))}
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]

    def document_chunks(self, document_id: str) -> list[StoredChunk]:
        """Return all chunks of a document in the order of the text, whatever the document's state."""
        return list(
            map(_stored_chunk, self._rows(f"SELECT {_CHUNK} WHERE document_id = ? ORDER BY c.row", document_id))
        )

    def ready_among(self, chunk_ids: Sequence[str]) -> set[str]:
        """Return those of `chunk_ids` that belong to ready documents."""
        ready: set[str] = set()
        for few in _batches(chunk_ids):
            marks = ", ".join("?" * len(few))
            sql = (
                "SELECT chunk_id FROM chunks JOIN documents USING (document_id) "  # noqa: S608
                f"WHERE state = 'ready' AND chunk_id IN ({marks})"
            )
            ready |= {str(row[0]) for row in self._rows(sql, *few)}
        return ready

    def keyword(self, expression: str, k: int) -> list[tuple[str, float]]:
        """Return up to `k` chunks that match an FTS5 expression as `(chunk_id, BM25 score)`, the largest first."""
        rows = self._rows(
            f"SELECT c.chunk_id, -bm25(keyword_index, {_COLUMN_WEIGHTS}) AS score "  # noqa: S608
            "FROM keyword_index k JOIN chunks c ON c.row = k.rowid JOIN documents d USING (document_id) "
            "WHERE keyword_index MATCH ? AND d.state = 'ready' ORDER BY score DESC, c.row LIMIT ?",
            expression,
            k,
        )
        return [(str(chunk_id), float(str(score))) for chunk_id, score in rows]

    # Writing: the caller holds the library's writer lock

    def become_writer(self, writer: str) -> bool:
        """Note who writes; say whether somebody else wrote last."""
        if self._value("SELECT value FROM meta WHERE key = 'last_writer'") == writer:
            return False
        with self._transaction() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'last_writer'", (writer,))
        return True

    def begin(self, record: DocumentRecord, document: LoadedDocument, chunks: Sequence[Chunk]) -> None:
        """Store a pending document with its text and chunks; nothing of it answers questions yet."""
        document_id = record.document_id
        pages = json.dumps([(p.number, p.start, p.end) for p in document.pages])
        with self._transaction() as connection:
            connection.execute("DELETE FROM documents WHERE document_id = ? AND state <> 'ready'", (document_id,))
            values = (*asdict(record).values(), pages, document.text)
            connection.execute(f"INSERT INTO documents VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
            connection.executemany(
                'INSERT INTO chunks (chunk_id, document_id, start, "end", page, heading_path, text) '
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (f"{document_id}-{n:06d}", document_id, c.start, c.end, c.page, _json(c.heading_path), c.text)
                    for n, c in enumerate(chunks)
                ),
            )

    def finish(self, document_id: str) -> DocumentRecord:
        """Make a pending document ready, with its keywords, in place of what its source had before."""
        keywords = self._keywords(self.document_chunks(document_id))  # before the transaction: it takes a while
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO keyword_index (rowid, title, heading, body, identifiers) "
                "SELECT row, ?, ?, ?, ? FROM chunks WHERE chunk_id = ?",
                keywords,
            )
            connection.execute("UPDATE documents SET state = 'ready' WHERE document_id = ?", (document_id,))
            (source,) = connection.execute(
                "SELECT source FROM documents WHERE document_id = ?", (document_id,)
            ).fetchone()
            self._delete_others(source, document_id)
            self._move_generation()
        return self.document(document_id)

    def fail(self, record: DocumentRecord) -> None:
        """Store a failed document in place of what its source had before."""
        with self._transaction() as connection:
            answered = connection.execute(
                "SELECT 1 FROM documents WHERE source = ? AND state = 'ready'", (record.source,)
            ).fetchone()
            self._delete_others(record.source, keep="")
            values = (*asdict(record).values(), "[]", "")
            connection.execute(f"INSERT INTO documents VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
            if answered:
                self._move_generation()

    def remove(self, document_id: str) -> None:
        """Delete a document and its keywords; its vectors become doomed."""
        with self._transaction():
            self._delete(document_id)
            self._move_generation()

    def abandon(self) -> None:
        """Delete all pending documents; their vectors become doomed."""
        with self._transaction() as connection:
            for (document_id,) in connection.execute(
                "SELECT document_id FROM documents WHERE state = 'pending'"
            ).fetchall():
                self._delete(document_id)

    def pending(self) -> list[DocumentRecord]:
        """Return the documents that are being made, or whose making was interrupted."""
        rows = self._rows(f"SELECT {_RECORD} FROM documents WHERE state = 'pending'")  # noqa: S608
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def doomed_vectors(self) -> list[str]:
        """Return the ids of vectors that are to be deleted."""
        return [str(row[0]) for row in self._rows("SELECT chunk_id FROM doomed_vectors")]

    def forget_doomed(self, chunk_ids: Sequence[str]) -> None:
        """Note that these vectors are deleted."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM doomed_vectors WHERE chunk_id = ?", ((i,) for i in chunk_ids))

    def _delete_others(self, source: str, keep: str) -> None:
        others = self._connection.execute(
            "SELECT document_id FROM documents WHERE source = ? AND document_id <> ?", (source, keep)
        ).fetchall()
        for (document_id,) in others:
            self._delete(document_id)

    def _delete(self, document_id: str) -> None:
        for statement in (
            "DELETE FROM keyword_index WHERE rowid IN (SELECT row FROM chunks WHERE document_id = ?)",
            "INSERT OR IGNORE INTO doomed_vectors SELECT chunk_id FROM chunks WHERE document_id = ?",
            "DELETE FROM documents WHERE document_id = ?",
        ):
            self._connection.execute(statement, (document_id,))

    def _move_generation(self) -> None:
        self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")

    @staticmethod
    def _keywords(chunks: Sequence[StoredChunk]) -> list[tuple[str, str, str, str, str]]:
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

    # Verifying and repairing

    def ready_chunk_ids(self) -> set[str]:
        """Return the ids of all chunks that ought to have a vector."""
        rows = self._rows("SELECT chunk_id FROM chunks JOIN documents USING (document_id) WHERE state = 'ready'")
        return {str(row[0]) for row in rows}

    def keyword_rows(self) -> int:
        """Return the number of rows of the keyword index."""
        return int(str(self._value("SELECT COUNT(*) FROM keyword_index")))

    def keyword_index_is_sound(self) -> bool:
        """Let FTS5 check its own structure."""
        try:
            self._rows("INSERT INTO keyword_index (keyword_index) VALUES ('integrity-check')")
        except sqlite3.DatabaseError:
            return False
        return True

    def chunks_without_keywords(self) -> list[str]:
        """Return ready chunks that the keyword index lacks."""
        rows = self._rows(
            "SELECT chunk_id FROM chunks JOIN documents USING (document_id) WHERE state = 'ready' "
            "AND row NOT IN (SELECT rowid FROM keyword_index)"
        )
        return [str(row[0]) for row in rows]

    def keywords_without_chunk(self) -> list[int]:
        """Return rows of the keyword index that belong to no ready chunk."""
        rows = self._rows(
            "SELECT rowid FROM keyword_index WHERE rowid NOT IN "
            "(SELECT row FROM chunks JOIN documents USING (document_id) WHERE state = 'ready')"
        )
        return [int(str(row[0])) for row in rows]

    def repair_keywords(self) -> None:
        """Make the keyword index agree with the chunks."""
        missing = self._keywords(self.chunks(self.chunks_without_keywords()))
        orphans = self.keywords_without_chunk()
        with self._transaction() as connection:
            connection.executemany("DELETE FROM keyword_index WHERE rowid = ?", ((row,) for row in orphans))
            connection.executemany(
                "INSERT INTO keyword_index (rowid, title, heading, body, identifiers) "
                "SELECT row, ?, ?, ?, ? FROM chunks WHERE chunk_id = ?",
                missing,
            )
            self._move_generation()

    def clear_keywords(self) -> None:
        """Drop the whole content of a keyword index that is not sound."""
        with self._transaction() as connection:
            connection.execute("DROP TABLE keyword_index")
            create = _SCHEMA[_SCHEMA.index("CREATE VIRTUAL TABLE") :].split(";\n", maxsplit=1)[0]
            connection.execute(create)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _VARIABLES):
        yield ids[start : start + _VARIABLES]


def _json(heading_path: tuple[str, ...]) -> str:
    return json.dumps(heading_path, ensure_ascii=False)


def _stored_chunk(row: tuple[object, ...]) -> StoredChunk:
    *plain, heading_path = row
    return StoredChunk(*plain, tuple(json.loads(str(heading_path))))  # type: ignore[arg-type, call-arg]
