"""Large web pages in parts, as `text.py` has them: cut before a block, and inside a table before a row.

A part repeats the start tags of the elements in which it lies, so that what is hidden, navigation or the main part in
the whole is so in the part; of a table also the header, of the page its title and its encoding.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.large import text as large_text
from ingest.loaders.large.text import Content, drop_pages
from ingest.loaders.members import Member, Names

_ONE_IN = 128  # blocks, before which a part may begin: about one in so many
_HEAD = 64 << 10  # bytes in which the title and the encoding are looked for
_MAX_HEADER = 4 << 10  # bytes of a table's first row
_DEEPEST = 500  # elements inside one another of which note is taken
_TAG = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<close>/?)(?P<name>[a-zA-Z][\w:-]*)"
    rb"(?:[^<>\"']|\"[^\"]{0,65536}\"|'[^']{0,65536}')*+(?P<empty>/)?>)"
)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=[^>]*>", re.I)
_TITLE = re.compile(rb"<title\b[^>]*>.{0,1000}?</title\s*>", re.I | re.S)
_ARTICLE = re.compile(rb"<article\b", re.I)
_RAW = {name: re.compile(rb"</" + name + rb"\b", re.I) for name in (b"script", b"style", b"textarea", b"title")}
_CUT_BEFORE = frozenset(b"article blockquote div dl h1 h2 h3 h4 h5 h6 ol p pre section table tr ul".split())
_TRACKED = _CUT_BEFORE | frozenset(
    b"address aside body button caption center dd details dialog dt fieldset figure footer form header html iframe li "
    b"main nav noscript object select summary svg tbody td template tfoot th thead".split()
)
_CELLS = frozenset([b"td", b"th", b"p"])  # and what may be open in one
_GROUPS = frozenset([b"tbody", b"thead", b"tfoot"])
# A start tag -> the elements that it ends, and those behind which it ends none: HTML leaves out many end tags.
_ENDED_BY: dict[bytes, tuple[frozenset[bytes], frozenset[bytes]]] = {
    b"li": (frozenset([b"li", b"p"]), frozenset([b"ul", b"ol"])),
    **dict.fromkeys((b"dt", b"dd"), (frozenset([b"dt", b"dd", b"p"]), frozenset([b"dl"]))),
    **dict.fromkeys((b"td", b"th"), (_CELLS, frozenset([b"tr", b"table"]))),
    b"tr": (_CELLS | {b"tr"}, frozenset([b"table"])),
    **dict.fromkeys(_GROUPS, (_CELLS | _GROUPS | {b"tr"}, frozenset([b"table"]))),
}


def html_in_parts(data: Content, name: str) -> Iterator[Member]:
    """Yield the parts of a web page.

    Raises:
        LoadError: when it is in UTF-16.
    """
    if b"\0" in data[:64]:
        raise LoadError(
            f"a web page of more than {large_text.LARGE >> 20} MB is read in UTF-8 only; save it so",
            FailureKind.ENCODING,
        )
    head = data[:_HEAD]
    repeated = b"".join(found.group() for found in (_CHARSET.search(head), _TITLE.search(head)) if found)
    articles = sum(1 for _, _ in zip(range(2), _ARTICLE.finditer(data), strict=False))
    # Where a page has several articles, none of them is its main part, not even if a part of it has only one.
    after = b"<article></article>" if articles > 1 else b""
    pure, names = PurePosixPath(name), Names()
    start, number, walk = 0, 0, _Walk(data)
    while start < len(data):
        before = b"<!DOCTYPE html><html>" + repeated + walk.frame() if start else b""
        end = walk.to_next_cut()
        number += 1
        member = names.unique(f"{pure.stem} (part {number}){pure.suffix}")
        size = len(before) + end - start + len(after)
        yield Member(member, size, partial(_read, data, before, start, end, after))
        start = end


def _read(data: Content, before: bytes, start: int, end: int, after: bytes) -> bytes:
    content = before + data[start:end] + after
    drop_pages(data)
    return content


@dataclass(slots=True)
class _Open:
    """An element that is open: its name and start tag; of a table, where its first row begins, and its header."""

    name: bytes
    tag: bytes
    row: int | None = None
    header: bytes | None = None


class _Walk:
    """Goes through the tags of a page from one cut to the next."""

    def __init__(self, data: Content) -> None:
        self._data = data
        self._at = 0
        self._open: list[_Open] = []

    def frame(self) -> bytes:
        """Return the start tags of the elements in which the present place lies."""
        return b"".join(element.tag + (element.header or b"") for element in self._open)

    def to_next_cut(self) -> int:
        """Go on to the place where the part that begins here ends, and return it."""
        stop = self._at + large_text.MAX_BYTES
        least = self._at + large_text.MIN_BYTES
        if stop >= len(self._data):
            self._at = len(self._data)
        while self._at < stop and self._at < len(self._data):
            tag = _TAG.search(self._data, self._at, min(stop, len(self._data)))
            if tag is None:
                self._at = min(stop, len(self._data))
                break
            if tag.start() >= least and self._may_cut_before(tag, stop):
                self._at = tag.start()
                break
            self._at = self._past(tag, stop)
        return self._at

    def _may_cut_before(self, tag: re.Match[bytes], stop: int) -> bool:
        name = (tag["name"] or b"").lower()
        if tag["close"] or name not in _CUT_BEFORE:
            return False
        if name != b"tr" and any(element.name == b"table" for element in self._open):
            return False
        is_late = tag.start() > stop - (large_text.MAX_BYTES - large_text.MIN_BYTES) // 4
        return is_late or zlib.crc32(self._data[tag.start() : tag.end() + 64]) % _ONE_IN == 0

    def _past(self, tag: re.Match[bytes], stop: int) -> int:
        """Note what a tag opens or closes; return where the next one may begin."""
        if tag["comment"]:
            end = self._data.find(b"-->", tag.end(), stop)
            return stop if end < 0 else end + 3
        name = tag["name"].lower()
        if name in _RAW and not tag["close"]:
            end_tag = _RAW[name].search(self._data, tag.end(), stop)
            return stop if end_tag is None else end_tag.start()
        if name not in _TRACKED:
            return tag.end()
        if tag["close"]:
            self._closes(name, tag.end())
        else:
            self._opens(name, tag)
        return tag.end()

    def _opens(self, name: bytes, tag: re.Match[bytes]) -> None:
        if self._open and self._open[-1].name == b"p" and name in _CUT_BEFORE:
            self._open.pop()
        ended, behind = _ENDED_BY.get(name, (frozenset[bytes](), frozenset[bytes]()))
        while ended and self._open and self._open[-1].name in ended and self._open[-1].name not in behind:
            self._closes(self._open[-1].name, tag.start())
        table = self._table() if name == b"tr" else None
        if table is not None and table.row is None:
            table.row = tag.start()
        if not tag["empty"] and len(self._open) < _DEEPEST:
            self._open.append(_Open(name, tag.group()))

    def _closes(self, name: bytes, end: int) -> None:
        if not any(element.name == name for element in self._open):
            return
        closed = b""
        while closed != name:
            closed = self._open.pop().name
            if closed == b"tr":
                self._note_header(end)

    def _note_header(self, end: int) -> None:
        table = self._table()
        if table is not None and table.header is None and table.row is not None:
            row = self._data[table.row : min(end, table.row + _MAX_HEADER + 1)]
            is_header = len(row) <= _MAX_HEADER and b"<th" in row.lower() and b"<td" not in row.lower()
            table.header = row if is_header else b""

    def _table(self) -> _Open | None:
        return next((element for element in reversed(self._open) if element.name == b"table"), None)
