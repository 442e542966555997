"""A library that the first version of the program made opens, migrated, and keeps everything."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

from ingest.catalogue.document_filter import DocumentFilter
from ingest.catalogue.schema import VERSION
from ingest.content_hash import chunk_hash
from ingest.errors import FilterError
from ingest.job import ingest
from ingest.library import Library, LibraryError

# The tables of format 1, as they were.
SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '7'), ('last_writer', '');
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY, source TEXT NOT NULL, title TEXT NOT NULL, mime TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed')), error TEXT,
    chunks INTEGER NOT NULL, characters INTEGER NOT NULL, ingested_at TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX documents_source ON documents (source);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading_path TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX chunks_document ON chunks (document_id);
CREATE VIRTUAL TABLE keyword_index USING fts5 (
    title, heading, body, identifiers, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TABLE doomed_vectors (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def keep_vectors_by_chunks(folder: Path) -> None:
    """Put the vectors into Chroma by the ids of chunks, and nowhere else, as formats 1 to 3 had them."""
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        rows = connection.execute(
            "SELECT chunk_id, vector FROM chunks JOIN vectors USING (hash) JOIN documents USING (document_id)"
        ).fetchall()
    shutil.rmtree(folder / "chroma")
    client = chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
    client.create_collection("chunks", embedding_function=None).add(
        ids=[str(i) for i, _ in rows], embeddings=[np.frombuffer(v, dtype="<f4") for _, v in rows]
    )
    client.close()
    path = folder / "fingerprint.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in stored.items() if k not in {"embedded_text", "index"}}))


def back_to_version_1(folder: Path) -> None:
    """Put what a present library holds into the tables of format 1."""
    keep_vectors_by_chunks(folder)
    path = folder / "library.sqlite3"
    new = path.with_name("new.sqlite3")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.rename(new)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    old = sqlite3.connect(path)
    old.executescript(SCHEMA_1)
    old.execute("ATTACH ? AS present", (str(new),))
    documents = (
        "document_id, source, title, mime, sha256, size, state, error, chunks, characters, ingested_at, pages, text"
    )
    columns = 'row, chunk_id, document_id, start, "end", page, heading_path, text'
    for statement in (
        f"INSERT INTO documents SELECT {documents} FROM present.documents",
        f"INSERT INTO chunks SELECT {columns} FROM present.chunks",
        "INSERT INTO keyword_index (rowid, title, heading, body, identifiers) "
        "SELECT rowid, title, heading, body, identifiers FROM present.keyword_index",
    ):
        old.execute(statement)
    old.commit()
    old.close()
    new.unlink()


def test_a_library_of_format_1_keeps_its_documents_and_gets_the_new_bookkeeping(
    library: Library, tmp_path: Path
) -> None:
    # given a library of format 1 with a good and a failed document
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Kettles\n\nThe copper kettle holds two litres.")
    (docs / "b.txt").write_bytes(b"")
    ingest(library, [docs])
    records, hits = library.documents(), library.search_vectors("copper kettle", 3)
    library.close()
    back_to_version_1(library.folder)

    # when it is opened
    with Library.open(library.folder, library.embedder) as opened:
        # then nothing is lost, a run has nothing to do, and copies are known by their content
        assert opened.documents() == records
        assert opened.search_vectors("copper kettle", 3) == hits and len(opened.search_keywords("kettle", 3)) == 1
        assert {Path(s.source).name for s in opened.sources()} == {"a.md", "b.txt"}
        assert opened.verify().clean
        (docs / "b.txt").unlink()
        (docs / "c.md").write_text((docs / "a.md").read_text())
        report = ingest(opened, [docs], prune=True)
        assert (len(report.unchanged), len(report.copied), len(report.removed)) == (1, 1, 1)
        assert report.embedded == 0

    connection = sqlite3.connect(library.folder / "library.sqlite3")
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    for heading_path, text, stored in connection.execute("SELECT heading_path, text, hash FROM chunks"):
        assert stored == chunk_hash(json.loads(heading_path), text)
    connection.close()


def test_a_library_of_format_2_gets_languages_at_once_and_days_as_its_files_are_met(
    library: Library, tmp_path: Path
) -> None:
    # given a library whose tables lack both
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The copper kettle holds two litres.")
    (docs / "b.txt").write_text("铜水壶可以装两升水。")
    os.utime(docs / "a.txt", (1_000_000_000, 1_000_000_000))  # September 2001
    ingest(library, [docs])
    library.close()
    keep_vectors_by_chunks(library.folder)
    connection = sqlite3.connect(library.folder / "library.sqlite3", isolation_level=None)
    for statement in (
        "DROP TABLE vectors",
        "DROP TABLE doomed",
        "CREATE TABLE doomed_vectors (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID",
        "DELETE FROM meta WHERE key = 'library_id'",
        "ALTER TABLE documents DROP COLUMN language",
        "ALTER TABLE documents DROP COLUMN headings",
        "ALTER TABLE sources DROP COLUMN modified_at",
        "PRAGMA user_version = 2",
    ):
        connection.execute(statement)
    connection.close()

    with Library.open(library.folder, library.embedder) as opened:
        # when it is opened, then languages are known; the day is that of the ingestion until the file is met again
        (english,) = opened.choose(DocumentFilter.of(language="en"))
        assert opened.document(english).source.endswith("a.txt")
        assert opened.choose(DocumentFilter.of(language="zh")) != [english]
        with pytest.raises(FilterError, match="until 2002-01-01"):
            opened.choose(DocumentFilter.of(until="2002-01-01"))
        assert ingest(opened, [docs]).embedded == 0
        assert opened.choose(DocumentFilter.of(until="2002-01-01")) == [english]


def test_a_library_of_format_4_keeps_its_vectors_and_notes_headings_of_what_is_read_again(
    library: Library, tmp_path: Path
) -> None:
    file = tmp_path / "a.md"
    file.write_text("# Kettles\n\nThe copper kettle holds two litres.")
    ingest(library, [file])
    library.close()
    connection = sqlite3.connect(library.folder / "library.sqlite3", isolation_level=None)
    connection.execute("ALTER TABLE documents DROP COLUMN headings")
    connection.execute("PRAGMA user_version = 4")
    connection.close()

    with Library.open(library.folder, library.embedder) as opened:
        (record,) = opened.documents()
        assert opened.headings(record.document_id) == ()
        assert len(opened.search_vectors("copper kettle", 3)) == 1 and opened.verify().clean
        file.write_text("# Kettles\n\nThe copper kettle holds three litres.")
        ingest(opened, [file])
        (record,) = opened.documents()
        assert [h.title for h in opened.headings(record.document_id)] == ["Kettles"]


def test_a_library_of_a_newer_program_is_refused(library: Library) -> None:
    library.close()
    connection = sqlite3.connect(library.folder / "library.sqlite3")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(LibraryError, match="newer version"):
        Library.open(library.folder, library.embedder)
