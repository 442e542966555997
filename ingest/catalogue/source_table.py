"""Paths: several may lead to one document, whose content is stored once."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.catalogue.database import Database
from ingest.catalogue.document_table import RECORD_OF_D, delete_document, record_of
from ingest.catalogue.meta_table import move_generation
from ingest.catalogue.sql_values import json_list
from ingest.documents import DocumentRecord


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


class SourceTable:
    """The table `sources`. Safe to share between threads; only who holds the writer lock may call what writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, document_id: str | None = None) -> list[Source]:
        """Return all paths, or those of one document, in order."""
        where = "" if document_id is None else "WHERE document_id = ?"
        sql = f"SELECT source, document_id, container, tags, modified_at FROM sources {where} ORDER BY source"  # noqa: S608
        return [_source(row) for row in self._database.rows(sql, *(() if document_id is None else (document_id,)))]

    def members(self, container: str) -> list[tuple[str, str, str]]:
        """Return `(source, sha256, state)` of everything that was found inside a file."""
        rows = self._database.rows(
            "SELECT s.source, d.sha256, d.state FROM sources s JOIN documents d USING (document_id) "
            "WHERE s.container = ?",
            container,
        )
        return [(str(source), str(sha256), str(state)) for source, sha256, state in rows]

    def tag(self, source: str, tags: Sequence[str]) -> None:
        """Add tags to a path."""
        with self._database.transaction() as connection:
            kept = sorted({*tags_of(connection, source), *tags})
            connection.execute("UPDATE sources SET tags = ? WHERE source = ?", (json_list(kept), source))

    def note_modified(self, source: str, modified_at: str) -> bool:
        """Note when a file was changed last, for it and for what is in it; say whether that was news."""
        stale = "(source = ? OR container = ?) AND modified_at IS NOT ?"
        known = self._database.rows(f"SELECT 1 FROM sources WHERE {stale} LIMIT 1", source, source, modified_at)  # noqa: S608
        if not known:
            return False
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE sources SET modified_at = ? WHERE {stale}",  # noqa: S608
                (modified_at, source, source, modified_at),
            )
        return True

    def documents_without_path(self) -> list[DocumentRecord]:
        """Return ready and failed documents to which their own path does not lead."""
        rows = self._database.rows(
            f"SELECT {RECORD_OF_D} FROM documents d WHERE state <> 'pending' AND NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM sources s WHERE s.source = d.source AND s.document_id = d.document_id)"
        )
        return [record_of(row) for row in rows]

    def repair(self) -> None:
        """Give each document its path back, or delete one whose path leads to another."""
        for record in self.documents_without_path():
            with self._database.transaction() as connection:
                if _document_of(connection, record.source) is None:
                    point(connection, record.source, record.document_id, None, ())
                else:
                    _release(connection, record.document_id, record.source)
                move_generation(connection)


# Parts of a transaction


def point(
    connection: sqlite3.Connection,
    source: str,
    document_id: str,
    container: str | None,
    tags: Sequence[str],
    modified_at: str | None = None,
) -> None:
    """Let a path lead to a document; the one it led to before goes, unless other paths lead there."""
    earlier = _document_of(connection, source)
    kept = json_list(sorted({*tags_of(connection, source), *tags}))
    connection.execute(
        "INSERT INTO sources (source, document_id, container, tags, modified_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (source) DO UPDATE SET document_id = excluded.document_id, container = excluded.container, "
        "tags = excluded.tags, modified_at = COALESCE(excluded.modified_at, modified_at)",
        (source, document_id, container, kept, modified_at),
    )
    if earlier is not None and earlier != document_id:
        _release(connection, earlier, source)


def unpoint(connection: sqlite3.Connection, source: str) -> None:
    """Forget a path, and with the last path the document."""
    earlier = _document_of(connection, source)
    if earlier is not None:
        connection.execute("DELETE FROM sources WHERE source = ?", (source,))
        _release(connection, earlier, source)


def tags_of(connection: sqlite3.Connection, source: str) -> tuple[str, ...]:
    """Return the tags of a path; none for an unknown one."""
    row = connection.execute("SELECT tags FROM sources WHERE source = ?", (source,)).fetchone()
    return tuple(json.loads(row[0])) if row else ()


def _document_of(connection: sqlite3.Connection, source: str) -> str | None:
    row = connection.execute("SELECT document_id FROM sources WHERE source = ?", (source,)).fetchone()
    return None if row is None else str(row[0])


def _release(connection: sqlite3.Connection, document_id: str, source: str) -> None:
    """Note that a path leads to a document no more: another becomes its first one, or it is deleted."""
    (heir,) = connection.execute("SELECT MIN(source) FROM sources WHERE document_id = ?", (document_id,)).fetchone()
    if heir is None:
        delete_document(connection, document_id)
    else:
        connection.execute(
            "UPDATE documents SET source = ? WHERE document_id = ? AND source = ?", (heir, document_id, source)
        )


def _source(row: tuple[object, ...]) -> Source:
    source, document_id, container, tags, modified_at = row
    return Source(
        str(source),
        str(document_id),
        None if container is None else str(container),
        tuple(json.loads(str(tags))),
        None if modified_at is None else str(modified_at),
    )
