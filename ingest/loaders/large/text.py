"""Large text files in parts, each a document: so that neither memory nor a transaction grows with the file.

A text, log, table or JSON lines file above `LARGE` is a container like a mailbox. It is cut at line ends (tables: at
ends of rows, and each part begins with the header). Where to cut is decided by the lines themselves, so that an edit
moves only the cuts near it: what is behind keeps its parts and is not embedded again. A log that grows gets parts at
its end.
"""

import codecs
import mmap
import re
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from ingest.loaders.members import Member, Names

LARGE = 8 << 20  # bytes; a smaller file is one document
MIN_BYTES = 3 << 20  # bytes of a part; the last one may be smaller
MAX_BYTES = 6 << 20
_MAX_HEADER = 64 << 10
_ONE_IN = 512  # lines, at which a part may end: about one in so many
_FIGURE = re.compile(rb"\s*[\"']?[-+]?\d")
Content = bytes | mmap.mmap


def drop_pages(data: Content) -> None:
    """Tell the system that what was read of a mapped file need not stay in memory."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def lines_in_parts(data: Content, name: str) -> Iterator[Member]:
    """Yield the parts of a text, cut at ends of lines."""
    yield from _members(data, name, _Text(data), header=(0, 0))


def rows_in_parts(data: Content, name: str) -> Iterator[Member]:
    """Yield the parts of a table, cut at ends of rows, each with the header on top."""
    text = _Text(data)
    end = text.line_end(text.start, min(len(data), _MAX_HEADER))
    if end is not None and data[text.start : end].lower().startswith(b"sep="):  # Excel's line before the header
        end = text.line_end(end, min(len(data), end + _MAX_HEADER))
    first = b"" if end is None else data[text.start : end]
    is_header = first and not any(_FIGURE.match(field) for field in re.split(rb"[,;\t|]", first))
    header = (text.start, end) if end is not None and is_header else (0, 0)
    yield from _members(data, name, text, header, quoted=True)


class _Text:
    """Where lines end in the bytes of a text; `start` is behind its byte order mark, which each part gets again."""

    def __init__(self, data: Content) -> None:
        self._data = data
        marks = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)
        self.mark = next((mark for mark in marks if data[:4].startswith(mark)), b"")
        self.start = len(self.mark)
        width, low = 1, False
        if self.mark in marks[:4]:
            width, low = len(self.mark), self.mark in {marks[0], marks[2]}
        elif b"\0" in data[:64]:  # UTF-16 without a mark
            width, low = 2, data[1:2] == b"\0"
        self.width = width
        self.newline = b"\n".ljust(width, b"\0") if low else b"\n".rjust(width, b"\0")

    def line_end(self, start: int, stop: int) -> int | None:
        """Return the offset behind the first line end in a span, or None."""
        at = self._data.find(self.newline, start, stop)
        while at >= 0 and (at - self.start) % self.width:
            at = self._data.find(self.newline, at + 1, stop)
        return None if at < 0 else at + self.width


def _members(
    data: Content, name: str, text: _Text, header: tuple[int, int], *, quoted: bool = False
) -> Iterator[Member]:
    pure = PurePosixPath(name)
    names = Names()
    start, number = text.start, 0
    while start < len(data):
        end = _cut(data, start, text, quoted=quoted)
        number += 1
        on_top = header if start >= header[1] > 0 else (0, 0)
        size = end - start + len(text.mark) + on_top[1] - on_top[0]
        member = names.unique(f"{pure.stem} (part {number}){pure.suffix}")
        yield Member(member, size, partial(_read, data, text.mark, on_top, start, end))
        start = end


def _read(data: Content, mark: bytes, header: tuple[int, int], start: int, end: int) -> bytes:
    content = mark + data[header[0] : header[1]] + data[start:end]
    drop_pages(data)
    return content


def _cut(data: Content, start: int, text: _Text, *, quoted: bool) -> int:
    """Return where a part that starts at `start` ends."""
    stop = start + MAX_BYTES - MAX_BYTES % 4
    if stop >= len(data):
        return len(data)
    before = start + MIN_BYTES - MIN_BYTES % 4
    inside = quoted and data[start:before].count(b'"') % 2 == 1  # a row may have line ends between quotation marks
    first = line = text.line_end(before, stop)
    last = None
    while line is not None:
        following = text.line_end(line, stop)
        inside ^= quoted and data[before:line].count(b'"') % 2 == 1
        if not inside:
            last = line
            if following is not None and zlib.crc32(data[line:following]) % _ONE_IN == 0:
                break
        before, line = line, following
    # No end of a row: an odd quotation mark somewhere. No line end: a single line of megabytes.
    return last or first or stop
