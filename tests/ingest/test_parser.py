"""A parser may hang, grow, crash or talk: its file fails with a reason, and the next one is read."""

import io
import os
import signal
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest
from fpdf import FPDF

from ingest.engines.local import LocalEngine
from ingest.errors import ParserUnavailable
from ingest.job import ingest
from ingest.library import Library
from ingest.loaders import detection, parts_of
from ingest.parser import ParsedEnd, ParsedPart, Parser, ParserLimits
from ingest.parser.process import FileChanging, _answer_part, mapped, read_whole
from ingest.splitting.splitter import SplitterSettings

ODD = (sys.executable, str(Path(__file__).with_name("odd_parser.py")))
LIMITS = ParserLimits(seconds=20, megabytes=700)


def odd_processes() -> list[psutil.Process]:
    """Parser processes of this test; the test session may have others below it, such as a browser's driver."""
    return [p for p in psutil.Process().children() if ODD[-1] in p.cmdline()]


@pytest.fixture
def parser() -> Iterator[Parser]:
    odd = Parser(SplitterSettings(), LIMITS, command=ODD)
    yield odd
    odd.close()


def write(path: Path, text: str = "A good sentence about copper.") -> Path:
    path.write_text(text)
    return path


def only(parser: Parser, path: Path) -> tuple[list[ParsedPart], ParsedEnd]:
    *parts, end = parser.parse(path, {})
    assert isinstance(end, ParsedEnd)
    return [p for p in parts if isinstance(p, ParsedPart)], end


def test_a_good_file_comes_with_its_chunks_and_hash(parser: Parser, tmp_path: Path) -> None:
    (part,), end = only(parser, write(tmp_path / "标题 a\n😀.md", "# 水壶\n\nThe copper kettle.\n"))
    assert end == ParsedEnd() and part.document is not None
    assert part.document.mime == "text/markdown" and part.size == 29
    assert [c.text for c in part.chunks] == [part.document.text[c.start : c.end] for c in part.chunks]
    assert part.chunks[0].heading_path == ("水壶",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("grow.txt", "more than 700 MB"),
        ("crash.txt", "crashed (SIGSEGV)"),
        ("exit.txt", "ended unexpectedly (status 3)"),
        ("surprise.txt", "could not be parsed (ZeroDivisionError: a parser's bug)"),
        ("deep.txt", "RecursionError"),
    ],
)
def test_what_a_file_does_to_its_parser_costs_that_file_only(
    parser: Parser, tmp_path: Path, name: str, reason: str
) -> None:
    if name == "grow.txt" and not sys.platform.startswith("linux"):
        pytest.skip("the system does not limit memory; the parent measures it")
    parts, end = only(parser, write(tmp_path / name))
    assert parts == [] and reason in str(end.reason) and not end.is_unread
    for n in range(2):
        (part,), end = only(parser, write(tmp_path / f"good-{n}.txt"))
        assert part.document is not None and end.reason is None


@pytest.mark.parametrize("name", ["hang.txt", "deaf.txt"])
def test_a_parser_that_takes_too_long_is_ended(tmp_path: Path, name: str) -> None:
    parser = Parser(SplitterSettings(), ParserLimits(seconds=8), command=ODD)
    only(parser, write(tmp_path / "good.txt"))
    (process,) = odd_processes()
    parts, end = only(parser, write(tmp_path / name))
    parser.close()
    assert parts == [] and str(end.reason).startswith("reading it took longer than 8 s")
    assert not process.is_running()


def test_what_a_parser_prints_is_not_taken_for_an_answer(parser: Parser, tmp_path: Path) -> None:
    (part,), end = only(parser, write(tmp_path / "talk.txt"))
    assert part.document is not None and end.reason is None


def test_one_process_serves_many_files(parser: Parser, tmp_path: Path) -> None:
    only(parser, write(tmp_path / "a.txt"))
    pids = {p.pid for p in psutil.Process().children()}
    for n in range(20):
        only(parser, write(tmp_path / f"{n}.txt"))
    assert {p.pid for p in psutil.Process().children()} == pids


def test_a_process_that_died_between_two_files_is_replaced(parser: Parser, tmp_path: Path) -> None:
    only(parser, write(tmp_path / "a.txt"))
    (process,) = odd_processes()
    os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.2)
    (part,), _ = only(parser, write(tmp_path / "b.txt"))
    assert part.document is not None


def test_a_file_larger_than_allowed_is_not_read(tmp_path: Path) -> None:
    parser = Parser(SplitterSettings(), ParserLimits(max_bytes=1024))
    parts, end = only(parser, write(tmp_path / "a.txt", "word " * 1000))
    parser.close()
    assert parts == [] and end.is_unread and "larger than" in str(end.reason)


def test_a_job_goes_on_after_files_that_hang_grow_and_crash(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("crash", "exit", "good", "grow", "surprise", "talk"):
        write(folder / f"{name}.txt", f"A sentence about {name}.")
    with zipfile.ZipFile(folder / "crash-archive.zip", "w") as archive:
        archive.writestr("inside.txt", "Never reached.")
    report = ingest(library, [folder], engine=LocalEngine(2, LIMITS, command=ODD))
    assert {Path(o.source).name for o in report.added} == {"good.txt", "talk.txt"}
    assert {Path(o.source).name for o in report.failed} == {
        "crash.txt", "exit.txt", "grow.txt", "surprise.txt", "crash-archive.zip"
    }  # fmt: skip
    assert all(o.reason for o in report.failed) and report.exit_status == 1
    assert library.verify().clean
    assert len(ingest(library, [folder]).added) == 6  # the next version of the parser can read them: archive and member


def test_a_file_that_is_written_to_all_the_time_is_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "growing.txt")
    writes = 100

    class Growing(type(path)):  # type: ignore[misc]
        def stat(self, *arguments: object, **named: object) -> os.stat_result:
            nonlocal writes
            if writes:
                writes -= 1
                with path.open("a") as file:
                    file.write("More words. ")
            return path.stat()

    with pytest.raises(FileChanging, match="being written to"):
        read_whole(Growing(path), 10_000)
    writes = 2  # it comes to rest while it is being read
    assert read_whole(Growing(path), 10_000) == path.read_bytes()


def test_a_parser_that_cannot_be_started_is_no_files_fault(library: Library, tmp_path: Path) -> None:
    engine = LocalEngine(command=(sys.executable, "-c", "import nothing_like_it"))
    with pytest.raises(ParserUnavailable, match="cannot be started"):
        ingest(library, [write(tmp_path / "a.txt")], engine=engine)
    assert library.documents() == []


def test_a_mapped_file_that_is_written_to_while_it_is_read_is_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a PDF that is read page by page
    monkeypatch.setattr(detection, "LARGE", 100)
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 6, "A good sentence about copper.")
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(pdf.output()))
    request = {"known": {}, "splitter": asdict(SplitterSettings())}
    with mapped(path, 1 << 20) as large:
        assert large is not None
        (part,) = parts_of(path.name, large.data)
        replies = io.BytesIO()
        _answer_part(part, request, replies, large)
        assert b"A good sentence about copper." in replies.getvalue()

        # when somebody writes to it before all pages are read
        def load() -> object:
            document = part.load()
            with path.open("r+b") as file:
                file.seek(20)
                file.write(b"another")
            return document

        # then what was read of it is not handed out
        replies = io.BytesIO()
        with pytest.raises(FileChanging, match="written to"):
            _answer_part(replace(part, load=load), request, replies, large)  # type: ignore[arg-type]
        assert replies.getvalue() == b""
