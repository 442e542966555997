"""Notes of a library about itself: its id, the generation, who wrote last."""

import sqlite3

from ingest.catalogue.database import Database


class MetaTable:
    """The table `meta`. Safe to share between threads; only who holds the writer lock may call what writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def generation(self) -> int:
        """Return the counter that moves whenever answers may change."""
        return self._database.number("SELECT value FROM meta WHERE key = 'generation'")

    def move_generation(self) -> None:
        """Tell all processes that answers may change."""
        with self._database.transaction() as connection:
            move_generation(connection)

    def library_id(self) -> str:
        """Return an id that no other library has."""
        return str(self.get("library_id"))

    def become_writer(self, writer: str) -> bool:
        """Note who writes; say whether somebody else wrote last."""
        if self.get("last_writer") == writer:
            return False
        with self._database.transaction() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'last_writer'", (writer,))
        return True

    def get(self, key: str) -> str | None:
        """Return a note of the library, or None."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def set(self, key: str, value: str | None) -> None:
        """Write a note of the library; None erases it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM meta WHERE key = ?", (key,))
            if value is not None:
                connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))


def move_generation(connection: sqlite3.Connection) -> None:
    """As a part of a transaction, tell all processes that answers may change."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
