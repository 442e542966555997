"""How much memory reading one large file takes, by its format and size: that must not grow with the file.

Makes a file of each format and size, lets a parser process read and split all of it, and prints the largest size of
that process and of this one, which receives the documents. Nothing is embedded.

    python -m benchmarks.parser_memory --kinds txt,md,html,json,jsonl,csv --megabytes 10,100,1000
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import psutil

from ingest.parser import ParsedPart, Parser, ParserLimits
from ingest.splitter import SplitterSettings

_WORDS = ["harbour", "ship", "fee", "pump", "filter", "valve", "water", "lease", "warranty", "service", "contract",
          "cleaning", "pressure", "customer", "invoice", "the", "of", "and", "in", "to", "is", "with"]  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """How a file of one format is written: what stands before, each record with its number, and what stands behind."""

    before: str
    record: Callable[[int, str], str]
    behind: str = ""


def _markdown(n: int, text: str) -> str:
    return (f"## Section {n}\n\n" if n % 5 == 0 else "") + f"{n} {text}\n\n"


def _page(n: int, text: str) -> str:
    return (f"<h2>Section {n}</h2>\n" if n % 5 == 0 else "") + f"<div class='part'><p>{n} {text}</p></div>\n"


def _json(n: int, text: str) -> str:
    return ("," if n else "") + json.dumps({"id": n, "name": f"pump {n}", "remark": text[:120]}) + "\n"


_KINDS = {
    "txt": _Kind("", lambda n, text: f"{n} {text}\n"),
    "md": _Kind("# Manual\n\n", _markdown),
    "html": _Kind("<!DOCTYPE html><html><head><title>Manual</title></head><body>", _page, "</body></html>"),
    "table.html": _Kind(
        "<!DOCTYPE html><html><body><table><tr><th>Number</th><th>Name</th><th>Remark</th></tr>\n",
        lambda n, text: f"<tr><td>{n}</td><td>pump {n}</td><td>{text[:80]}</td></tr>\n", "</table></body></html>",
    ),
    "json": _Kind("[", _json, "]"),
    "jsonl": _Kind("", lambda _, text: _json(0, text)),
    "csv": _Kind("number,name,remark\n", lambda n, text: f'{n},pump {n},"{text[:80]}"\n'),
    "mbox": _Kind(
        "", lambda n, text: f"From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a@example.org\nSubject: {n}\n\n"
        f"{text * 4}\n\n",
    ),
}  # fmt: skip


def write_file(path: Path, kind: str, size: int) -> None:
    """Write a file of about `size` bytes."""
    source = random.Random(1)
    texts = cycle(["".join(_sentences(source)) for _ in range(2000)])
    shape = _KINDS[kind]
    with path.open("w", encoding="utf-8") as file:
        written, number = file.write(shape.before), 0
        while written < size:
            written += file.write(shape.record(number, next(texts)))
            number += 1
        file.write(shape.behind)


def _sentences(source: random.Random) -> Iterator[str]:
    for _ in range(6):
        yield " ".join(source.choices(_WORDS, k=12)).capitalize() + ". "


def measure(path: Path) -> str:
    """Read one file and return a row of the table."""
    peaks = {"parser": 0, "this": 0}
    done = threading.Event()

    def watch() -> None:
        here = psutil.Process()
        while not done.wait(0.05):
            peaks["this"] = max(peaks["this"], here.memory_info().rss)
            for child in here.children():
                try:
                    peaks["parser"] = max(peaks["parser"], child.memory_info().rss)
                except psutil.Error:
                    continue  # it has just ended

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    parser = Parser(SplitterSettings(), ParserLimits(seconds=7200, max_bytes=1 << 40))
    documents = chunks = 0
    reason = None
    for reply in parser.parse(path, {}):
        reason = reason or reply.reason
        if isinstance(reply, ParsedPart):
            documents += reply.document is not None and not reply.document.is_container
            chunks += len(reply.chunks)
    done.set()
    watcher.join()
    parser.close()
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    return (
        f"| {path.name.partition('.')[2]} | {size >> 20} MB | {reason or f'{documents} documents, {chunks:,} chunks'} "
        f"| {seconds:.0f} s | {peaks['parser'] >> 20} MB | {peaks['this'] >> 20} MB |"
    )


def main() -> None:
    """Print a table of formats and sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default="txt,md,html,json", help=f"of {', '.join(_KINDS)}")
    parser.add_argument("--megabytes", default="10,100")
    options = parser.parse_args()
    print("| format | size | read | time | parser at most | this process at most |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="parser-memory-") as folder:
        for kind in options.kinds.split(","):
            for size in map(int, options.megabytes.split(",")):
                path = Path(folder, f"large.{kind}")
                write_file(path, kind, size << 20)
                print(measure(path), flush=True)
                path.unlink()


if __name__ == "__main__":
    main()
