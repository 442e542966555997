"""Web pages: the words a reader sees in the main part, one block a line."""

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
_LAYOUT_INSIDE = ["table", "p", "h1", "h2", "h3", "h4", "ul", "ol", "article", "section"]
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_NOT_TEXT = (Comment, Declaration, Doctype, ProcessingInstruction)
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def load_html(data: bytes, stem: str) -> LoadedDocument:
    """Read a web page; the title is the page's, else its first heading, else the file's name.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    soup = BeautifulSoup(normalise(_decode(data)), "lxml")
    stated = _SPACES.sub(" ", soup.title.get_text()).strip() if soup.title else ""
    root = _main_part(soup)
    lines = _Lines()
    for event in _events(root):
        lines.take(*event)
    text, headings = lines.finish()
    first = next((h.title for h in headings), stem)
    return LoadedDocument(text=text, mime="text/html", title=stated or first, headings=headings)


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
            elif node.name == "tr" and not node.find(_LAYOUT_INSIDE):
                yield "row", " | ".join(_cell_texts(node))
            else:
                block = node.name in _BLOCKS
                if block:
                    yield "open", node.name
                    waiting.append(("close", node.name))
                waiting.extend(reversed(node.contents))


def _cell_texts(row: Tag) -> list[str]:
    return [_SPACES.sub(" ", cell.get_text(" ")).strip() for cell in row.find_all(["td", "th"])]


class _Lines:
    """Collects events into lines and headings with exact offsets."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._offset = 0
        self._current: list[str] = []
        self._headings: list[Heading] = []
        self._level = 0
        self._bullet = False

    def take(self, event: str, value: str) -> None:
        if event == "text":
            self._current.append(_SPACES.sub(" ", value))
        elif event == "raw":
            self._current.append(value)
        elif event == "row":
            self._end_line()
            self._current = [value]
            self._end_line()
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

    def finish(self) -> tuple[str, tuple[Heading, ...]]:
        self._end_line()
        text = "\n".join(self._lines)
        return text.rstrip(), tuple(self._headings)

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
