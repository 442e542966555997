"""Markdown, kept as its author wrote it but for its tables, which become records; the headings are read out."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.encoding import decode
from ingest.loaders.normalise import normalise
from ingest.loaders.tables import table_lines

# CommonMark would read the end of YAML front matter as the underline of a heading.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.M | re.I)


def load_markdown(data: bytes, stem: str) -> LoadedDocument:
    """Read Markdown; the title is the front matter's, else the first heading, else the file's name.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    return read_markdown(normalise(decode(data)), stem)


def read_markdown(text: str, stem: str) -> LoadedDocument:
    """Read Markdown that is decoded and normalised already; see `load_markdown`."""
    front = _FRONT_MATTER.match(text)
    body_start = front.end() if front else 0
    tokens = MarkdownIt("commonmark").enable("table").parse(text[body_start:])
    page = _Page(text[:body_start], text[body_start:].split("\n"))
    for index, opening in enumerate(tokens):
        if opening.map is None:
            continue
        first, last = opening.map
        if opening.type == "heading_open":
            page.heading(int(opening.tag[1:]), _plain(tokens[index + 1]), first)
        elif opening.type == "table_open" and opening.level == 0:
            page.replace(first, last, list(table_lines(_rows(tokens, index), "stated")))
        elif opening.type in {"fence", "code_block"}:
            page.keep_lines(first, last)
    stated = _FRONT_TITLE.search(front.group()) if front else None
    return page.finish(stated.group(1) if stated else "", stem)


class _Page:
    """The lines of the body, of which some are replaced, and what is known of them by number."""

    def __init__(self, front: str, lines: list[str]) -> None:
        self._front = front
        self._lines: list[str | None] = [*lines]  # None: the line went into a record
        self._records: dict[int, list[str]] = {}
        self._headings: list[tuple[int, int, str]] = []
        self._kept: set[int] = set()

    def heading(self, level: int, title: str, line: int) -> None:
        self._headings.append((line, level, title))

    def keep_lines(self, first: int, last: int) -> None:
        self._kept.update(range(first, last))

    def replace(self, first: int, last: int, records: list[str]) -> None:
        self._lines[first:last] = [None] * (last - first)
        self._records[first] = records

    def finish(self, stated: str, stem: str) -> LoadedDocument:
        offset = len(self._front)
        starts: list[int] = []
        written: list[str] = []
        atomic: list[tuple[int, int]] = []
        for number, line in enumerate(self._lines):
            starts.append(offset)
            for text in self._records.get(number, []) if line is None else [line]:
                if text.strip() and (line is None or number in self._kept):
                    atomic.append((offset, offset + len(text)))
                written.append(text)
                offset += len(text) + 1
        headings = tuple(Heading(level, title, starts[line]) for line, level, title in self._headings)
        title = stated or next((h.title for h in headings if h.title), stem)
        text = self._front + "\n".join(written)
        return LoadedDocument(
            text=text, mime="text/markdown", title=title, headings=headings, atomic_spans=tuple(atomic)
        )


def _rows(tokens: Sequence[Token], start: int) -> Iterator[list[str]]:
    """Yield the cells of the table that `tokens[start]` opens."""
    row: list[str] = []
    for token in takewhile(lambda t: t.type != "table_close", (tokens[i] for i in range(start, len(tokens)))):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append(_plain(token))
        elif token.type == "tr_close":
            yield row


def _plain(inline: Token) -> str:
    """Return the words of a heading or a cell without their markup."""
    kept = {"text", "code_inline", "softbreak", "hardbreak"}
    words = "".join(child.content or " " for child in inline.children or () if child.type in kept)
    return " ".join(words.split())
