"""One SQLite file, its connections and transactions; its errors say what to do."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.catalogue.document_filter import path_matches
from ingest.catalogue.schema import create_or_migrate
from ingest.errors import LibraryClosed, LibraryDamaged, LibraryError, LibraryLocked

_BUSY_TIMEOUT = 30.0  # seconds
_SEARCH_CACHE = 8_000  # kB: the parts of the keyword index that every search reads; a tenth of its time
_RESTORE = "restore it from a backup, or remove its folder and ingest again: your own files are untouched"


class Database:
    """The file of a library with the present tables. Safe to share between threads.

    Methods raise LibraryDamaged when the file is not what this program wrote, LibraryError when the disk is full,
    LibraryClosed after `close`.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._search_lock = threading.Lock()
        self._closed = False
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
            self._search_connection = self._connect()
            self._search_connection.execute("PRAGMA query_only = ON")
            self._search_connection.execute(f"PRAGMA cache_size = -{_SEARCH_CACHE}")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self._closed = True
        with self._search_lock:
            self._search_connection.close()
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
                if not self._closed and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read the library as it is now, beside other threads; what they have not committed yet is not seen."""
        with self._search_lock, self._explained():
            self._search_connection.execute("BEGIN")
            try:
                yield self._search_connection
            finally:
                self._search_connection.execute("COMMIT")

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, *parameters: object) -> object:
        """Return the first column of the first row of a query."""
        return self.rows(sql, *parameters)[0][0]

    def number(self, sql: str, *parameters: object) -> int:
        """Return the first column of the first row of a query, which is a whole number."""
        return int(str(self.value(sql, *parameters)))

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
        except sqlite3.ProgrammingError as error:  # a mistake of the caller's
            if self._closed:
                raise LibraryClosed(
                    f"the library in {self._path.parent} was closed; open it again with `Library.open`"
                ) from error
            raise
        except sqlite3.DatabaseError as error:
            raise LibraryDamaged(f"{self._path} cannot be opened ({error}); {_RESTORE}") from error
