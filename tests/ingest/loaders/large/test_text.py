"""Large text files are cut into parts that lose nothing, and that an edit leaves where they are."""

import csv
import io
import json
import mmap
import random
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.engines.local import LocalEngine
from ingest.job import IngestEvent, ingest
from ingest.library import Library
from ingest.loaders import parts_of
from ingest.loaders.detection import is_mapped
from ingest.loaders.large import text as large_text
from ingest.loaders.large.text import lines_in_parts, rows_in_parts
from ingest.parser import ParsedEnd, ParsedPart, Parser, ParserLimits
from ingest.parser.process import FileChanging, mapped
from ingest.splitting.splitter import SplitterSettings

WORDS = ["harbour", "ship", "fee", "pump", "filter", "valve", "water", "steam", "lease", "港口", "泵", "滤网"]


def sentences(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    return [f"Line {n} says {' '.join(source.choices(WORDS, k=8))}." for n in range(count)]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_text, "MIN_BYTES", 4000)
    monkeypatch.setattr(large_text, "MAX_BYTES", 8000)
    monkeypatch.setattr(large_text, "_ONE_IN", 8)


def pieces(data: bytes, name: str = "a.txt") -> list[bytes]:
    return [member.read() for member in lines_in_parts(data, name)]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be", "utf-32"])
def test_no_character_is_lost_or_cut(encoding: str) -> None:
    text = "\n".join(sentences(2000)) + "\n"
    found = pieces(text.encode(encoding))
    assert len(found) > 5
    assert "".join(piece.decode(encoding) for piece in found) == text
    assert all(piece.decode(encoding).endswith("\n") for piece in found)


@pytest.mark.usefixtures("small_parts")
def test_a_line_longer_than_a_part_is_cut() -> None:
    data = b"x" * 50_000
    assert b"".join(pieces(data)) == data and max(map(len, pieces(data))) <= 8000


@pytest.mark.usefixtures("small_parts")
def test_an_edit_changes_only_the_parts_around_it() -> None:
    lines = sentences(4000)
    before = pieces("\n".join(lines).encode())
    lines[1000:1000] = ["Something new stands here.", "And here."]
    after = pieces("\n".join([*lines, "The end."]).encode())
    assert len(before) > 20 and len(set(after) - set(before)) <= 3


@pytest.mark.usefixtures("small_parts")
def test_rows_stay_whole_and_have_their_header() -> None:
    rows = [[str(n), f"a name, {n}", 'two\nlines and a "word"'] for n in range(1000)]
    stream = io.StringIO()
    csv.writer(stream).writerows([["Number", "Name", "Remark"], *rows])
    found = [member.read().decode() for member in rows_in_parts(stream.getvalue().encode(), "a.csv")]
    read: list[list[str]] = []
    for piece in found:
        header, *few = csv.reader(io.StringIO(piece, newline=""))
        assert header == ["Number", "Name", "Remark"]
        read += few
    assert len(found) > 3 and read == rows


@pytest.mark.usefixtures("small_parts")
def test_a_table_without_header_gets_none_and_an_odd_quotation_mark_stops_nothing() -> None:
    rows = [f"{n},3,5" for n in range(3000)]
    data = "\n".join([*rows[:10], '9,"odd,5', *rows[10:]]).encode()
    assert b"".join(member.read() for member in rows_in_parts(data, "a.csv")) == data


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0"]),
    pieces=st.lists(
        st.sampled_from([b"\n", b"\0", b'"', b"a,b\n", b"\n\0", b"sep=;\n", b"word " * 9, b"\xe6\xb8"]), max_size=300
    ),
)
def test_any_bytes_are_cut_without_loss(mark: bytes, pieces: list[bytes]) -> None:
    data = mark + b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_text, "MIN_BYTES", 100)
        patch.setattr(large_text, "MAX_BYTES", 200)
        patch.setattr(large_text, "_ONE_IN", 4)
        text = large_text._Text(data)
        for cut in (lines_in_parts, rows_in_parts):
            members = list(cut(data, "a.txt"))
            found = [member.read() for member in members]
            assert [len(content) for content in found] == [member.size for member in members]
            joined = b""
            for content in found:
                rest = content[len(text.mark) :]
                at = len(joined) + text.start
                while not data[at:].startswith(rest):  # what is on top of it is the header
                    assert rest
                    rest = rest[1:]
                joined += rest
            assert joined == data[text.start :]


def test_what_is_mapped() -> None:
    large = large_text.LARGE + 1
    assert is_mapped(b"words", large, "a.TXT") and is_mapped(b"a,b", large, "a.csv")
    assert is_mapped(b"From a", large, "a.mbox") and is_mapped(b"# Title", large, "a.md")
    assert not is_mapped(b"words", large - 1, "a.txt")
    assert is_mapped(b"%PDF-1.7", large, "a.txt") and not is_mapped(b"%PDF-1.7", large - 1, "a.pdf")
    assert not is_mapped(b"words", large, "a.rtf")


@pytest.fixture
def large_log(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "server.log"
    path.parent.mkdir()
    line = "The pump of ship {n} was cleaned with water and then dried well, as rule {n} of the harbour asks.\n"
    with path.open("w") as file:
        for n in range(100_000):
            file.write(line.format(n=n))
    assert path.stat().st_size > large_text.LARGE
    return path


def test_a_large_log_is_parsed_in_parts_within_little_memory(large_log: Path) -> None:
    parser = Parser(SplitterSettings(), ParserLimits(megabytes=512))
    *parts, end = parser.parse(large_log, {})
    parser.close()
    assert end == ParsedEnd()
    *inside, itself = [p for p in parts if isinstance(p, ParsedPart)]
    assert [p.name for p in inside] == [f"server (part {n}).log" for n in range(1, len(inside) + 1)] and len(inside) > 1
    assert itself.name == "" and itself.document is not None and itself.document.is_container
    texts = [p.document.text for p in inside if p.document is not None]
    assert "".join(texts) == large_log.read_text()
    assert sum(p.size for p in inside) == itself.size == large_log.stat().st_size


SMALL_PARTS = """
from ingest.loaders import detection, expansion
from ingest.loaders.large import text as large_text
detection.LARGE = expansion.LARGE = 100_000
large_text.MIN_BYTES, large_text.MAX_BYTES, large_text._ONE_IN = 30_000, 60_000, 8
from ingest.parser.process import main
main()
"""


def test_a_log_that_grew_is_read_at_its_end_only(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "server.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps({"n": n, "note": line}) + "\n" for n, line in enumerate(sentences(3000)))
    with closing(LocalEngine(command=(sys.executable, "-c", SMALL_PARTS))) as engine:
        first = ingest(library, [path], engine=engine)
        assert first.exit_status == 0 and len(first.added) > 5
        assert len(ingest(library, [path], engine=engine).unchanged) == 1
        with path.open("a") as file:
            file.write(json.dumps({"n": 3000, "note": "copper"}) + "\n")
        again = ingest(library, [path], engine=engine)
        assert len(again.replaced) + len(again.added) <= 3 and 0 < again.embedded <= 5
        assert len(library.search_keywords("copper", 5)) == 1 and library.verify().clean
        path.write_text('{"note": "short now"}\n')
        assert len(ingest(library, [path], engine=engine).removed) == len(first.added) - 1
    assert len(library.documents()) == 1 and library.verify().clean


def test_an_interrupted_large_file_goes_on_where_it_was(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("\n".join(sentences(6000)))

    def interrupt(event: IngestEvent) -> None:
        if event.kind == "embedding" and "(part 9)" in event.source:
            raise KeyboardInterrupt

    with closing(LocalEngine(command=(sys.executable, "-c", SMALL_PARTS))) as engine:
        with pytest.raises(KeyboardInterrupt):
            ingest(library, [path], engine=engine, progress=interrupt)
        kept = {r.source for r in library.documents()}
        assert kept and library.verify().clean
        rest = ingest(library, [path], engine=engine)
    assert not kept & {o.source for o in rest.added} and rest.exit_status == 0
    parts = [r for r in library.documents() if r.chunks]
    parts.sort(key=lambda r: int(r.source.rpartition("part ")[2].partition(")")[0]))
    assert "".join(library.text(r.document_id) for r in parts) == path.read_text()


def test_a_file_that_is_changed_while_it_is_mapped_is_told_from_one_that_grows(large_log: Path) -> None:
    with mapped(large_log, 1 << 30) as large:
        assert large is not None and isinstance(large.data, mmap.mmap)
        *_, itself = parts_of(large_log.name, large.data)
        with large_log.open("a") as file:
            file.write("One more line.\n")
        large.check(itself.sha256)  # what was there is as it was
        with large_log.open("r+") as file:
            file.write("Another beginning")
        with pytest.raises(FileChanging, match="written to"):
            large.check(itself.sha256)
    with mapped(large_log, 1000) as too_large:
        assert too_large is None
