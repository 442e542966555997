import io
import zipfile

import pytest

from ingest.loaders.epub import load_epub
from ingest.loaders.errors import LoadError

CONTAINER = '<container xmlns="c"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
BOOK = """<package xmlns="p" xmlns:dc="d"><metadata><dc:title>The Book</dc:title></metadata><manifest>
<item id="one" href="first%20chapter.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
<item id="css" href="s.css" media-type="text/css"/></manifest>
<spine><itemref idref="two"/><itemref idref="one"/><itemref idref="gone"/><itemref idref="css"/></spine></package>"""
PAGE = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">'
    "<body><h1>{0}</h1><p>Text of {0}.</p></body></html>"
)


def packed(**more: str) -> bytes:
    stream = io.BytesIO()
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": BOOK,
        "OEBPS/first chapter.xhtml": PAGE.format("One"),
        "OEBPS/two.xhtml": PAGE.format("二"),
        **more,
    }
    with zipfile.ZipFile(stream, "w") as book:
        for name, content in files.items():
            book.writestr(name, content)
    return stream.getvalue()


def test_chapters_stand_in_the_order_of_the_spine() -> None:
    document = load_epub(packed(), "stem")
    assert document.text == "二\n\nText of 二.\n\nOne\n\nText of One."
    assert [(h.title, document.text[h.start :][: len(h.title)]) for h in document.headings] == [
        ("二", "二"), ("One", "One")
    ]  # fmt: skip
    assert document.title == "The Book"
    assert document.warning == "1 of its chapters could not be read"


def test_a_book_with_copy_protection_is_refused_and_one_with_scrambled_fonts_is_not() -> None:
    method = '<encryption><EncryptionMethod Algorithm="{}"/></encryption>'
    fonts = {"META-INF/encryption.xml": method.format("http://www.idpf.org/2008/embedding")}
    locked = {"META-INF/encryption.xml": method.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    assert "Text of One" in load_epub(packed(**fonts), "s").text
    with pytest.raises(LoadError, match="copy protection"):
        load_epub(packed(**locked), "s")


@pytest.mark.parametrize("missing", ["META-INF/container.xml", "OEBPS/book.opf"])
def test_a_book_without_its_list_of_contents_is_refused(missing: str) -> None:
    with pytest.raises(LoadError):
        load_epub(packed(**{missing: ""}), "s")


PLAIN = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{0}</p><p>Words.</p></body></html>'
NAVIGATION = (
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:e="http://www.idpf.org/2007/ops"><body><nav e:type="page-list">'
    '<a href="two.xhtml">Never</a></nav><nav e:type="toc"><ol><li><a href="first%20chapter.xhtml">One <b>day</b></a>'
    '</li><li><a href="first%20chapter.xhtml#s">A section</a></li><li><a href="two.xhtml">Two</a></li></ol></nav>'
    "</body></html>"
)
NCX = "".join(
    f"<navPoint><navLabel><text>{title}</text></navLabel><content src='../{target}'/></navPoint>"
    for title, target in (("One day", "first%20chapter.xhtml#top"), ("Two", "two.xhtml"))
)


@pytest.mark.parametrize(
    ("item", "name", "content"),
    [
        ('<item id="n" properties="nav" href="nav.xhtml"/>', "OEBPS/nav.xhtml", NAVIGATION),
        ('<item media-type="application/x-dtbncx+xml" href="n/toc.ncx"/>', "OEBPS/n/toc.ncx", f"<ncx>{NCX}</ncx>"),
    ],
)
def test_a_chapter_without_a_heading_has_that_of_the_navigation(item: str, name: str, content: str) -> None:
    pages = {"OEBPS/first chapter.xhtml": PLAIN.format("It rained."), "OEBPS/two.xhtml": PLAIN.format("TWO")}
    book = {"OEBPS/book.opf": BOOK.replace("<manifest>", f"<manifest>{item}")}
    document = load_epub(packed(**pages, **book, **{name: content}), "s")
    assert document.text == "TWO\n\nWords.\n\nOne day\n\nIt rained.\n\nWords."
    assert [(h.title, document.text.index(h.title) == h.start) for h in document.headings] == [
        ("TWO", True), ("One day", True)
    ]  # fmt: skip


def test_a_damaged_navigation_costs_the_titles_only() -> None:
    book = BOOK.replace("<manifest>", '<manifest><item id="n" properties="nav" href="nav.xhtml"/>')
    document = load_epub(packed(**{"OEBPS/book.opf": book, "OEBPS/nav.xhtml": ""}), "s")
    assert document.text == "二\n\nText of 二.\n\nOne\n\nText of One."
