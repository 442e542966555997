"""Damage valid files of every format at random and see what the loaders do with them.

A loader may return a document whose offsets hold, or refuse the file with a `LoadError` that says why. Anything else is
a finding: another exception, text that cannot be stored, offsets that lie, more than ten seconds for a few kilobytes.
Packages (Office, EPUB, ZIP) are also damaged inside and packed anew, as a damaged checksum would end the test early.

    python -m benchmarks.fuzz_loaders --seconds 600 --keep findings

Each finding is printed once, by exception and place, with the file that shows it kept in the folder.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import time
import traceback
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType

from benchmarks.fuzz_seeds import SEEDS
from ingest.documents import LoadedDocument
from ingest.loaders import LoadError, parts_of
from ingest.parser.process import limit_memory
from ingest.splitting.splitter import split

SECONDS = 10  # of computing, for one file
_INSERTED = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"<", b"</", b">", b"&#x0;", b"&#xD800;", b"<!--", b"]]>", b'"', b"'",
    b"(", b"{", b"}", b"[", b"\\", b"\\u-1 ", b"\\ud800", b"\\bin99999 ", b"%s", b"999999999999", b"-1", b"1e309",
    b"NaN", b"\r", b"\n\n", b"\t", b"|", b"`", b"==", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"From x 2026\n",
    b"xml:space", b"charset=\x00", b"=?x?q?=ff?=",
)  # fmt: skip


class TooSlow(Exception):  # noqa: N818 - says what is the case
    """A file took longer than `SECONDS`."""


@dataclass(frozen=True)
class Edit:
    """One damage. `kind`: 0 overwrite, 1 insert, 2 delete, 3 repeat, 4 truncate; `at` and `size` are shares, 0 to 1."""

    kind: int
    at: float
    size: float
    data: bytes

    def apply(self, data: bytes) -> bytes:
        """Return the damaged bytes."""
        start = int(self.at * len(data))
        end = start + 1 + int(self.size**3 * (len(data) - start))  # mostly short
        match self.kind:
            case 0:
                return data[:start] + self.data + data[start + len(self.data) :]
            case 1:
                return data[:start] + self.data + data[start:]
            case 2:
                return data[:start] + data[end:]
            case 3:
                return data[:end] + data[start:end] * (1 + len(self.data)) + data[end:]
            case _:
                return data[:start]


def damaged(data: bytes, edits: Sequence[Edit], member: float | None) -> bytes:
    """Apply edits to a file or, where `member` (0 to 1) chooses one and it is a package, to a file inside it."""
    if member is not None and zipfile.is_zipfile(io.BytesIO(data)):
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
            entries = package.infolist()
            chosen = int(member * (len(entries) - 1))
            for number, entry in enumerate(entries):
                content = package.read(entry)
                made.writestr(entry.filename, damaged(content, edits, None) if number == chosen else content)
        return stream.getvalue()
    for edit in edits:
        data = edit.apply(data)
    return data


def check_file(name: str, data: bytes) -> int:
    """Load every document in a file and check what loaders promise; return how many were readable.

    Raises:
        AssertionError: when a promise is broken. Any exception that is no LoadError is a finding too.
    """
    good = 0
    for part in parts_of(name, data):
        assert len(part.sha256) == 64
        part.name.encode()
        try:
            document = part.load()
        except LoadError as error:
            assert str(error), "a refusal without a reason"
            str(error).encode()
        else:
            check_document(document)
            good += 1
    return good


def check_document(document: LoadedDocument) -> None:
    """Raise AssertionError unless text, title, pages, headings, spans and chunks of a document are as promised."""
    text = document.text
    for stored in (text, document.title, document.warning or ""):
        stored.encode()  # no lone surrogate
        assert not {"\r", "\0"} & set(stored), "line ends or NULs"
    assert document.mime and (document.title or document.is_container)
    before = 0
    for start, end in document.atomic_spans:
        assert before <= start < end <= len(text), "spans"
        before = end
    before = 0
    for page in document.pages:
        assert before <= page.start <= page.end <= len(text), "pages"
        before = page.end
    starts = [heading.start for heading in document.headings]
    assert starts == sorted(starts) and all(0 <= start < len(text) for start in starts), "headings"
    for chunk in split(document):
        assert text[chunk.start : chunk.end] == chunk.text and chunk.text.strip(), "chunks"
        "".join(chunk.heading_path).encode()


def _random_edits(source: random.Random) -> list[Edit]:
    def one() -> Edit:
        data = source.choice(_INSERTED) if source.random() < 0.7 else source.randbytes(source.randint(1, 8))
        return Edit(source.choice((0, 0, 0, 1, 1, 1, 2, 3, 4)), source.random(), source.random(), data)

    return [one() for _ in range(source.randint(1, 6))]


def _timed(check: Callable[[], object]) -> None:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of this process's own time: the machine may be busy
    try:
        check()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _place(error: BaseException) -> str:
    """Return the exception's type and the innermost place in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "ingest" in PurePath(f.filename).parts]
    last = (ours or frames)[-1]
    return f"{type(error).__name__} {PurePath(last.filename).name}:{last.lineno}"


def main() -> None:
    """Run for the time given, taking the formats in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="of the whole run")
    parser.add_argument("--only", nargs="*", default=list(SEEDS), metavar="SEED", help=f"of {', '.join(SEEDS)}")
    parser.add_argument("--seed", type=int, default=None, help="of the random numbers")
    parser.add_argument("--keep", type=Path, default=Path("findings"), help="folder for the files that show a finding")
    options = parser.parse_args()
    from ingest.loaders import image
    from ingest.loaders.pdf import page as pdf_page

    for module in (image, pdf_page):  # OCR is slow, and no part of what is tested
        if hasattr(module, "read_picture"):
            module.read_picture = lambda _pixels: "words"
    limit_memory(2048)
    source = random.Random(options.seed)
    seeds = {name: SEEDS[name]() for name in options.only}
    for name, data in seeds.items():
        assert check_file(name, data), f"the seed {name} is not readable"
    findings: dict[str, int] = {}
    tried = dict.fromkeys(seeds, 0)
    ends = time.monotonic() + options.seconds
    while time.monotonic() < ends:
        for name, data in seeds.items():
            if source.random() < 0.03:
                bad = source.randbytes(source.randint(1, 3000))
            else:
                bad = damaged(data, _random_edits(source), source.random() if source.random() < 0.8 else None)
            tried[name] += 1
            try:
                _timed(lambda name=name, bad=bad: check_file(name, bad))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                place = f"{name}: {_place(error)}"
                findings[place] = findings.get(place, 0) + 1
                if findings[place] == 1:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    kept = options.keep / f"{len(findings):03d}-{name}"
                    kept.write_bytes(bad)
                    print(f"{place}: {str(error)[:200]} -> {kept}", flush=True)
    print(f"{sum(tried.values())} files, {len(findings)} findings")
    for name, count in tried.items():
        print(f"  {name:10} {count:7} files, {sum(n for p, n in findings.items() if p.startswith(name)):5} bad")


if __name__ == "__main__":
    main()
