"""Nearest vectors by comparing with every one: nothing is missed, and any part of a library can be searched alone.

For 100,000 vectors of 384 numbers that takes about ten milliseconds on one core; a graph index would take half of
that, miss some neighbours, and lose most of them where many vectors are the same. The matrix is read from the library's
file once a process and grows as other processes add to it.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.vectors.table import VectorTable

_DEAD = 0.1  # part of the matrix that may be deleted vectors before it is read anew


@dataclass(frozen=True)
class _Snapshot:
    """The vectors as they were at some generation; never changed, so that searches need no lock."""

    generation: int
    last_row: int
    hashes: tuple[bytes, ...]
    matrix: NDArray[np.float32]  # (len(hashes), dimension)

    @cached_property
    def row_of(self) -> dict[bytes, int]:
        """Where the vector of a text is; made when a search among some documents first asks."""
        return {key: row for row, key in enumerate(self.hashes)}


class ExactSearch:
    """All vectors of a table in memory. Safe to share between threads."""

    def __init__(self, table: VectorTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._snapshot: _Snapshot | None = None

    def nearest(
        self, vector: NDArray[np.float32], k: int, generation: int, among: Collection[bytes] | None = None
    ) -> list[tuple[bytes, float]]:
        """Return up to `k` `(hash, cosine similarity)`, best first, as of `generation` or later.

        Args:
            vector: of length 1, of shape `(dimension,)`.
            k: how many at most.
            generation: the library's.
            among: hashes to compare with; None: all. Those without a vector are passed over.
        """
        snapshot = self._as_of(generation)
        if among is None:
            similarities = snapshot.matrix @ vector
            rows = np.arange(len(similarities))
        else:
            rows = np.fromiter((snapshot.row_of[h] for h in among if h in snapshot.row_of), dtype=np.intp)
            rows.sort()
            # Gathering many rows takes longer than comparing with all.
            few = 4 * len(rows) < len(snapshot.hashes)
            similarities = snapshot.matrix[rows] @ vector if few else (snapshot.matrix @ vector)[rows]
        best = largest(similarities, k)
        return [(snapshot.hashes[rows[n]], float(similarities[n])) for n in best]

    def _as_of(self, generation: int) -> _Snapshot:
        with self._lock:
            if self._snapshot is None or self._snapshot.generation < generation:
                self._snapshot = self._read(generation, self._snapshot)
            return self._snapshot

    def _read(self, generation: int, before: _Snapshot | None) -> _Snapshot:
        """Read what is new; all, if there is nothing yet or too much of it is deleted by now."""
        stored = len(self._table)
        fresh = list(self._table.blocks(before.last_row)) if before is not None else []
        if before is not None and len(before.hashes) + sum(len(h) for _, h, _ in fresh) <= stored * (1 + _DEAD):
            if not fresh:
                return replace(before, generation=generation)
            hashes = (*before.hashes, *(h for _, some, _ in fresh for h in some))
            matrix = np.concatenate([before.matrix, *(m for _, _, m in fresh)])
            return _Snapshot(generation, fresh[-1][0], hashes, matrix)
        # What a writer adds from now on belongs to a later generation.
        matrix = np.empty((stored, self._table.dimension), dtype=np.float32)
        found: list[bytes] = []
        last = 0
        for last, some, block in self._table.blocks(most=stored):  # noqa: B007 - the last row is wanted
            matrix[len(found) : len(found) + len(block)] = block
            found += some
        return _Snapshot(generation, last, tuple(found), matrix[: len(found)])


def largest(similarities: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the places of the `k` largest numbers, largest first; equal ones in their order."""
    if len(similarities) > k:
        limit = np.partition(similarities, len(similarities) - k)[len(similarities) - k]
        places = np.flatnonzero(similarities >= limit)  # with all that tie with the last one
    else:
        places = np.arange(len(similarities))
    return places[np.argsort(-similarities[places], kind="stable")][:k]
