"""The vectors of a library in its SQLite file: one for each distinct embedded text, by the hash of that text.

This is where vectors are kept; any index over them (`index.py`) can be made again from here without embedding.
Each row names the model, so that the vectors of the next model can be made beside those in use (`reindex.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue.database import Database
from ingest.catalogue.sql_values import batches, blob, marks
from ingest.vectors.index import VectorIndex

_BLOCK = 4096  # vectors held in memory at once while many are read
# The `+` keeps SQLite from looking up all rows of the model and sorting them, for every block anew.
_NEXT_BLOCK = "SELECT row, hash, vector FROM vectors WHERE row > ? AND +model = ? ORDER BY row LIMIT ?"


class VectorTable:
    """The vectors that one model made. Safe to share between threads.

    Args:
        database: the library's file.
        model: names the model (`Fingerprint.model_key`).
        dimension: the length of each vector.
    """

    def __init__(self, database: Database, model: str, dimension: int) -> None:
        self.model = model
        self.dimension = dimension
        self._database = database

    def __len__(self) -> int:
        return self._database.number("SELECT COUNT(*) FROM vectors WHERE model = ?", self.model)

    def have(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Return those of `hashes` that have a vector."""
        found: set[bytes] = set()
        for few in batches(hashes):
            sql = f"SELECT hash FROM vectors WHERE model = ? AND length(vector) = ? AND hash IN ({marks(few)})"  # noqa: S608
            found.update(blob(row[0]) for row in self._database.rows(sql, self.model, 4 * self.dimension, *few))
        return found

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of these texts, each of shape `(dimension,)`; texts without one are left out."""
        found: dict[bytes, NDArray[np.float32]] = {}
        for few in batches(hashes):
            sql = f"SELECT hash, vector FROM vectors WHERE model = ? AND hash IN ({marks(few)})"  # noqa: S608
            for row in self._database.rows(sql, self.model, *few):
                vector = np.frombuffer(blob(row[1]), dtype="<f4")
                if len(vector) == self.dimension:  # a cut one is missing: it is made again
                    found[blob(row[0])] = vector
        return found

    def store(self, vectors: Mapping[bytes, NDArray[np.float32]], index: VectorIndex) -> None:
        """Store new vectors by the hash of their text, in an index first: so it lacks nothing of what is here."""
        if vectors:
            hashes, array = list(vectors), np.stack(list(vectors.values()))
            index.upsert(hashes, array)
            self.add(hashes, array)

    def add(self, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Store one vector for each text, in one transaction; `vectors` has shape `(len(hashes), dimension)`."""
        rows = [
            (self.model, key, np.ascontiguousarray(vector, dtype="<f4").tobytes())
            for key, vector in zip(hashes, vectors, strict=True)
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors (model, hash, vector) VALUES (?, ?, ?)", rows)

    def delete(self, hashes: Iterable[bytes]) -> None:
        """Delete the vectors of these texts; texts without one are passed over."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM vectors WHERE model = ? AND hash = ?", ((self.model, key) for key in hashes)
            )

    def blocks(self, after: int = 0, most: int | None = None) -> Iterator[tuple[int, list[bytes], NDArray[np.float32]]]:
        """Yield all vectors stored after a row, or the first `most` of them, oldest first, a bounded number at a time.

        Yields:
            The last row, the hashes, and an array of shape `(len(hashes), dimension)`.
        """
        while rows := self._database.rows(
            _NEXT_BLOCK, after, self.model, _BLOCK if most is None else min(_BLOCK, most)
        ):
            after = int(str(rows[-1][0]))
            most = None if most is None else most - len(rows)
            sound = [(blob(key), blob(data)) for _, key, data in rows if len(blob(data)) == 4 * self.dimension]
            array = np.frombuffer(b"".join(data for _, data in sound), dtype="<f4").reshape(-1, self.dimension)
            yield after, [key for key, _ in sound], array

    def hashes(self) -> set[bytes]:
        """Return the hashes of all texts that have a vector."""
        return {blob(row[0]) for row in self._database.rows("SELECT hash FROM vectors WHERE model = ?", self.model)}

    def count_of_chunks(self) -> int:
        """Return the number of ready chunks that have a vector."""
        return self._database.number(
            "SELECT COUNT(*) FROM chunks JOIN documents USING (document_id) JOIN vectors v ON v.model = ? "
            "AND v.hash = chunks.hash WHERE state = 'ready'",
            self.model,
        )

    def missing(self) -> list[bytes]:
        """Return the hashes of ready chunks that have no vector, or one of another length."""
        rows = self._database.rows(
            "SELECT DISTINCT hash FROM chunks JOIN documents USING (document_id) WHERE state = 'ready' AND NOT EXISTS "
            "(SELECT 1 FROM vectors v WHERE v.model = ? AND v.hash = chunks.hash AND length(v.vector) = ?) "
            "ORDER BY hash",
            self.model,
            4 * self.dimension,
        )
        return [blob(row[0]) for row in rows]

    def orphaned(self) -> list[bytes]:
        """Return the hashes of vectors whose text no chunk has."""
        rows = self._database.rows(
            "SELECT hash FROM vectors WHERE model = ? AND hash NOT IN (SELECT hash FROM chunks)", self.model
        )
        return [blob(row[0]) for row in rows]


def delete_other_models(database: Database, model: str) -> None:
    """Delete the vectors of all models but one, in transactions that each take a moment."""
    while database.rows("SELECT 1 FROM vectors WHERE model <> ? LIMIT 1", model):
        with database.transaction() as connection:
            connection.execute(
                "DELETE FROM vectors WHERE row IN (SELECT row FROM vectors WHERE model <> ? LIMIT ?)", (model, _BLOCK)
            )
