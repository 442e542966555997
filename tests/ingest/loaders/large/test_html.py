"""Large web pages are cut before blocks and rows; a part lies in the same elements as in the whole."""

import re

import pytest

from ingest.loaders.detection import is_mapped
from ingest.loaders.errors import LoadError
from ingest.loaders.html import load_html
from ingest.loaders.large import html as large_html
from ingest.loaders.large import text as large_text
from ingest.loaders.large.html import html_in_parts


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_text, "MIN_BYTES", 2000)
    monkeypatch.setattr(large_text, "MAX_BYTES", 6000)
    monkeypatch.setattr(large_html, "_ONE_IN", 4)


def texts(page: str | bytes) -> list[str]:
    members = list(html_in_parts(page if isinstance(page, bytes) else page.encode(), "page.html"))
    found = [member.read() for member in members]
    assert [member.size for member in members] == [len(piece) for piece in found]
    return [load_html(piece, "page").text for piece in found]


def numbers(found: list[str]) -> list[int]:
    return [int(n) for text in found for n in re.findall(r"number (\d+)", text)]


PARAGRAPHS = "".join(f"<p>The pump of number {n} was cleaned & dried.\n" for n in range(400))


def test_each_paragraph_is_read_once_in_order() -> None:
    found = texts(f"<!DOCTYPE html><html><head><title>A manual</title></head><body><h1>Pumps</h1>{PARAGRAPHS}</body>")
    assert len(found) > 3 and numbers(found) == list(range(400))
    page = f"<title>A manual</title><body>{PARAGRAPHS}".encode()
    assert {load_html(member.read(), "x").title for member in html_in_parts(page, "x.html")} == {"A manual"}


@pytest.mark.parametrize(
    "tags", [("<div hidden>", "</div>"), ('<ul><li style="display: none">', "</ul>"), ("<nav>", "</nav>")]
)
def test_what_is_not_to_be_read_is_not_read_in_any_part(tags: tuple[str, str]) -> None:
    found = texts(f"<body><p>The number 1000.</p>{tags[0]}{PARAGRAPHS}{tags[1]}<p>The number 1001.</p></body>")
    assert len(found) > 3 and numbers(found) == [1000, 1001]


def test_only_the_main_part_is_read_where_there_is_one() -> None:
    found = texts(f"<body><header>The number 1000.</header><main>{PARAGRAPHS}</main></body>")
    assert len(found) > 3 and numbers(found) == list(range(400))


def test_one_of_several_articles_is_not_the_main_part() -> None:
    article = "<article><p>The number 1000.</p></article>"
    found = texts(f"<body>{article}{PARAGRAPHS}{article}</body>")
    assert len(found) > 3 and numbers(found) == [1000, *range(400), 1000]


@pytest.mark.parametrize("end", ["</td></tr>", ""])
def test_rows_keep_their_header_and_are_not_cut(end: str) -> None:
    rows = "".join(f"<tr><td>number {n}<td>a <b>small</b> pump{end}\n" for n in range(400))
    found = texts(f"<table class='a'><thead><tr><th>Which<th>What</thead><tbody>{rows}</tbody></table>")
    assert len(found) > 3 and numbers(found) == list(range(400))
    lines = [line for text in found for line in text.split("\n") if line]
    assert lines == [f"Which: number {n}; What: a small pump" for n in range(400)]


def test_scripts_and_comments_may_hold_anything() -> None:
    odd = "<script>if (a < b) '<div hidden>'</script><!-- <div hidden> --><a title='<div hidden>'>x</a>"
    found = texts(f"<body>{odd}{PARAGRAPHS}</body>")
    assert len(found) > 3 and numbers(found) == list(range(400))


def test_the_encoding_that_is_declared_counts_in_each_part() -> None:
    page = f'<html><head><meta charset="gb18030"></head><body>{PARAGRAPHS.replace("pump", "水泵")}</body>'
    found = texts(page.encode("gb18030"))
    assert len(found) > 3 and all("水泵" in text for text in found)
    with pytest.raises(LoadError, match="UTF-8"):
        texts(page.encode("utf-16"))


@pytest.mark.parametrize("odd", [b"<div>" * 9000, b"<!--" * 9000, b"<script>" * 9000, b"x" * 60_000, b"<a '" * 9000])
def test_any_bytes_are_cut_without_loss(odd: bytes) -> None:
    joined = b""
    for member in html_in_parts(odd, "page.html"):
        piece = member.read()
        while not odd.startswith(joined + piece):  # what is on top of it is the frame
            assert piece.startswith(b"<")
            piece = piece[piece.index(b">") + 1 :]
        joined += piece
    assert joined == odd


def test_a_page_is_mapped_whatever_its_name() -> None:
    assert is_mapped(b"<!DOCTYPE html><html>", large_text.LARGE + 1, "page.txt")
    assert not is_mapped(b"PK\x03\x04", large_text.LARGE + 1, "page.html")
