"""How nearest vectors are found: by comparing with all, by Chroma's graph, and by Chroma's graph with copies in it.

Vectors are real ones, perturbed (`scale_corpus.py`). The last way keeps a vector for each chunk, where one text in a
thousand (a footer) stands in 30 % of the chunks; the others keep one for each distinct text. Recall is the share of the
ten nearest texts that are found; for a vector that is stored itself, how often it comes first.

    python -m benchmarks.nearest --corpus FOLDER/corpus.npz --sizes 1000 20000 100000
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale_corpus import Corpus
from ingest.catalogue import Catalogue
from ingest.vectors.chroma_folder import ChromaFolder
from ingest.vectors.exact_search import ExactSearch
from ingest.vectors.table import VectorTable

QUESTIONS = 200
BATCH = 1000
Search = Callable[[NDArray[np.float32]], list[tuple[bytes, float]]]


def vectors_of(corpus: Corpus, count: int) -> NDArray[np.float32]:
    """Perturbed real vectors, of shape `(count, dimension)`."""
    chosen = random.Random(count)
    return np.concatenate([corpus.passages(chosen, 100)[1] for _ in range(count // 100)])


def key(number: int) -> bytes:
    """The hash that stands for a text."""
    return number.to_bytes(16, "big")


def measure(name: str, search: Search, vectors: NDArray[np.float32], seconds: float, text_of: NDArray[np.intp]) -> None:
    """Print one line; `text_of` says which text each stored vector has."""
    chosen = np.random.default_rng(1).choice(len(vectors), QUESTIONS, replace=False)
    noise = np.random.default_rng(2).standard_normal((QUESTIONS, vectors.shape[1]), dtype=np.float32)
    asked = vectors[chosen] + 0.5 * noise / np.sqrt(vectors.shape[1])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    search(asked[0])
    took, busy, recall, itself = [], [], [], []
    for vector, own in zip(asked, chosen, strict=True):
        started, worked = time.perf_counter(), time.process_time()
        found = search(vector)
        took.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.process_time() - worked))
        similarities = vectors @ vector
        best = {int(text_of[row]) for row in np.argsort(-similarities)[:10]}
        told = [int(text_of[int.from_bytes(k, "big")]) for k, _ in found]
        recall.append(len(best & set(told)) / len(best))
        first = search(vectors[own])
        itself.append(bool(first) and text_of[int.from_bytes(first[0][0], "big")] == text_of[own])
    print(
        f"{len(vectors):>8,} {name:32} made in {seconds:7.1f} s, p50 {statistics.median(took):6.1f} ms, "
        f"of processor time {statistics.median(busy):5.1f} ms, recall@10 {100 * np.mean(recall):5.1f} %, "
        f"itself first {100 * np.mean(itself):5.1f} %",
        flush=True,
    )


def by_chroma(name: str, vectors: NDArray[np.float32], text_of: NDArray[np.intp]) -> None:
    """Measure Chroma's graph as the product sets it up."""
    with tempfile.TemporaryDirectory() as folder:
        index = ChromaFolder(Path(folder) / "chroma", "vectors")
        started = time.perf_counter()
        for start in range(0, len(vectors), BATCH):
            few = vectors[start : start + BATCH]
            index.upsert([key(start + n) for n in range(len(few))], few)
        seconds = time.perf_counter() - started
        measure(name, lambda v: index.nearest(v, 50, 1), vectors, seconds, text_of)
        index.close()


def by_comparing(vectors: NDArray[np.float32], text_of: NDArray[np.intp]) -> None:
    """Measure the comparison with every vector, read from the library's file as the product reads it."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder) / "library.sqlite3")
        table = VectorTable(catalogue.database, "model", vectors.shape[1])
        started = time.perf_counter()
        for start in range(0, len(vectors), BATCH):
            few = vectors[start : start + BATCH]
            table.add([key(start + n) for n in range(len(few))], few)
        seconds = time.perf_counter() - started
        exact = ExactSearch(table)
        started = time.perf_counter()
        exact.nearest(vectors[0], 50, 1)
        print(f"{len(vectors):>8,} read into memory in {1000 * (time.perf_counter() - started):.0f} ms")
        measure("compared with all", lambda v: exact.nearest(v, 50, 1), vectors, seconds, text_of)
        catalogue.close()


def main() -> None:
    """Measure each way at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.npz, which benchmarks.scale writes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 20_000, 100_000])
    options = parser.parse_args()
    corpus = Corpus.load(options.corpus)
    for size in options.sizes:
        vectors = vectors_of(corpus, size)
        alone = np.arange(size)
        by_comparing(vectors, alone)
        by_chroma("Chroma, a vector for each text", vectors, alone)
        copied = np.where(np.random.default_rng(3).random(size) < 0.3, alone % max(1, size // 1000), alone)
        by_chroma("Chroma, a vector for each chunk", vectors[copied], copied)


if __name__ == "__main__":
    main()
