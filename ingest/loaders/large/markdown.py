"""Large Markdown files in parts, as `text.py` has them: cut before headings, which a part then begins with.

A part repeats, on top, the headings that it stands below, so that its sections have the names that they have in the
whole. Where there is no heading for megabytes it is cut at a blank line, and else at a line's end.
"""

import copy
import re
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from ingest.loaders.large import text as large_text
from ingest.loaders.large.text import Content, drop_pages, lines_in_parts
from ingest.loaders.members import Member, Names

_ONE_IN = 8  # headings, before which a part may begin: about one in so many
_MAX_LINE = 1000  # bytes of a heading that are repeated
# The opening or closing line of a code block, in which nothing is a heading, or a heading with its level.
_LINE = re.compile(rb"^ {0,3}(?:(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)|(?P<level>#{1,6})[ \t][^\n]*)$", re.M)


def markdown_in_parts(data: Content, name: str) -> Iterator[Member]:
    """Yield the parts of a Markdown file. One in UTF-16 is cut at any line's end."""
    start = 3 if data[:3] == b"\xef\xbb\xbf" else 0
    if b"\0" in data[:64]:
        yield from lines_in_parts(data, name)
        return
    pure, names = PurePosixPath(name), Names()
    number, outline = 0, _Outline()
    while start < len(data):
        end = _cut(data, start, outline)
        on_top = outline.lines_at(data, start)
        number += 1
        member = names.unique(f"{pure.stem} (part {number}){pure.suffix}")
        yield Member(member, len(on_top) + end - start, partial(_read, data, on_top, start, end))
        for match in _LINE.finditer(data, start, end):
            outline.take(match)
        start = end


def _read(data: Content, on_top: bytes, start: int, end: int) -> bytes:
    content = on_top + data[start:end]
    drop_pages(data)
    return content


class _Outline:
    """The headings and the code block in which a place is."""

    def __init__(self) -> None:
        self._headings: list[tuple[int, bytes]] = []  # level and line
        self._opening = b""  # line of the code block
        self._fence = b""

    def take(self, line: re.Match[bytes]) -> None:
        """Go past a line."""
        fence = line["fence"]
        if fence is not None and not self._fence:
            if fence[:1] == b"~" or b"`" not in line["info"]:  # back quotes behind it: it is code in a line
                self._opening, self._fence = line.group(), fence
        elif fence is not None:
            if fence.startswith(self._fence) and not line["info"].strip():
                self._opening = self._fence = b""
        elif self.is_heading(line):
            level = len(line["level"])
            self._headings = [heading for heading in self._headings if heading[0] < level]
            self._headings.append((level, line.group()[:_MAX_LINE]))

    def is_heading(self, line: re.Match[bytes]) -> bool:
        """Say whether a line at this place is one."""
        return not self._fence and line["level"] is not None

    def lines_at(self, data: Content, place: int) -> bytes:
        """Return what a part that begins at `place` repeats on top."""
        following = _LINE.match(data, place)
        level = len(following["level"]) if following and self.is_heading(following) else 7
        above = b"".join(line + b"\n\n" for own, line in self._headings if own < level)
        return above + (self._opening + b"\n" if self._opening else b"")


def _cut(data: Content, start: int, outline: _Outline) -> int:
    """Return where a part that starts at `start`, where the outline is this, ends."""
    stop = start + large_text.MAX_BYTES
    if stop >= len(data):
        return len(data)
    inside = copy.copy(outline)
    best = None
    for line in _LINE.finditer(data, start, stop):
        if line.start() >= start + large_text.MIN_BYTES and inside.is_heading(line):
            best = line.start()
            if zlib.crc32(line.group()) % _ONE_IN == 0:
                break
        inside.take(line)
    if best is not None:
        return best
    blank = data.rfind(b"\n\n", start + large_text.MIN_BYTES, stop)
    line_end = data.rfind(b"\n", start + large_text.MIN_BYTES, stop)
    return blank + 2 if blank >= 0 else line_end + 1 if line_end >= 0 else stop
