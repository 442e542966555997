"""Documents with their stored text, pages and headings: one row for each content."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import astuple

from ingest.catalogue.chunk_table import forget_chunks
from ingest.catalogue.database import Database
from ingest.catalogue.document_language import document_language
from ingest.catalogue.keyword_index import retitle_keywords
from ingest.catalogue.sql_values import batches, json_list
from ingest.documents import DocumentRecord, Heading, LoadedDocument, PageSpan
from ingest.errors import DocumentNotFound

_RECORD = "document_id, source, title, mime, sha256, size, state, error, chunks, characters, ingested_at"
RECORD_OF_D = ", ".join(f"d.{column}" for column in _RECORD.split(", "))


class DocumentTable:
    """The table `documents`, read. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[DocumentRecord]:
        """Return all documents by source. A new version in the making is not listed beside the one it replaces."""
        rows = self._database.rows(
            f"SELECT {_RECORD} FROM documents d WHERE state <> 'pending' OR NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM documents o WHERE o.source = d.source AND o.state <> 'pending') "
            "ORDER BY source, ingested_at"
        )
        return [record_of(row) for row in rows]

    def get(self, document_id: str) -> DocumentRecord:
        """Return one document's record, or raise DocumentNotFound."""
        return record_of(self._row(_RECORD, document_id))

    def of_source(self, source: str) -> DocumentRecord | None:
        """Return the record of the document to which a path leads; None for an unknown path."""
        rows = self._database.rows(
            f"SELECT {RECORD_OF_D} FROM sources s JOIN documents d USING (document_id) WHERE s.source = ?",  # noqa: S608
            source,
        )
        return record_of(rows[0]) if rows else None

    def with_content(self, sha256: str) -> list[DocumentRecord]:
        """Return the ready documents that were made of a file with this hash."""
        sql = f"SELECT {_RECORD} FROM documents WHERE sha256 = ? AND state = 'ready'"  # noqa: S608
        return [record_of(row) for row in self._database.rows(sql, sha256)]

    def pending(self) -> list[DocumentRecord]:
        """Return the documents that are being made, or whose making was interrupted."""
        rows = self._database.rows(f"SELECT {_RECORD} FROM documents WHERE state = 'pending'")  # noqa: S608
        return [record_of(row) for row in rows]

    def text(self, document_id: str) -> str:
        """Return a document's stored text, or raise DocumentNotFound."""
        return str(self._row("text", document_id)[0])

    def text_between(self, document_id: str, start: int, end: int) -> str:
        """Return a piece of a document's stored text, without reading all of it into memory; "" for an unknown id."""
        rows = self._database.rows("SELECT substr(text, ?, ?) FROM documents WHERE document_id = ?",
                                   start + 1, end - start, document_id)  # fmt: skip
        return str(rows[0][0]) if rows else ""

    def pages(self, document_id: str) -> tuple[PageSpan, ...]:
        """Return the page spans of a document's stored text, or raise DocumentNotFound."""
        return tuple(PageSpan(*page) for page in json.loads(str(self._row("pages", document_id)[0])))

    def headings(self, document_id: str) -> tuple[Heading, ...]:
        """Return the headings of a document's stored text in order, or raise DocumentNotFound.

        There are none for a document that was stored before they were.
        """
        return tuple(Heading(*heading) for heading in json.loads(str(self._row("headings", document_id)[0])))

    def chunk_count(self) -> int:
        """Return the number of chunks of ready documents."""
        return self._database.number("SELECT COALESCE(SUM(chunks), 0) FROM documents WHERE state = 'ready'")

    def chunk_count_of(self, document_ids: Collection[str]) -> int:
        """Return the number of chunks of those of these documents that are ready."""
        sql = (
            "SELECT COALESCE(SUM(chunks), 0) FROM documents "
            "WHERE state = 'ready' AND document_id IN (SELECT value FROM json_each(?))"
        )
        return sum(self._database.number(sql, json_list(few)) for few in batches(sorted(document_ids)))

    def has_chunks(self) -> bool:
        """Whether there is any chunk of a ready document; much faster than counting."""
        return bool(self._database.rows("SELECT 1 FROM documents WHERE state = 'ready' AND chunks > 0 LIMIT 1"))

    def _row(self, columns: str, document_id: str) -> tuple[object, ...]:
        rows = self._database.rows(f"SELECT {columns} FROM documents WHERE document_id = ?", document_id)  # noqa: S608
        if not rows:
            raise no_such_document(document_id)
        return rows[0]


def record_of(row: tuple[object, ...]) -> DocumentRecord:
    """Return a record as it was selected."""
    return DocumentRecord(*row)  # type: ignore[arg-type]


def no_such_document(document_id: str) -> DocumentNotFound:
    """Return the error for an unknown id."""
    return DocumentNotFound(f"no document has the id '{document_id}'")


# Parts of a transaction


def insert_document(connection: sqlite3.Connection, record: DocumentRecord, document: LoadedDocument | None) -> None:
    """Store a record, and the text of a document that has one."""
    pages = json.dumps([(p.number, p.start, p.end) for p in document.pages] if document else [])
    headings = json.dumps([(h.level, h.title, h.start) for h in document.headings] if document else [])
    text = document.text if document else ""
    values = (*astuple(record), pages, headings, text, document_language(text))
    columns = f"{_RECORD}, pages, headings, text, language"
    connection.execute(f"INSERT INTO documents ({columns}) VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


def delete_document(connection: sqlite3.Connection, document_id: str) -> None:
    """Delete a document, its chunks and keywords; its vectors become doomed."""
    forget_chunks(connection, document_id)
    connection.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))


def retitle_document(connection: sqlite3.Connection, document_id: str, title: str) -> None:
    """Give a document another title, by which it is found from now on."""
    connection.execute("UPDATE documents SET title = ? WHERE document_id = ?", (title, document_id))
    retitle_keywords(connection, document_id, title)
