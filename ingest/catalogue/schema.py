"""The tables of `library.sqlite3`, and how a library made by an earlier version of this program gets them.

    documents       one row for each content that is stored, with its text
    sources         one row for each path: several paths may lead to one document; `modified_at` is of the file
    chunks          pieces of documents; `hash` is of the text that is embedded
    keyword_index   FTS5, by the row of a chunk
    vectors         one for each distinct `hash`, by the model that made it
    doomed          hashes whose vectors may be needed no longer
    meta            generation, who wrote last, an id of the library
    jobs, job_files what earlier runs of ingestion did

The version is SQLite's `user_version`. Whoever opens a library migrates it, in one transaction.
"""

import sqlite3

from ingest.catalogue.document_language import JUDGED, document_language
from ingest.content_hash import chunk_hash
from ingest.errors import LibraryError

VERSION = 5

_FIRST_WITH_VECTORS = 4

KEYWORD_INDEX = """CREATE VIRTUAL TABLE {} USING fts5 (
    title, heading, body, identifiers, tokenize = 'porter unicode61 remove_diacritics 2'
)"""

_SOURCES_AND_JOBS = """
CREATE TABLE sources (
    source TEXT PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE ON UPDATE CASCADE,
    container TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    modified_at TEXT
) WITHOUT ROWID;
CREATE INDEX sources_document ON sources (document_id);
CREATE INDEX sources_container ON sources (container);
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE INDEX chunks_hash ON chunks (hash);

CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'interrupted')),
    arguments TEXT NOT NULL,
    counts TEXT NOT NULL DEFAULT '{}',
    chunks INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE job_files (
    job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    source TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    chunks INTEGER NOT NULL
);
CREATE INDEX job_files_job ON job_files (job_id)
"""

_DOCUMENTS_AND_CHUNKS = """
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
    text TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT '',
    headings TEXT NOT NULL DEFAULT '[]'
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
    text TEXT NOT NULL,
    hash BLOB NOT NULL DEFAULT x''
);
CREATE INDEX chunks_document ON chunks (document_id);

CREATE TABLE doomed_vectors (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID
"""

_VECTORS = """
DROP TABLE doomed_vectors;
CREATE TABLE doomed (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL,
    hash BLOB NOT NULL,
    vector BLOB NOT NULL
);
CREATE UNIQUE INDEX vectors_hash ON vectors (model, hash);
INSERT INTO meta VALUES ('library_id', lower(hex(randomblob(8))))
"""


def create_or_migrate(connection: sqlite3.Connection) -> None:
    """Give the database the present tables. The caller runs the transaction, so that it is all or nothing.

    Raises:
        LibraryError: when a newer version of this program made the library.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version == 0:
        _run(connection, _DOCUMENTS_AND_CHUNKS)
        connection.execute(KEYWORD_INDEX.format("keyword_index"))
        _run(connection, _SOURCES_AND_JOBS)
    elif version == 1:
        _from_version_1(connection)
        _add_languages(connection)
    elif version == 2:
        connection.execute("ALTER TABLE sources ADD COLUMN modified_at TEXT")
        _add_languages(connection)
    elif version > VERSION:
        raise LibraryError(
            f"a newer version of this program made the library (format {version}; this one reads up to {VERSION}); "
            "install the newer version"
        )
    if version < _FIRST_WITH_VECTORS:
        _run(connection, _VECTORS)
    if 0 < version < _FIRST_WITH_VECTORS:
        connection.execute("INSERT INTO meta VALUES ('vectors_to_adopt', 'yes')")  # see upkeep/migrations.py
    if version > 0:  # a document's headings are noted when it is read again
        connection.execute("ALTER TABLE documents ADD COLUMN headings TEXT NOT NULL DEFAULT '[]'")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _from_version_1(connection: sqlite3.Connection) -> None:
    """Add paths, the hashes of chunks and the history of jobs. Vectors and keywords stay as they are."""
    connection.execute("ALTER TABLE chunks ADD COLUMN hash BLOB NOT NULL DEFAULT x''")
    connection.create_function("chunk_hash", 2, chunk_hash, deterministic=True)
    connection.execute("UPDATE chunks SET hash = chunk_hash(heading_path, text)")
    _run(connection, _SOURCES_AND_JOBS)
    connection.execute(
        "INSERT OR IGNORE INTO sources (source, document_id) "
        "SELECT source, document_id FROM documents WHERE state <> 'pending' ORDER BY state = 'failed'"
    )


def _add_languages(connection: sqlite3.Connection) -> None:
    """Tell the language of each document. When a file was modified is noted as it is met again."""
    connection.execute("ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT ''")
    connection.create_function("document_language", 1, document_language, deterministic=True)
    connection.execute("UPDATE documents SET language = document_language(substr(text, 1, ?))", (JUDGED,))


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """Run statements one by one: `executescript` would commit the transaction."""
    for statement in statements.split(";\n"):
        connection.execute(statement)
