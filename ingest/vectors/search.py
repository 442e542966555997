"""From a question's vector to chunks: every vector is compared with while that is fast, an index is asked beyond.

Vectors belong to texts, and many chunks may have the same one (a footer on every page, two versions of a handbook).
Each text is found once and stands for a few of its chunks (more only where there is room), so that copies do not crowd
out other passages, and so that an index never holds hundreds of equal vectors, among which a graph of neighbours loses
its way.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import Catalogue
from ingest.vectors.exact_search import ExactSearch, largest
from ingest.vectors.index import VectorIndex
from ingest.vectors.table import VectorTable

MAX_COMPARED = 200_000  # vectors that are held in memory and compared with: 300 MB and 20 ms at 384 numbers each
_COPIES = 3  # chunks of the same text that are told
_SPARE = 16  # texts of documents in the making, or just deleted, may stand among the best
_NARROW = 5_000  # chunks of a filter whose texts are looked up one by one
_FEW = 20_000  # vectors that are read from the file for one search
_WIDEST = 4_000  # hits that an index is asked for before all vectors are compared with


class VectorSearch:
    """Nearest chunks of ready documents. Safe to share between threads.

    Args:
        catalogue: says which chunks have a text, and which are ready.
        table: the vectors.
        index: over the same vectors.
        always_index: ask the index however few vectors there are (it is on a server).
    """

    def __init__(
        self, catalogue: Catalogue, table: VectorTable, index: VectorIndex, *, always_index: bool = False
    ) -> None:
        self._catalogue = catalogue
        self._table = table
        self._index = index
        self._always_index = always_index
        self._exact = ExactSearch(table)
        self._compares = (-1, False)  # generation, and whether every vector is compared with

    def nearest(
        self, vector: NDArray[np.float32], k: int, generation: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, cosine similarity)`, best first, as of `generation` or later.

        Args:
            vector: of length 1, of shape `(dimension,)`.
            k: how many at most.
            generation: the library's.
            among: ids of the documents to search in; None: all. The best of their chunks are found however low they
                stand among all.
        """
        if among is not None and not self._catalogue.documents.chunk_count_of(among):
            return []
        wanted = k + _SPARE
        while True:
            found = self._candidates(vector, wanted, generation, among)
            hits = self._chunks(found, among, _COPIES)
            if len(hits) < k and len(found) < wanted:  # there are no more texts, so there is room for copies
                hits = self._chunks(found, among, k)
            if len(hits) >= k or len(found) < wanted:
                return hits[:k]
            wanted *= 4

    def _chunks(
        self, found: list[tuple[bytes, float]], among: Collection[str] | None, most: int
    ) -> list[tuple[str, float]]:
        """Return up to `most` chunks of each text."""
        similarity_of = dict(found)
        chunks = self._catalogue.chunks.with_text(list(similarity_of), among, most)
        return [(chunk_id, s) for key, s in similarity_of.items() for chunk_id in chunks.get(key, ())]

    def _candidates(
        self, vector: NDArray[np.float32], wanted: int, generation: int, among: Collection[str] | None
    ) -> list[tuple[bytes, float]]:
        """Return the best texts, `wanted` unless there are fewer; some may be of other documents."""
        theirs = 0 if among is None else self._catalogue.documents.chunk_count_of(among)
        if self._compares_all(generation):
            # Of a broad filter, the best of all bring enough sooner than its texts are looked up.
            if among is None or (theirs > _NARROW and wanted <= _WIDEST):
                return self._exact.nearest(vector, wanted, generation)
            return self._exact.nearest(vector, wanted, generation, self._catalogue.chunks.hashes_of(among))
        if among is not None and theirs <= _FEW:
            return _best(self._table.get(list(self._catalogue.chunks.hashes_of(among))), vector, wanted)
        if wanted <= _WIDEST:
            return self._index.nearest(vector, wanted, generation)
        return self._scan(vector, wanted, None if among is None else self._catalogue.chunks.hashes_of(among))

    def _compares_all(self, generation: int) -> bool:
        if self._always_index:
            return False
        if self._compares[0] != generation:
            self._compares = (generation, len(self._table) <= MAX_COMPARED)
        return self._compares[1]

    def _scan(
        self, vector: NDArray[np.float32], wanted: int, allowed: Collection[bytes] | None
    ) -> list[tuple[bytes, float]]:
        """Compare with every vector in the file, a bounded number at a time: seconds for a million."""
        best: list[tuple[bytes, float]] = []
        for _, hashes, block in self._table.blocks():
            similarities = block @ vector
            pairs = zip(hashes, similarities.tolist(), strict=True)
            some = [(key, similarity) for key, similarity in pairs if allowed is None or key in allowed]
            best = sorted([*best, *some], key=lambda hit: -hit[1])[:wanted]
        return best


def _best(vectors: dict[bytes, NDArray[np.float32]], vector: NDArray[np.float32], k: int) -> list[tuple[bytes, float]]:
    if not vectors:
        return []
    keys = list(vectors)
    similarities = np.stack(list(vectors.values())) @ vector
    return [(keys[n], float(similarities[n])) for n in largest(similarities, k)]
