"""The source of truth of a library: documents, chunks and the keyword index in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypeVar

from ingest.catalogue_schema import KEYWORD_INDEX, create_or_migrate
from ingest.content_hash import chunk_hash
from ingest.document_filter import path_matches
from ingest.documents import Chunk, DocumentRecord, Heading, LoadedDocument, PageSpan, StoredChunk
from ingest.errors import DocumentNotFound, LibraryDamaged, LibraryError, LibraryLocked
from ingest.keyword_search import keyword_search
from ingest.keywords import index_identifiers, index_text
from ingest.language import document_language

_RECORD = "document_id, source, title, mime, sha256, size, state, error, chunks, characters, ingested_at"
_D_RECORD = ", ".join(f"d.{column}" for column in _RECORD.split(", "))
_CHUNK = (
    'c.chunk_id, c.document_id, d.source, d.title, c.text, c.start, c."end", c.page, c.heading_path '
    "FROM chunks c JOIN documents d USING (document_id)"
)
INSERT_KEYWORDS = (
    "INSERT INTO {} (rowid, title, heading, body, identifiers) "
    "SELECT row, ?, ?, ?, ? FROM chunks WHERE chunk_id = ?"
)
_BUSY_TIMEOUT = 30.0  # seconds
_KEYWORD_CACHE = 8_000  # kB: the parts of the keyword index that every search reads; a tenth of its time
_VARIABLES = 500  # in one statement
_RESTORE = "restore it from a backup, or remove its folder and ingest again: your own files are untouched"


@dataclass(frozen=True, slots=True)
class Source:
    """One path of a document. `container` is the file it lies in (an archive, an e-mail), None for a file itself.

    `modified_at` (ISO 8601, UTC) is when that file was changed last, as far as is known.
    """

    source: str
    document_id: str
    container: str | None
    tags: tuple[str, ...]
    modified_at: str | None = None


class Catalogue:
    """The SQLite side of a library. Safe to share between threads; every public method is one transaction.

    Methods raise LibraryDamaged when the file is not what this program wrote, LibraryError when the disk is full.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._keyword_lock = threading.Lock()
        with self._explained():
            self._connection = self._connect()
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.create_function("path_matches", 2, path_matches, deterministic=True)
            if not create and self.value("PRAGMA user_version") == 0:
                raise LibraryDamaged(f"{path} is empty or cut off; restore it, or remove its folder and ingest again")
            with self.transaction():
                create_or_migrate(self._connection)
            # Of its own, so that a question's two searches run at the same time and wait for no writing thread.
            self._keyword_connection = self._connect()
            self._keyword_connection.execute("PRAGMA query_only = ON")
            self._keyword_connection.execute(f"PRAGMA cache_size = -{_KEYWORD_CACHE}")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._keyword_lock:
            self._keyword_connection.close()
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one write transaction; any exception rolls it back."""
        with self._lock, self._explained():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, *parameters: object) -> object:
        """Return the first column of the first row of a query."""
        return self.rows(sql, *parameters)[0][0]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours, which say what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error) or "disk I/O" in str(error):
                raise LibraryError(
                    f"{self._path} cannot be written ({error}); make room on the disk and run the command again"
                ) from error
            if "locked" in str(error) or "busy" in str(error):
                raise LibraryLocked(f"{self._path} is in use by another process ({error}); try again later") from error
            raise LibraryDamaged(f"{self._path} cannot be used ({error}); {_RESTORE}") from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError):  # a closed connection is the caller's mistake
                raise
            raise LibraryDamaged(f"{self._path} cannot be opened ({error}); {_RESTORE}") from error

    # Reading

    def generation(self) -> int:
        """Return the counter that moves whenever answers may change."""
        return int(str(self.value("SELECT value FROM meta WHERE key = 'generation'")))

    def count(self) -> int:
        """Return the number of chunks of ready documents."""
        return int(str(self.value("SELECT COALESCE(SUM(chunks), 0) FROM documents WHERE state = 'ready'")))

    def has_chunks(self) -> bool:
        """Whether there is any chunk of a ready document; much faster than counting."""
        return bool(self.rows("SELECT 1 FROM documents WHERE state = 'ready' AND chunks > 0 LIMIT 1"))

    def documents(self) -> list[DocumentRecord]:
        """Return all documents by source. A new version in the making is not listed beside the one it replaces."""
        rows = self.rows(
            f"SELECT {_RECORD} FROM documents d WHERE state <> 'pending' OR NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM documents o WHERE o.source = d.source AND o.state <> 'pending') "
            "ORDER BY source, ingested_at"
        )
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def document(self, document_id: str) -> DocumentRecord:
        """Return one document's record, or raise DocumentNotFound."""
        rows = self.rows(f"SELECT {_RECORD} FROM documents WHERE document_id = ?", document_id)  # noqa: S608
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return DocumentRecord(*rows[0])  # type: ignore[arg-type]

    def of_source(self, source: str) -> DocumentRecord | None:
        """Return the record of the document to which a path leads; None for an unknown path."""
        rows = self.rows(
            f"SELECT {_D_RECORD} FROM sources s JOIN documents d USING (document_id) WHERE s.source = ?",  # noqa: S608
            source,
        )
        return DocumentRecord(*rows[0]) if rows else None  # type: ignore[arg-type]

    def with_content(self, sha256: str) -> list[DocumentRecord]:
        """Return the ready documents that were made of a file with this hash."""
        rows = self.rows(f"SELECT {_RECORD} FROM documents WHERE sha256 = ? AND state = 'ready'", sha256)  # noqa: S608
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def sources(self, document_id: str | None = None) -> list[Source]:
        """Return all paths, or those of one document, in order."""
        where = "" if document_id is None else "WHERE document_id = ?"
        sql = f"SELECT source, document_id, container, tags, modified_at FROM sources {where} ORDER BY source"  # noqa: S608
        return [_source(row) for row in self.rows(sql, *(() if document_id is None else (document_id,)))]

    def members(self, container: str) -> list[tuple[str, str, str]]:
        """Return `(source, sha256, state)` of everything that was found inside a file."""
        rows = self.rows(
            "SELECT s.source, d.sha256, d.state FROM sources s JOIN documents d USING (document_id) "
            "WHERE s.container = ?",
            container,
        )
        return [(str(source), str(sha256), str(state)) for source, sha256, state in rows]

    def text(self, document_id: str) -> str:
        """Return a document's stored text, or raise DocumentNotFound."""
        rows = self.rows("SELECT text FROM documents WHERE document_id = ?", document_id)
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return str(rows[0][0])

    def text_between(self, document_id: str, start: int, end: int) -> str:
        """Return a piece of a document's stored text, without reading all of it into memory; "" for an unknown id."""
        rows = self.rows("SELECT substr(text, ?, ?) FROM documents WHERE document_id = ?",
                         start + 1, end - start, document_id)  # fmt: skip
        return str(rows[0][0]) if rows else ""

    def pages(self, document_id: str) -> tuple[PageSpan, ...]:
        """Return the page spans of a document's stored text, or raise DocumentNotFound."""
        rows = self.rows("SELECT pages FROM documents WHERE document_id = ?", document_id)
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return tuple(PageSpan(*page) for page in json.loads(str(rows[0][0])))

    def headings(self, document_id: str) -> tuple[Heading, ...]:
        """Return the headings of a document's stored text in order, or raise DocumentNotFound.

        There are none for a document that was stored before they were.
        """
        rows = self.rows("SELECT headings FROM documents WHERE document_id = ?", document_id)
        if not rows:
            raise DocumentNotFound(f"no document has the id '{document_id}'")
        return tuple(Heading(*heading) for heading in json.loads(str(rows[0][0])))

    def chunks(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return the chunks of ready documents in the order asked; others are left out."""
        found: dict[str, StoredChunk] = {}
        for few in _batches(chunk_ids):
            marks = ", ".join("?" * len(few))
            sql = f"SELECT {_CHUNK} WHERE d.state = 'ready' AND c.chunk_id IN ({marks})"
            found |= {chunk.chunk_id: chunk for chunk in map(_stored_chunk, self.rows(sql, *few))}
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]

    def document_chunks(self, document_id: str) -> list[StoredChunk]:
        """Return all chunks of a document in the order of the text, whatever the document's state."""
        return list(
            map(_stored_chunk, self.rows(f"SELECT {_CHUNK} WHERE document_id = ? ORDER BY c.row", document_id))
        )

    def chunks_after(self, document_id: str, chunk_id: str, count: int) -> list[StoredChunk]:
        """Return up to `count` chunks of a document that come after `chunk_id` ("" for the beginning)."""
        sql = f"SELECT {_CHUNK} WHERE document_id = ? AND chunk_id > ? ORDER BY chunk_id LIMIT ?"
        return list(map(_stored_chunk, self.rows(sql, document_id, chunk_id, count)))

    def chunks_with(
        self, hashes: Sequence[bytes], among: Collection[str] | None, most: int
    ) -> dict[bytes, list[str]]:
        """Return, for each of these texts, the ids of up to `most` ready chunks; with `among`, of these documents."""
        found: dict[bytes, list[str]] = {}
        filtered = "" if among is None else "AND document_id IN (SELECT value FROM json_each(?))"
        for few in _batches(hashes):
            marks = ", ".join("?" * len(few))
            sql = (
                "SELECT hash, chunk_id FROM (SELECT hash, chunk_id, row_number() OVER "  # noqa: S608
                "(PARTITION BY hash ORDER BY row) AS n FROM chunks JOIN documents USING (document_id) "
                f"WHERE state = 'ready' AND hash IN ({marks}) {filtered}) WHERE n <= ? ORDER BY n"
            )
            for row in self.rows(sql, *few, *(() if among is None else (_json(list(among)),)), most):
                found.setdefault(_bytes(row[0]), []).append(str(row[1]))
        return found

    def count_of(self, document_ids: Collection[str]) -> int:
        """Return the number of chunks of those of these documents that are ready."""
        counted = (
            self.value(
                "SELECT COALESCE(SUM(chunks), 0) FROM documents "
                "WHERE state = 'ready' AND document_id IN (SELECT value FROM json_each(?))",
                _json(few),
            )
            for few in _batches(sorted(document_ids))
        )
        return sum(int(str(count)) for count in counted)

    def hashes_of(self, document_ids: Collection[str]) -> set[bytes]:
        """Return the hashes of all chunks of those of these documents that are ready."""
        found: set[bytes] = set()
        for few in _batches(sorted(document_ids)):
            rows = self.rows(
                "SELECT c.hash FROM chunks c JOIN documents d USING (document_id) "
                "WHERE d.state = 'ready' AND d.document_id IN (SELECT value FROM json_each(?))",
                _json(few),
            )
            found.update(_bytes(row[0]) for row in rows)
        return found

    def ready_chunks_after(self, row: int, count: int) -> tuple[int, list[StoredChunk]]:
        """Return up to `count` chunks of ready documents after a row of all chunks, and the last one's row."""
        sql = f"SELECT c.row, {_CHUNK} WHERE d.state = 'ready' AND c.row > ? ORDER BY c.row LIMIT ?"
        rows = self.rows(sql, row, count)
        return int(str(rows[-1][0])) if rows else row, [_stored_chunk(r[1:]) for r in rows]

    def chunk_hashes(self, chunk_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the hash of each of these chunks that there is."""
        found: dict[str, bytes] = {}
        for few in _batches(chunk_ids):
            sql = f"SELECT chunk_id, hash FROM chunks WHERE chunk_id IN ({', '.join('?' * len(few))})"  # noqa: S608
            found |= {str(row[0]): _bytes(row[1]) for row in self.rows(sql, *few)}
        return found

    def keyword(
        self, terms: Sequence[str], k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `k` chunks that hold any of `terms` as `(chunk_id, BM25 score)`, the largest first.

        With `among`, only chunks of these documents. What another thread has not committed yet is not seen.
        """
        with self._keyword_lock, self._explained():
            self._keyword_connection.execute("BEGIN")  # all its statements see the library as it is now
            try:
                return keyword_search(self._keyword_connection, terms, k, among)
            finally:
                self._keyword_connection.execute("COMMIT")

    # Writing: the caller holds the library's writer lock

    def become_writer(self, writer: str) -> bool:
        """Note who writes; say whether somebody else wrote last."""
        if self.value("SELECT value FROM meta WHERE key = 'last_writer'") == writer:
            return False
        with self.transaction() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'last_writer'", (writer,))
        return True

    def begin(self, record: DocumentRecord, document: LoadedDocument, chunks: Sequence[Chunk]) -> None:
        """Store a pending document with its text and chunks; nothing of it answers questions yet."""
        document_id = record.document_id
        with self.transaction() as connection:
            # A failed or interrupted version of the same content; the paths that lead to it come again with `finish`.
            connection.execute("DELETE FROM documents WHERE document_id = ? AND state <> 'ready'", (document_id,))
            self._insert(record, document)
            connection.executemany(
                'INSERT INTO chunks (chunk_id, document_id, start, "end", page, heading_path, text, hash) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        f"{document_id}-{n:06d}", document_id, c.start, c.end, c.page, _json(c.heading_path), c.text,
                        chunk_hash(c.heading_path, c.text),
                    )
                    for n, c in enumerate(chunks)
                ),
            )  # fmt: skip

    def add_keywords(self, chunks: Sequence[StoredChunk]) -> None:
        """Index the words of chunks of a pending document."""
        keywords = self.keywords_of(chunks)  # before the transaction: it takes a while
        with self.transaction() as connection:
            connection.executemany(INSERT_KEYWORDS.format("keyword_index"), keywords)

    def finish(
        self,
        document_id: str,
        container: str | None = None,
        tags: Sequence[str] = (),
        modified_at: str | None = None,
    ) -> DocumentRecord:
        """Make a pending document ready in place of what its path led to before."""
        with self.transaction() as connection:
            connection.execute("UPDATE documents SET state = 'ready' WHERE document_id = ?", (document_id,))
            (source,) = connection.execute(
                "SELECT source FROM documents WHERE document_id = ?", (document_id,)
            ).fetchone()
            self._point(source, document_id, container, tags, modified_at)
            self._move_generation()
        return self.document(document_id)

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
        with self.transaction() as connection:
            rows = connection.execute(
                "SELECT title, source FROM documents WHERE document_id = ? AND state = 'ready'", (document_id,)
            ).fetchall()
            if not rows:
                raise DocumentNotFound(f"no document has the id '{document_id}'")
            ((title, first),) = rows
            if in_place_of is not None:
                tags = (*tags, *self._tags(in_place_of))
            self._point(source, document_id, container, tags, modified_at)
            if in_place_of is not None:
                self._unpoint(in_place_of)
                if first == in_place_of:
                    connection.execute("UPDATE documents SET source = ? WHERE document_id = ?", (source, document_id))
                if title == Path(in_place_of).stem:
                    self._retitle(document_id, Path(source).stem)
            self._move_generation()
        return self.document(document_id)

    def tag(self, source: str, tags: Sequence[str]) -> None:
        """Add tags to a path."""
        with self.transaction() as connection:
            kept = sorted({*self._tags(source), *tags})
            connection.execute("UPDATE sources SET tags = ? WHERE source = ?", (_json(kept), source))

    def note_modified(self, source: str, modified_at: str) -> bool:
        """Note when a file was changed last, for it and for what is in it; say whether that was news."""
        stale = "(source = ? OR container = ?) AND modified_at IS NOT ?"
        if not self.rows(f"SELECT 1 FROM sources WHERE {stale} LIMIT 1", source, source, modified_at):  # noqa: S608
            return False
        with self.transaction() as connection:
            connection.execute(
                f"UPDATE sources SET modified_at = ? WHERE {stale}",  # noqa: S608
                (modified_at, source, source, modified_at),
            )
        return True

    def fail(self, record: DocumentRecord, container: str | None = None, tags: Sequence[str] = ()) -> None:
        """Store a failed document in place of what its path led to before."""
        with self.transaction():
            answered = self._connection.execute(
                "SELECT 1 FROM sources JOIN documents USING (document_id) WHERE sources.source = ? AND state = 'ready'",
                (record.source,),
            ).fetchone()
            kept = (*tags, *self._tags(record.source))
            self._unpoint(record.source)
            self._delete(record.document_id)  # an earlier failure of the same content
            self._insert(record, None)
            self._point(record.source, record.document_id, container, kept)
            if answered:
                self._move_generation()

    def mark_damaged(self, document_id: str, new_id: str, reason: str) -> None:
        """Keep of a document only that it failed; all its paths lead to that."""
        with self.transaction() as connection:
            self._forget_chunks(document_id)
            connection.execute(
                "UPDATE documents SET document_id = ?, state = 'failed', error = ?, sha256 = '', chunks = 0, "
                "characters = 0, pages = '[]', headings = '[]', text = '' WHERE document_id = ?",
                (new_id, reason, document_id),
            )
            self._move_generation()

    def remove(self, document_id: str) -> None:
        """Delete a document and its keywords; its vectors become doomed."""
        with self.transaction():
            self._delete(document_id)
            self._move_generation()

    def unlink(self, source: str) -> None:
        """Forget a path, and with the last path the document."""
        with self.transaction():
            self._unpoint(source)
            self._move_generation()

    def abandon(self) -> None:
        """Delete all pending documents; their vectors become doomed."""
        with self.transaction() as connection:
            for (document_id,) in connection.execute(
                "SELECT document_id FROM documents WHERE state = 'pending'"
            ).fetchall():
                self._delete(document_id)

    def pending(self) -> list[DocumentRecord]:
        """Return the documents that are being made, or whose making was interrupted."""
        rows = self.rows(f"SELECT {_RECORD} FROM documents WHERE state = 'pending'")  # noqa: S608
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def doomed(self) -> list[bytes]:
        """Return the hashes of texts whose vectors may be needed no longer."""
        return [_bytes(row[0]) for row in self.rows("SELECT hash FROM doomed")]

    def without_chunk(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Return those of these texts that no chunk has, of a pending document neither."""
        used: set[bytes] = set()
        for few in _batches(hashes):
            marks = ", ".join("?" * len(few))
            rows = self.rows(f"SELECT DISTINCT hash FROM chunks WHERE hash IN ({marks})", *few)  # noqa: S608
            used.update(_bytes(row[0]) for row in rows)
        return [key for key in hashes if key not in used]

    def forget_doomed(self, hashes: Sequence[bytes]) -> None:
        """Note that these vectors are deleted, or needed after all."""
        with self.transaction() as connection:
            connection.executemany("DELETE FROM doomed WHERE hash = ?", ((key,) for key in hashes))

    def library_id(self) -> str:
        """Return an id that no other library has."""
        return str(self.meta("library_id"))

    def meta(self, key: str) -> str | None:
        """Return a note of the library, or None."""
        rows = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: str | None) -> None:
        """Write a note of the library; None erases it."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM meta WHERE key = ?", (key,))
            if value is not None:
                connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))

    def move_generation(self) -> None:
        """Tell all processes that answers may change."""
        with self.transaction():
            self._move_generation()

    def _insert(self, record: DocumentRecord, document: LoadedDocument | None) -> None:
        pages = json.dumps([(p.number, p.start, p.end) for p in document.pages] if document else [])
        headings = json.dumps([(h.level, h.title, h.start) for h in document.headings] if document else [])
        text = document.text if document else ""
        values = (*astuple(record), pages, headings, text, document_language(text))
        columns = f"{_RECORD}, pages, headings, text, language"
        self._connection.execute(
            f"INSERT INTO documents ({columns}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
            values,
        )

    def _point(
        self,
        source: str,
        document_id: str,
        container: str | None,
        tags: Sequence[str],
        modified_at: str | None = None,
    ) -> None:
        """Let a path lead to a document; the one it led to before goes, unless other paths lead there."""
        earlier = self._connection.execute("SELECT document_id FROM sources WHERE source = ?", (source,)).fetchone()
        kept = _json(sorted({*self._tags(source), *tags}))
        self._connection.execute(
            "INSERT INTO sources (source, document_id, container, tags, modified_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (source) DO UPDATE SET document_id = excluded.document_id, container = excluded.container, "
            "tags = excluded.tags, modified_at = COALESCE(excluded.modified_at, modified_at)",
            (source, document_id, container, kept, modified_at),
        )
        if earlier is not None and earlier[0] != document_id:
            self._release(earlier[0], source)

    def _unpoint(self, source: str) -> None:
        earlier = self._connection.execute("SELECT document_id FROM sources WHERE source = ?", (source,)).fetchone()
        if earlier is not None:
            self._connection.execute("DELETE FROM sources WHERE source = ?", (source,))
            self._release(earlier[0], source)

    def _release(self, document_id: str, source: str) -> None:
        """Note that a path leads to a document no more: another becomes its first one, or it is deleted."""
        (heir,) = self._connection.execute(
            "SELECT MIN(source) FROM sources WHERE document_id = ?", (document_id,)
        ).fetchone()
        if heir is None:
            self._delete(document_id)
        else:
            self._connection.execute(
                "UPDATE documents SET source = ? WHERE document_id = ? AND source = ?", (heir, document_id, source)
            )

    def _tags(self, source: str) -> tuple[str, ...]:
        row = self._connection.execute("SELECT tags FROM sources WHERE source = ?", (source,)).fetchone()
        return tuple(json.loads(row[0])) if row else ()

    def _retitle(self, document_id: str, title: str) -> None:
        self._connection.execute("UPDATE documents SET title = ? WHERE document_id = ?", (title, document_id))
        self._connection.execute(
            "UPDATE keyword_index SET title = ? WHERE rowid IN (SELECT row FROM chunks WHERE document_id = ?)",
            (index_text(title), document_id),
        )

    def _delete(self, document_id: str) -> None:
        self._forget_chunks(document_id)
        self._connection.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))

    def _forget_chunks(self, document_id: str) -> None:
        for statement in (
            "DELETE FROM keyword_index WHERE rowid IN (SELECT row FROM chunks WHERE document_id = ?)",
            "INSERT OR IGNORE INTO doomed SELECT hash FROM chunks WHERE document_id = ?",
            "DELETE FROM chunks WHERE document_id = ?",
        ):
            self._connection.execute(statement, (document_id,))

    def _move_generation(self) -> None:
        self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")

    @staticmethod
    def keywords_of(chunks: Sequence[StoredChunk]) -> list[tuple[str, str, str, str, str]]:
        """Return what the keyword index stores of chunks, and their ids, as `INSERT_KEYWORDS` takes it."""
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
        rows = self.rows("SELECT chunk_id FROM chunks JOIN documents USING (document_id) WHERE state = 'ready'")
        return {str(row[0]) for row in rows}

    def keyword_rows(self) -> int:
        """Return the number of rows of the keyword index."""
        return int(str(self.value("SELECT COUNT(*) FROM keyword_index")))

    def keyword_index_is_sound(self) -> bool:
        """Let FTS5 check its own structure."""
        try:
            self.rows("INSERT INTO keyword_index (keyword_index) VALUES ('integrity-check')")
        except LibraryDamaged:
            return False
        return True

    def chunks_without_keywords(self) -> list[str]:
        """Return ready chunks that the keyword index lacks."""
        rows = self.rows(
            "SELECT chunk_id FROM chunks JOIN documents USING (document_id) WHERE state = 'ready' "
            "AND row NOT IN (SELECT rowid FROM keyword_index)"
        )
        return [str(row[0]) for row in rows]

    def keywords_without_chunk(self) -> list[int]:
        """Return rows of the keyword index that belong to no chunk."""
        rows = self.rows("SELECT rowid FROM keyword_index WHERE rowid NOT IN (SELECT row FROM chunks)")
        return [int(str(row[0])) for row in rows]

    def documents_without_path(self) -> list[DocumentRecord]:
        """Return ready and failed documents to which their own path does not lead."""
        rows = self.rows(
            f"SELECT {_D_RECORD} FROM documents d WHERE state <> 'pending' AND NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM sources s WHERE s.source = d.source AND s.document_id = d.document_id)"
        )
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def repair_paths(self) -> None:
        """Give each document its path back, or delete one whose path leads to another."""
        for record in self.documents_without_path():
            with self.transaction():
                taken = self._connection.execute(
                    "SELECT document_id FROM sources WHERE source = ?", (record.source,)
                ).fetchone()
                if taken is None:
                    self._point(record.source, record.document_id, None, ())
                else:
                    self._release(record.document_id, record.source)
                self._move_generation()

    def repair_keywords(self) -> None:
        """Make the keyword index agree with the chunks."""
        missing = self.keywords_of(self.chunks(self.chunks_without_keywords()))
        orphans = self.keywords_without_chunk()
        with self.transaction() as connection:
            connection.executemany("DELETE FROM keyword_index WHERE rowid = ?", ((row,) for row in orphans))
            connection.executemany(INSERT_KEYWORDS.format("keyword_index"), missing)
            self._move_generation()

    def clear_keywords(self) -> None:
        """Drop the whole content of a keyword index that is not sound."""
        with self.transaction() as connection:
            connection.execute("DROP TABLE keyword_index")
            connection.execute(KEYWORD_INDEX.format("keyword_index"))


def _bytes(value: object) -> bytes:
    return bytes(value)  # type: ignore[call-overload, no-any-return]


_Key = TypeVar("_Key", str, bytes)


def _batches(ids: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    for start in range(0, len(ids), _VARIABLES):
        yield ids[start : start + _VARIABLES]


def _json(texts: Sequence[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)


def _source(row: tuple[object, ...]) -> Source:
    source, document_id, container, tags, modified_at = row
    return Source(
        str(source),
        str(document_id),
        None if container is None else str(container),
        tuple(json.loads(str(tags))),
        None if modified_at is None else str(modified_at),
    )


def _stored_chunk(row: tuple[object, ...]) -> StoredChunk:
    *plain, heading_path = row
    return StoredChunk(*plain, tuple(json.loads(str(heading_path))))  # type: ignore[arg-type, call-arg]
