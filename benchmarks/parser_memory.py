"""How much memory reading one large file takes, by its format and size: that must not grow with the file.

Makes a file of each format and size, lets a parser process read and split all of it, and prints the largest size of
that process and of this one, which receives the documents. Nothing is embedded.

    python -m benchmarks.parser_memory --kinds txt,md,html,json,jsonl,csv,pdf --megabytes 10,100,1000
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
from ingest.splitting.splitter import SplitterSettings

_PICTURE = 724  # pixels, of a byte each, in each direction
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
    if kind == "pdf":
        write_pdf(path, size)
        return
    source = random.Random(1)
    texts = cycle(["".join(_sentences(source)) for _ in range(2000)])
    shape = _KINDS[kind]
    with path.open("w", encoding="utf-8") as file:
        written, number = file.write(shape.before), 0
        while written < size:
            written += file.write(shape.record(number, next(texts)))
            number += 1
        file.write(shape.behind)


def write_pdf(path: Path, size: int) -> None:
    """Write a PDF of about `size` bytes: on each page a picture of 0.5 MB and a text of 40 lines."""
    source = random.Random(1)
    offsets: list[int] = []
    with path.open("wb") as file:

        def add(content: bytes) -> None:
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n" % len(offsets) + content + b"\nendobj\n")

        count = max(1, size // _PICTURE**2)
        file.write(b"%PDF-1.7\n")
        add(b"<< /Type /Catalog /Pages 2 0 R >>")
        kids = b" ".join(b"%d 0 R" % (4 + 3 * n) for n in range(count))
        add(b"<< /Type /Pages /Count %d /Kids [" % count + kids + b"] >>")
        add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        for number in range(count):
            first = 4 + 3 * number
            add(
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                b"/Resources << /Font << /F 3 0 R >> /XObject << /P %d 0 R >> >> >>" % (first + 1, first + 2)
            )
            texts = [line.encode() for _ in range(7) for line in _sentences(source)]
            lines = b"".join(b"(%d %s) Tj T*\n" % (number, text) for text in texts)
            _add_stream(add, b"", b"q 100 0 0 100 400 700 cm /P Do Q BT /F 8 Tf 12 TL 50 680 Td\n" + lines + b"ET")
            picture = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 /Width %d /Height %d"
            _add_stream(add, picture % (_PICTURE, _PICTURE), source.randbytes(_PICTURE**2))
        table = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
        file.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, table))


def _add_stream(add: Callable[[bytes], None], entries: bytes, content: bytes) -> None:
    add(b"<< " + entries + b" /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")


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
    parser.add_argument("--kinds", default="txt,md,html,json", help=f"of {', '.join(_KINDS)}, pdf")
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
