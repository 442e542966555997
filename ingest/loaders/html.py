"""Web pages: the words a reader sees in the main part, one block a line, tables as records."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import (
    Comment,
    Declaration,
    Doctype,
    NavigableString,
    PageElement,
    ProcessingInstruction,
    Tag,
)

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.encoding import decode, decode_as
from ingest.loaders.normalise import normalise
from ingest.loaders.tables import clean_cell, table_lines

_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_NEVER_READ = [
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "select",
    "button",
    "nav",
    "aside",
]
_AROUND = ["header", "footer"]
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer "  # noqa: SIM905
    "form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_LAYOUT_INSIDE = ["table", "h1", "h2", "h3", "h4", "article", "section", "form"]
_PROSE_INSIDE = ["p", "ul", "ol", "div"]
_MAX_CELL = 500  # characters; a cell with longer paragraphs, or with several, is a part of the page's layout
_MAX_SPANNED = 100  # columns or rows that one cell may claim
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_NOT_TEXT = (Comment, Declaration, Doctype, ProcessingInstruction)
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def load_html(data: bytes, stem: str) -> LoadedDocument:
    """Read a web page; the title is the page's, else its first heading, else the file's name.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    return read_html(_decode(data), stem)


def read_html(markup: str, stem: str) -> LoadedDocument:
    """Read a web page that is decoded already, whatever encoding it declares; see `load_html`."""
    soup = BeautifulSoup(normalise(markup), "lxml")
    stated = _SPACES.sub(" ", soup.title.get_text()).strip() if soup.title else ""
    root = _main_part(soup)
    lines = _Lines()
    for event in _events(root):
        lines.take(*event)
    return lines.finish(stated, stem)


def _decode(data: bytes) -> str:
    declared = _DECLARED.search(data[:4096])
    text = decode_as(data, declared.group(1).decode("ascii")) if declared and b"\x00" not in data else None
    return text if text is not None else decode(data)


def _main_part(soup: BeautifulSoup) -> Tag:
    """Return the page's `main`, its only `article`, or its body, without what is not for reading."""
    for tag in soup.find_all(_NEVER_READ):
        if not tag.decomposed:  # with a tag around it
            tag.decompose()
    for tag in soup.find_all(lambda t: t.has_attr("hidden") or bool(_INVISIBLE.search(str(t.get("style", ""))))):
        if not tag.decomposed:  # text nobody sees is no evidence, and a hiding place for instructions
            tag.decompose()
    main = soup.find("main") or soup.find(None, {"role": "main"})
    articles = soup.find_all("article")
    root = main if isinstance(main, Tag) else articles[0] if len(articles) == 1 else None
    if root is not None and root.get_text(strip=True):
        return root  # a header in here holds the article's own title
    body = soup.body or soup
    for tag in body.find_all(_AROUND):
        if not tag.decomposed and tag.find_parent("article") is None:
            tag.decompose()
    return body


def _events(root: Tag) -> Iterator[tuple[str, str]]:
    """Yield `(event, value)` in reading order: text, raw (preformatted), break, open and close of a block, row."""
    # A stack of our own: a page may nest deeper than Python recurses.
    waiting: list[PageElement | tuple[str, str]] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            yield node
        elif isinstance(node, NavigableString):
            if not isinstance(node, _NOT_TEXT):
                preformatted = node.find_parent("pre") is not None
                yield ("raw" if preformatted else "text"), str(node)
        elif isinstance(node, Tag):
            if node.name == "br":
                yield "break", ""
            elif node.name == "table" and _is_data(node):
                yield "open", "table"
                for line in table_lines(_rows(node), "stated" if _has_header(node) else "unknown"):
                    yield "row", line
                yield "close", "table"
            else:
                block = node.name in _BLOCKS
                if block:
                    yield "open", node.name
                    waiting.append(("close", node.name))
                waiting.extend(reversed(node.contents))


def _is_data(table: Tag) -> bool:
    """Say whether a table holds data rather than the layout of the page."""
    if table.find(_LAYOUT_INSIDE):
        return False
    if table.find("th"):
        return True
    prose = (cell.find_all(_PROSE_INSIDE) for cell in table.find_all("td"))
    return not any(len(blocks) > 1 or sum(len(b.get_text()) for b in blocks) > _MAX_CELL for blocks in prose)


def _has_header(table: Tag) -> bool:
    first = table.find("tr")
    if not isinstance(first, Tag):
        return False
    return first.find_parent("thead") is not None or (first.find("th") is not None and first.find("td") is None)


def _rows(table: Tag) -> Iterator[list[str]]:
    """Yield the cells of each row by column: one over several rows is in each, over several columns in the first."""
    caption = table.find("caption")
    if isinstance(caption, Tag):
        caption.extract()
    above: dict[int, tuple[int, str]] = {}  # column -> how many more rows, what text
    for row in table.find_all("tr"):
        cells: list[str] = []

        def take_from_above(cells: list[str] = cells) -> None:
            while len(cells) in above:
                left, text = above[len(cells)]
                above[len(cells)] = (left - 1, text)
                if left == 1:
                    del above[len(cells)]
                cells.append(text)

        for cell in row.find_all(["td", "th"]):
            take_from_above()
            text = clean_cell(cell.get_text(" "))
            rows, columns = _span(cell, "rowspan"), _span(cell, "colspan")
            for i in range(columns):
                if rows > 1:
                    above[len(cells)] = (rows - 1, "" if i else text)
                cells.append("" if i else text)
        take_from_above()
        yield cells


def _span(cell: Tag, name: str) -> int:
    stated = str(cell.get(name, "1")).strip()
    return min(max(1, int(stated)), _MAX_SPANNED) if stated.isascii() and stated.isdigit() and len(stated) < 9 else 1


class _Lines:
    """Collects events into lines and headings with exact offsets."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._offset = 0
        self._current: list[str] = []
        self._headings: list[Heading] = []
        self._rows: list[tuple[int, int]] = []
        self._level = 0
        self._bullet = False

    def take(self, event: str, value: str) -> None:
        if event == "text":
            self._current.append(_SPACES.sub(" ", value))
        elif event == "raw":
            self._current.append(value)
        elif event == "row":
            self._end_line()
            self._rows.append((self._offset, self._offset + len(value)))
            self._append(value)
        else:
            self._end_line()
            if event == "open":
                self._level = int(value[1]) if value in _HEADINGS else self._level
                self._bullet = value == "li" or (self._bullet and value not in {"ul", "ol"})
            elif event == "close" and value in _HEADINGS:
                self._level = 0
            elif event == "close" and value == "li":
                self._bullet = False
            if value in {"p", "table", "pre", "ul", "ol", "blockquote"} or value in _HEADINGS:
                self._blank_line()

    def finish(self, stated: str, stem: str) -> LoadedDocument:
        """Return the document; its title is `stated`, else its first heading, else `stem`."""
        self._end_line()
        return LoadedDocument(
            text="\n".join(self._lines).rstrip(),
            mime="text/html",
            title=stated or next((h.title for h in self._headings), stem),
            headings=tuple(self._headings),
            atomic_spans=tuple(self._rows),
        )

    def _end_line(self) -> None:
        # Inline text was collapsed piece by piece; two pieces may still meet with a space each.
        whole = "".join(self._current)
        line = whole.strip("\n") if "\n" in whole else re.sub(" {2,}", " ", whole).strip()
        self._current = []
        if not line.strip():
            return
        if self._bullet:
            line, self._bullet = "- " + line.lstrip(), False
        if self._level:
            self._headings.append(Heading(self._level, " ".join(line.split()), self._offset))
        self._append(line)

    def _blank_line(self) -> None:
        if self._lines and self._lines[-1]:
            self._append("")

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._offset += len(line) + 1
