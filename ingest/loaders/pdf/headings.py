"""Headings of a document without an outline: short lines that are written larger than the body of the text."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingest.documents import Heading, PageSpan
from ingest.loaders.normalise import normalise
from ingest.loaders.pdf.line_wraps import columns_of, mend_hyphens
from ingest.loaders.pdf.page import PageLines

_LARGER = 1.12  # than the body
_SAME = 1.06  # sizes closer than this are one level
_MAX_COLUMNS = 100  # half-width ones
_MAX_LINES = 3  # of one heading: more of them are a text in large letters
_MAX_LEVELS = 4
_MAX_HEADINGS = 5000
_ENDS_CLAUSE = re.compile("[.,;。，、；](?<!\\.\\.\\.)$")
_LETTER = re.compile(r"[^\W\d_]")


def headings_by_size(pages: Sequence[PageLines], text: str, spans: Sequence[PageSpan]) -> tuple[Heading, ...]:
    """Return the lines of the text that are headings by their size; the largest are of level 1."""
    body = _body_size(pages)
    if not body:
        return ()
    found: list[tuple[float, str, int]] = []
    position = 0
    for page, span in zip(pages, spans, strict=True):
        for size, words in _large_lines(page, body):
            line = re.compile(r"^[ \t]*" + r"\s+".join(map(re.escape, words)) + r"[ \t]*$", re.M)
            match = line.search(text, max(position, span.start), span.end)
            if match and len(found) < _MAX_HEADINGS:
                found.append((size, " ".join(words), match.start()))
                position = match.end()
    levels = _levels({size for size, _, _ in found})
    return tuple(Heading(levels[size], title, start) for size, title, start in found)


def _body_size(pages: Sequence[PageLines]) -> float:
    """Return the size in which most characters are written, or 0 where no size is known."""
    characters: Counter[float] = Counter()
    for page in pages:
        for line, size in zip(page.lines, page.sizes, strict=True):
            if size > 0:
                characters[_rounded(size)] += columns_of(line)
    return max(characters, key=lambda size: characters[size]) if characters else 0.0


def _rounded(size: float) -> float:
    return round(size * 4) / 4


def _large_lines(page: PageLines, body: float) -> Iterator[tuple[float, list[str]]]:
    """Yield the size and the words of each heading; one that was wrapped has several lines."""
    sizes = [0.0 if i in page.rows else _rounded(size) for i, size in enumerate(page.sizes)]
    for size, group in groupby(range(len(sizes)), key=sizes.__getitem__):
        lines = [page.lines[i] for i in group]
        if size < _LARGER * body or len(lines) > _MAX_LINES:
            continue
        title = mend_hyphens(normalise("\n".join(lines)))
        if columns_of(title) <= _MAX_COLUMNS and _LETTER.search(title) and not _ENDS_CLAUSE.search(title.rstrip()):
            yield size, title.split()


def _levels(sizes: set[float]) -> dict[float, int]:
    """Return the level of each size: those that hardly differ share one."""
    levels: dict[float, int] = {}
    level, before = 0, float("inf")
    for size in sorted(sizes, reverse=True):
        if before > _SAME * size:
            level = min(level + 1, _MAX_LEVELS)
            before = size
        levels[size] = level
    return levels
