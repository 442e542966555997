"""A mixed folder into a searchable library: this program beside LangChain's quick start, with the same encoder.

All get the same files, the same encoder weights on the same number of threads, and chunks of the same size. The quick
start runs the encoder as sentence-transformers does by default (float32); `--same-dtype` adds it in bfloat16, which
this program uses where the machine multiplies that in hardware. Each runs in a process of its own; its memory is that
of the process and its children, looked at ten times a second (pages that are shared count twice). The encoder is
loaded before the clock starts. A second run on the unchanged folder follows; the quick start has no bookkeeping and
would add everything once more, so it has none.

With `--out DIR` each finished program is kept in `DIR/results.json`, and the same command goes on with the others;
the table and a plot are written beside it.

    python -m benchmarks.ingest --texts DIR --documents 2000 --out DIR
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ingest_programs import OURS, PROGRAMS, THEIRS, Result
from benchmarks.ingest_report import plot, table
from benchmarks.mixed_folder import make_folder

_QUIET = {"ANONYMIZED_TELEMETRY": "False", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
          "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1"}  # fmt: skip


def in_a_process(program: str, folder: Path, into: Path, jobs: int) -> Result:
    """Run one program in a process of its own and watch its memory.

    Raises:
        RuntimeError: when it fails; its own message is above.
    """
    command = [sys.executable, "-m", "benchmarks.ingest_programs", program, str(folder), str(into), str(jobs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **_QUIET})
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, _memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        output, _ = process.communicate()
    finally:
        process.kill()
        done.set()
        watcher.join()
    if process.returncode:
        raise RuntimeError(f"{program} ended with status {process.returncode}")
    return replace(Result(**json.loads(output.splitlines()[-1])), megabytes=peak / (1 << 20))


def _memory(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


class Record:
    """The results so far, kept in a file. Those of another folder, machine or setting do not count.

    Args:
        out: folder of the file; None: nothing is kept.
        setting: what the results depend on.
    """

    def __init__(self, out: Path | None, setting: dict[str, Any]) -> None:
        self._path = out / "results.json" if out else None
        self._setting = setting
        self.results: dict[str, Result] = {}
        if self._path and self._path.exists():
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["setting"] == setting:
                self.results = {name: Result(**result) for name, result in found["results"].items()}

    def add(self, program: str, result: Result) -> None:
        """Keep one result."""
        self.results[program] = result
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            kept = {"setting": self._setting, "results": {name: asdict(r) for name, r in self.results.items()}}
            self._path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        if path.suffix in {".md", ".txt", ".html", ".csv"}:  # the others hold the time at which they were made
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Make the folder, run all programs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--texts", type=Path, required=True, help="folder of JSON lines files (.jsonl, .jsonl.xz) with a `text` each"
    )
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=1, help="parser processes of this program")
    parser.add_argument("--same-dtype", action="store_true", help="also run the quick start with a bfloat16 encoder")
    parser.add_argument("--out", type=Path, help="folder for the results, the table and the plot")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the work folder goes
    programs = PROGRAMS if options.same_dtype else (OURS, THEIRS)
    with tempfile.TemporaryDirectory(prefix="ingest-benchmark-") as temporary:
        folder = Path(temporary, "documents")
        kinds = make_folder(folder, options.texts, options.documents)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        about = f"{options.documents:,} documents, {size / 1e6:.1f} MB: " + ", ".join(
            f"{count} {kind}" for kind, count in kinds.items()
        )
        print(about, flush=True)
        setting = {"documents": _digest(folder), "jobs": options.jobs, "cores": _cores()}
        record = Record(options.out, setting)
        for number, program in enumerate(programs):
            if program in record.results:
                print(f"{program}: {record.results[program].seconds:.1f} s, measured before", flush=True)
                continue
            record.add(program, in_a_process(program, folder, Path(temporary, f"library-{number}"), options.jobs))
            print(f"{program}: {record.results[program].seconds:.1f} s", flush=True)
    results = {program: record.results[program] for program in programs}
    text = f"{about}; {_cores()} core(s), {options.jobs} parser process(es)\n\n{table(results)}\n"
    print(f"\n{text}")
    if options.out:
        (options.out / "ingest.md").write_text(text, encoding="utf-8")
        plot(results, options.out / "ingest.png")


if __name__ == "__main__":
    main()
