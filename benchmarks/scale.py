"""One library grown to 10,000, 100,000 and 1,000,000 chunks: what ingesting costs, and how long a question takes.

Texts are copies of real ones, perturbed: the first part of one passage and the second part of another of the same
language, so that words keep their frequencies and no two passages are the same. Vectors are the means of the two
passages' real vectors with noise, so that embedding does not dominate. Everything goes through the product's own
`Library.commit_many` and `LibraryRetriever`; a question is embedded by the real model, in a process of its own.

    python -m benchmarks.scale --texts DIR/zh_docs_misc.jsonl.xz DIR/en_docs_misc.jsonl.xz --work FOLDER

Interrupted, the same command goes on. The library, `results.jsonl`, `scale.md` and `scale.png` are left in FOLDER.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from tqdm import tqdm

from benchmarks.scale_corpus import Corpus
from benchmarks.scale_report import write_report
from ingest.documents import Chunk, Incoming, LoadedDocument
from ingest.embedding.embedder import SHIPPED, LocalEmbedder
from ingest.library import Library

CHUNKS = 50  # of a document
TOGETHER = 10  # documents in one call of `commit_many`
STEP = 10_000  # chunks between two lines of results


@dataclass
class Growth:
    """What the chunks since the line before cost. Sizes in MB; `seconds` are of this process alone."""

    chunks: int
    added: int
    seconds: float
    cpu_seconds: float
    rss: float
    sqlite: float
    chroma: float


def document(corpus: Corpus, number: int) -> Incoming:
    """The document of this number: always the same one."""
    chosen = random.Random(number)
    texts, vectors = corpus.passages(chosen, CHUNKS)
    chunks, start = [], 0
    for text in texts:
        chunks.append(Chunk(text, start, start + len(text), None, ()))
        start += len(text) + 2
    text = "\n\n".join(texts)
    loaded = LoadedDocument(text, "text/plain", texts[0][:40])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Incoming(f"document-{number:07d}.txt", loaded, digest, len(text.encode()), chunks=chunks, vectors=vectors)


def grow(library: Library, corpus: Corpus, chunks: int) -> Iterator[Growth]:
    """Add documents until there are `chunks`, measuring every `STEP`."""
    number, before = library.count() // CHUNKS, library.count()
    wall, cpu = time.perf_counter(), time.process_time()
    with library.writing(), tqdm(total=chunks, initial=before, unit="chunk", desc="ingesting", mininterval=5) as bar:
        while library.count() < chunks:
            library.commit_many([document(corpus, number + n) for n in range(TOGETHER)])
            number += TOGETHER
            bar.update(CHUNKS * TOGETHER)
            now = library.count()
            if now % STEP == 0 or now >= chunks:
                took = time.perf_counter() - wall, time.process_time() - cpu
                yield Growth(now, now - before, *took, rss(), *sizes(library.folder))
                before, wall, cpu = now, time.perf_counter(), time.process_time()


def rss() -> float:
    """Resident memory of this process, MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


def sizes(folder: Path) -> tuple[float, float]:
    """MB on the disk of the library's file and of the index beside it."""
    database = sum(path.stat().st_size for path in folder.glob("library.sqlite3*"))
    index = sum(path.stat().st_size for path in (folder / "chroma").rglob("*") if path.is_file())
    return database / 1e6, index / 1e6


def ask(folder: Path, corpus: Corpus, embedder: LocalEmbedder, questions: int) -> dict[str, Any]:
    """Ask in this process, which is fresh: how long, and how much memory.

    Returns:
        Milliseconds at the median and the 95th percentile, and of processor time at the median: of a whole retrieval
        and of its parts; of opening, and of the first question; the share of the ten nearest vectors that are found.
    """
    from rag_app.retrieval.retriever import LibraryRetriever

    embedder.embed_query("warm up")
    started = time.perf_counter()
    with Library.open(folder, embedder, create=False) as library:
        opened = time.perf_counter()
        asked = corpus.questions(random.Random(7), questions + 1)
        retriever = LibraryRetriever(library=library, k=8)
        retriever.invoke(asked.pop())
        found: dict[str, Any] = {
            "open_ms": 1000 * (opened - started),
            "first_ms": 1000 * (time.perf_counter() - opened),
        }
        works = {
            "embed": embedder.embed_query,
            "dense": lambda q: library.search_vectors(q, 50),
            "keyword": lambda q: library.search_keywords(q, 50),
            "all": retriever.invoke,
        }
        for name, work in works.items():
            took, busy = [], []
            for number, question in enumerate(asked):
                fresh = f"{question} {name} {number}"  # none is in the embedder's cache
                started, worked = time.perf_counter(), time.process_time()
                work(fresh)
                took.append(1000 * (time.perf_counter() - started))
                busy.append(1000 * (time.process_time() - worked))
            found |= {f"{name}_p50": float(np.percentile(took, 50)), f"{name}_p95": float(np.percentile(took, 95))}
            found[f"{name}_cpu"] = float(np.median(busy))
        found["recall"] = recall(library, embedder, asked[:20])
        found["rss"] = rss()
    return found


def recall(library: Library, embedder: LocalEmbedder, questions: list[str]) -> float:
    """The share of the ten nearest texts of each question that `dense` finds, by comparing with every vector."""
    rates = []
    for question in questions:
        vector = embedder.embed_query(question)
        nearest: list[tuple[float, bytes]] = []
        for _, hashes, block in library._use.table.blocks():
            similarities = block @ vector
            best = np.argsort(-similarities)[:10]
            nearest = sorted([*nearest, *((float(similarities[i]), hashes[i]) for i in best)], reverse=True)[:10]
        ids = [chunk_id for chunk_id, _ in library.search_vectors(question, 10)]
        found = set(library._catalogue.chunks.hashes(ids).values())
        rates.append(len(found & {key for _, key in nearest}) / 10)
    return float(np.mean(rates))


def main() -> None:
    """Grow, ask at each size, write the table and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="JSON lines (.xz) with a field `text`")
    parser.add_argument("--work", type=Path, required=True, help="folder for the library and the results")
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="sizes to ask at")
    parser.add_argument("--passages", type=int, default=4000, help="real passages to perturb")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--embedder", help="sentence-transformers name or path [the one that ships]")
    parser.add_argument("--stage", choices=["corpus", "ask"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    embedder = LocalEmbedder(options.embedder or SHIPPED)
    if options.stage is None and not (options.work / "corpus.npz").exists():
        stage("corpus")  # the model is not loaded here: its memory is no part of ingesting given vectors
    corpus = Corpus.load_or_make(options.work / "corpus.npz", options.texts, embedder, options.passages)
    folder, results = options.work / "library", options.work / "results.jsonl"
    if options.stage == "ask":
        print(json.dumps(ask(folder, corpus, embedder, options.questions)))
    if options.stage is not None:
        return
    asked = {line["chunks"] for line in lines(results) if line["kind"] == "questions"}
    for size in sorted(options.chunks):
        with Library.open(folder, embedder) as library:
            for growth in grow(library, corpus, size):
                append(results, {"kind": "growth", **asdict(growth)})
            now = library.count()
        if now == size and size not in asked:
            append(results, {"kind": "questions", "chunks": size, **json.loads(stage("ask").splitlines()[-1])})
        write_report(lines(results), options.work)
    print((options.work / "scale.md").read_text())


def stage(name: str) -> str:
    """Run a part of this in a process of its own, and return what it printed."""
    again = [sys.executable, "-m", "benchmarks.scale", *sys.argv[1:], "--stage", name]
    return subprocess.run(again, check=True, stdout=subprocess.PIPE, text=True).stdout


def lines(path: Path) -> list[dict[str, Any]]:
    """What was measured so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(path: Path, line: dict[str, Any]) -> None:
    """Keep one measurement."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
