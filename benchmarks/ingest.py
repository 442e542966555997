"""A mixed folder into a searchable library: this program beside LangChain's quick start, with the same encoder.

Both get the same files, the same encoder on the same number of threads, and chunks of the same size. Each runs in a
process of its own; its memory is that of the process and its children, looked at ten times a second (pages that are
shared count twice). The encoder is loaded before the clock starts. A second run on the unchanged folder follows; the
quick start has no bookkeeping and would add everything once more, so it has none.

    python -m benchmarks.ingest --texts DIR --documents 2000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.mixed_folder import make_folder

OURS, THEIRS = "this program", "LangChain quick start"


@dataclass(frozen=True)
class Result:
    """What one program did. Seconds are of wall time; `again` is the second run, None where there is none."""

    chunks: int
    seconds: float
    encoder: float
    again: float | None
    megabytes: float = 0.0


class TimedEmbedder:
    """An embedder that notes the seconds spent in it."""

    def __init__(self) -> None:
        from ingest.embedding import SentenceTransformerEmbedder

        self._inner = SentenceTransformerEmbedder()
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


def run_ours(folder: Path, into: Path, jobs: int) -> Result:
    """Ingest a folder twice."""
    from contextlib import closing

    from ingest.engines.local import LocalEngine
    from ingest.job import ingest
    from ingest.library import Library

    embedder = TimedEmbedder()
    embedder.embed_query("ready")
    with Library.open(into, embedder) as library, closing(LocalEngine(jobs)) as engine:
        report = ingest(library, [folder], engine=engine)
        if report.failed:
            raise RuntimeError(f"{len(report.failed)} files failed: {report.failed[0]}")
        encoder = embedder.seconds
        again = ingest(library, [folder], engine=engine)
        if again.chunks:
            raise RuntimeError(f"{again.chunks} chunks were written again")
    return Result(report.chunks, report.seconds, encoder, again.seconds)


def run_theirs(folder: Path, into: Path) -> Result:
    """Run the quick start once."""
    from benchmarks import langchain_quick_start
    from ingest.splitter import SplitterSettings

    embedder = TimedEmbedder()
    embedder.embed_query("ready")
    sizes = SplitterSettings()
    started = time.perf_counter()
    chunks, encoder = langchain_quick_start.run(folder, into, embedder, sizes.chunk_units, sizes.overlap_units)
    return Result(chunks, time.perf_counter() - started, encoder, None)


def in_a_process(program: str, folder: Path, into: Path, jobs: int) -> Result:
    """Run one program in a process of its own and watch its memory."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--only", program, "--folder", str(folder),
               "--into", str(into), "--jobs", str(jobs)]  # fmt: skip
    quiet = {"ANONYMIZED_TELEMETRY": "False", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
             "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # fmt: skip
    environment = {**os.environ, **quiet}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, _memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{program} ended with status {process.returncode}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return Result(**{**found, "megabytes": peak / (1 << 20)})


def _memory(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def table(results: dict[str, Result]) -> str:
    """The results as a Markdown table."""
    lines = [
        "| | chunks | seconds | chunks/s | of it in the encoder | peak memory | run on the unchanged folder |",
        "|---|---|---|---|---|---|---|",
    ]
    for program, r in results.items():
        again = "adds everything again" if r.again is None else f"{r.again:.1f} s ({r.seconds / r.again:.0f}×)"
        lines.append(
            f"| {program} | {r.chunks:,} | {r.seconds:.1f} | {r.chunks / r.seconds:.1f} "
            f"| {r.encoder / r.seconds:.0%} | {r.megabytes:.0f} MB | {again} |"
        )
    ours, theirs = results.get(OURS), results.get(THEIRS)
    if ours and theirs:
        ratio = (ours.chunks / ours.seconds) / (theirs.chunks / theirs.seconds)
        encoding = (ours.chunks / ours.encoder) / (theirs.chunks / theirs.encoder)
        lines += ["", f"Chunks a second: {ratio:.2f}×; in the encoder alone: {encoding:.2f}×."]
    return "\n".join(lines)


def main() -> None:
    """Make the folder, run both, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="folder of JSON lines files (.jsonl, .jsonl.xz) with a `text` each")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=1, help="parser processes of this program")
    parser.add_argument("--only", choices=[OURS, THEIRS], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        one = options.only == OURS
        run = run_ours(options.folder, options.into, options.jobs) if one else run_theirs(options.folder, options.into)
        print(json.dumps(asdict(run)))
        return
    if options.texts is None:
        parser.error("say with --texts where the texts are")
    with tempfile.TemporaryDirectory(prefix="ingest-benchmark-") as temporary:
        folder = Path(temporary, "documents")
        kinds = make_folder(folder, options.texts, options.documents)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{options.documents:,} documents, {size / 1e6:.1f} MB: "
              + ", ".join(f"{count} {kind}" for kind, count in kinds.items()), flush=True)  # fmt: skip
        results = {}
        for number, program in enumerate((OURS, THEIRS)):
            results[program] = in_a_process(program, folder, Path(temporary, f"library-{number}"), options.jobs)
            print(f"{program}: {results[program].seconds:.1f} s", flush=True)
        print(f"\n{os.cpu_count()} cores, {options.jobs} parser process(es)\n\n{table(results)}")


if __name__ == "__main__":
    main()
