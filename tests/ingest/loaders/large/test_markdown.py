"""Large Markdown is cut before headings; each part says which headings it stands below."""

import re

import pytest

from ingest.loaders.large import markdown as large_markdown
from ingest.loaders.large import text as large_text
from ingest.loaders.large.markdown import markdown_in_parts
from ingest.loaders.markdown import load_markdown


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_text, "MIN_BYTES", 2000)
    monkeypatch.setattr(large_text, "MAX_BYTES", 6000)
    monkeypatch.setattr(large_markdown, "_ONE_IN", 2)


def pieces(text: str) -> list[str]:
    members = list(markdown_in_parts(text.encode(), "manual.md"))
    found = [member.read() for member in members]
    assert [member.size for member in members] == [len(piece) for piece in found]
    return [piece.decode() for piece in found]


def manual(chapters: int, sections: int) -> str:
    lines = ["# Manual"]
    for c in range(chapters):
        lines.append(f"## Chapter {c}")
        for s in range(sections):
            lines += [f"### Section {c}.{s}", f"The pump of chapter {c} says {s}. " * 12]
            lines += ["```sh", "# no heading", "## neither", "```"]
    return "\n\n".join(lines) + "\n"


def test_parts_begin_with_the_headings_that_they_stand_below() -> None:
    text = manual(6, 9)
    found = pieces(text)
    assert len(found) > 5 and all(len(piece) < 7000 for piece in found)
    assert found[0].startswith("# Manual")
    for piece in found[1:]:
        assert re.match(r"# Manual\n\n(## Chapter \d\n\n)?#{2,3} (Chapter|Section) ", piece), piece[:80]
    # every section is there once, below the chapter to which it belongs
    paths = []
    for piece in found:
        chapter = ""
        for heading in load_markdown(piece.encode(), "x").headings:
            chapter = heading.title if heading.level == 2 else chapter
            if heading.level == 3:
                paths.append((chapter, heading.title))
    assert paths == [(f"Chapter {c}", f"Section {c}.{s}") for c in range(6) for s in range(9)]


def test_nothing_is_lost_but_what_is_repeated() -> None:
    text = manual(6, 9)
    joined = ""
    for piece in pieces(text):
        rest = piece
        while not text.startswith(joined + rest):  # what is on top of it stood there before
            head, _, rest = rest.partition("\n\n")
            assert head.startswith("#") and f"{head}\n" in joined
        joined += rest
    assert joined == text


def test_an_edit_changes_only_the_parts_around_it() -> None:
    text = manual(20, 9)
    before, after = pieces(text), pieces(text.replace("### Section 9.4", "### Section 9.4 of the second edition"))
    assert len(before) > 20 and len(set(after) - set(before)) <= 3


@pytest.mark.parametrize("unit", ["word " * 30 + "\n\n", "word " * 30 + "\n", "x" * 50])
def test_text_without_headings_is_cut_all_the_same(unit: str) -> None:
    found = pieces(unit * 400)
    assert "".join(found) == unit * 400 and len(found) > 2


def test_a_code_block_that_is_cut_goes_on_as_code() -> None:
    text = "# Log\n\n```text\n" + "# a line of the log\n" * 1000 + "```\n\n## After\n\nWords.\n"
    found = pieces(text)
    assert len(found) > 2 and all(piece.startswith("# Log\n\n```text\n# a line") for piece in found)
    titles = [[h.title for h in load_markdown(piece.encode(), "x").headings] for piece in found]
    assert titles == [["Log"]] * (len(found) - 1) + [["Log", "After"]]


def test_windows_line_ends_and_a_mark_are_no_obstacle() -> None:
    text = "\ufeff" + manual(6, 9).replace("\n", "\r\n")
    found = pieces(text)
    titles = {h.title for piece in found for h in load_markdown(piece.encode(), "x").headings}
    assert len(found) > 5 and titles == {h.title for h in load_markdown(text.encode(), "x").headings}
