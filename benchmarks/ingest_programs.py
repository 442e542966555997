"""The programs that `benchmarks.ingest` runs, each in a process of its own, and what is measured of them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from ingest.documents import DocumentRecord, Incoming
from ingest.embedding.embedder import LocalEmbedder
from ingest.library import Library
from ingest.splitting.splitter import SplitterSettings

OURS = "this program"
THEIRS = "LangChain quick start"
THEIRS_IN_OUR_DTYPE = "LangChain quick start, encoder in bfloat16"
PROGRAMS = (OURS, THEIRS, THEIRS_IN_OUR_DTYPE)


@dataclass(frozen=True)
class Result:
    """What one program did.

    `seconds` are of wall time, `processor` of all cores and processes together. `stages` divide the wall time;
    `beside` are seconds of work in processes that ran meanwhile. `again` is the second run, None where there is none.
    """

    chunks: int
    seconds: float
    processor: float
    stages: dict[str, float]
    again: float | None = None
    beside: dict[str, float] = field(default_factory=dict)
    megabytes: float = 0.0

    @property
    def encoder(self) -> float:
        """Seconds in the encoder."""
        return self.stages["embedding"]


class TimedEmbedder:
    """The shipped embedder, which notes the seconds spent in it."""

    def __init__(self) -> None:
        self._inner = LocalEmbedder()
        self.name, self.dimension = self._inner.name, self._inner.dimension
        self.fingerprint = self._inner.fingerprint
        self.seconds = 0.0

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), dimension)`."""
        started = time.perf_counter()
        vectors = self._inner.embed_documents(texts)
        self.seconds += time.perf_counter() - started
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(dimension,)`."""
        return self._inner.embed_query(text)


class TimedLibrary(Library):
    """A library that notes the seconds spent in commits, embedding included."""

    seconds = 0.0

    def commit_many(
        self, incoming: Sequence[Incoming], *, progress: Callable[[int, int], None] | None = None
    ) -> list[DocumentRecord]:
        """Commit several documents."""
        started = time.perf_counter()
        records = super().commit_many(incoming, progress=progress)
        self.seconds += time.perf_counter() - started
        return records


def run_ours(folder: Path, into: Path, jobs: int) -> Result:
    """Ingest a folder twice, then load and split it once more to see what that takes."""
    import chromadb  # noqa: F401 - the quick start too has its libraries before the clock starts

    from ingest.engines.local import LocalEngine
    from ingest.job import ingest
    from ingest.keywords.terms import segmenter

    segmenter()
    embedder = TimedEmbedder()
    embedder.embed_query("ready")
    with TimedLibrary.open(into, embedder) as library, closing(LocalEngine(jobs)) as engine:
        assert isinstance(library, TimedLibrary)  # `open` makes one of the class it is called on
        before = _processor_seconds()
        report = ingest(library, [folder], engine=engine)
        processor = _processor_seconds() - before
        if report.failed:
            raise RuntimeError(f"{len(report.failed)} files failed: {report.failed[0]}")
        encoder, committing = embedder.seconds, library.seconds
        again = ingest(library, [folder], engine=engine)
        if again.chunks:
            raise RuntimeError(f"{again.chunks} chunks were written again")
    stages = {
        "embedding": encoder,
        "writing": committing - encoder,
        "waiting for documents": report.seconds - committing,
    }
    return Result(report.chunks, report.seconds, processor, stages, again.seconds, _parsing(folder))


def _parsing(folder: Path) -> dict[str, float]:
    """Return the seconds that loading and splitting a folder take, which a run does in processes beside the encoder."""
    from ingest.loaders import load
    from ingest.splitting.splitter import split

    seconds = {"loading": 0.0, "splitting": 0.0}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        started = time.perf_counter()
        document = load(path)
        loaded = time.perf_counter()
        split(document)
        seconds["loading"] += loaded - started
        seconds["splitting"] += time.perf_counter() - loaded
    return seconds


def run_theirs(folder: Path, into: Path, dtype: str | None) -> Result:
    """Run the quick start once."""
    from benchmarks import langchain_quick_start

    embeddings = langchain_quick_start.SentenceTransformerEmbeddings(LocalEmbedder().folder, dtype)
    embeddings.embed_query("ready")
    sizes = SplitterSettings()
    before, started = _processor_seconds(), time.perf_counter()
    chunks, stages = langchain_quick_start.run(folder, into, embeddings, sizes.chunk_units, sizes.overlap_units)
    return Result(chunks, time.perf_counter() - started, _processor_seconds() - before, stages)


def _processor_seconds() -> float:
    """Return the seconds that this process and its present children have computed."""
    process = psutil.Process()
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


def main() -> None:
    """Run one program and print its result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("jobs", type=int)
    options = parser.parse_args()
    if options.program == OURS:
        result = run_ours(options.folder, options.into, options.jobs)
    else:
        dtype = "bfloat16" if options.program == THEIRS_IN_OUR_DTYPE else None
        result = run_theirs(options.folder, options.into, dtype)
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
