"""In which order a person reads the lines of a page: down one column, then down the next.

A gutter is a vertical strip that no line of a column crosses. Above, below and between columns, wide lines (a title, an
abstract) stand by themselves, so the page is first cut into bands at the lines that cross the gutter. What looks like
columns may be a table, which is read row by row: the lines of a column of prose are long and fill most of its width.
This is the recursive X-Y cut (Nagy & Seth 1984) with the cut across the page made at the crossing lines only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ingest.loaders.pdf.line_wraps import columns_of

_MIN_LINES = 3  # of a column
_MIN_GUTTER = 0.8  # of the usual height of a line
_MIN_COLUMN = 0.15  # of the width of the page
_WIDE = 0.62  # of the width of the page: a wider line belongs to no column
_FILLED = 0.6  # of a column's width is what a line of prose fills, most of the time
_MIN_CHARACTERS = 18  # half-width ones, in most lines of a column of prose
_SAME_LINE = 0.5  # of the smaller height: two boxes that overlap this much stand side by side


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a line and where it stands; `y` grows downwards, the unit is free."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


def in_reading_order(boxes: Sequence[Box]) -> list[str]:
    """Return the lines of a page from boxes in any order; boxes side by side are joined by a space."""
    return [" ".join(boxes[i].text for i in line) for line in line_order(boxes)[0]]


def line_order(boxes: Sequence[Box]) -> tuple[list[list[int]], bool]:
    """Return the page's lines, each as the indices of its boxes from left to right, and whether there are columns."""
    everything = [i for i, box in enumerate(boxes) if box.text.strip()]
    lines: list[list[int]] = []
    has_columns = _order(boxes, everything, lines, depth=0)
    return lines, has_columns


def _order(boxes: Sequence[Box], members: list[int], lines: list[list[int]], depth: int) -> bool:
    """Append the lines of `members` in order; say whether columns were found among them."""
    gutter = _gutter(boxes, members) if depth < 4 else None
    if gutter is None:
        lines += _lines(boxes, members)
        return False
    found = False
    band: list[int] = []
    # Lines that lie across the gutter part the bands. The others of the same height belong to the band above.
    for index in [*sorted(members, key=lambda i: boxes[i].top), -1]:
        crossing = index >= 0 and boxes[index].left < gutter < boxes[index].right
        if index >= 0 and not crossing:
            band.append(index)
            continue
        found = _order_band(boxes, band, gutter, lines, depth) or found
        band = []
        if index >= 0:
            lines.append([index])
    return found


def _order_band(boxes: Sequence[Box], band: list[int], gutter: float, lines: list[list[int]], depth: int) -> bool:
    left = [i for i in band if boxes[i].right <= gutter]
    right = [i for i in band if boxes[i].left >= gutter]
    if _is_prose(boxes, left) and _is_prose(boxes, right):
        _order(boxes, left, lines, depth + 1)
        _order(boxes, right, lines, depth + 1)
        return True
    lines += _lines(boxes, band)
    return False


def _gutter(boxes: Sequence[Box], members: Sequence[int]) -> float | None:
    """Return the middle of the widest strip that no narrow box crosses, if it can part columns."""
    if len(members) < 2 * _MIN_LINES:
        return None
    left, right = min(boxes[i].left for i in members), max(boxes[i].right for i in members)
    width = right - left
    narrow = sorted((boxes[i].left, boxes[i].right) for i in members if boxes[i].right - boxes[i].left < _WIDE * width)
    least = _MIN_GUTTER * median(boxes[i].bottom - boxes[i].top for i in members)
    best, middle = least, None
    reached = left
    for start, end in narrow:
        far_enough = start - left > _MIN_COLUMN * width and right - start > _MIN_COLUMN * width
        if start - reached >= best and reached > left and far_enough:
            best, middle = start - reached, (start + reached) / 2
        reached = max(reached, end)
    return middle


def _is_prose(boxes: Sequence[Box], members: Sequence[int]) -> bool:
    """Say whether boxes are the lines of a column of text rather than the cells of a table."""
    if len(members) < _MIN_LINES:
        return False
    lines = _lines(boxes, members)
    if len(lines) < _MIN_LINES:
        return False
    left, right = min(boxes[i].left for i in members), max(boxes[i].right for i in members)
    filled = sum(boxes[line[-1]].right - boxes[line[0]].left >= _FILLED * (right - left) for line in lines)
    long = sum(sum(columns_of(boxes[i].text) for i in line) >= _MIN_CHARACTERS for line in lines)
    return min(filled, long) >= 0.5 * len(lines)


def _lines(boxes: Sequence[Box], members: Sequence[int]) -> list[list[int]]:
    """Group boxes that stand side by side, from the top down."""
    lines: list[list[int]] = []
    for index in sorted(members, key=lambda i: (boxes[i].top + boxes[i].bottom, boxes[i].left)):
        if lines and _beside(boxes[lines[-1][0]], boxes[index]):
            lines[-1].append(index)
        else:
            lines.append([index])
    return [sorted(line, key=lambda i: boxes[i].left) for line in lines]


def _beside(a: Box, b: Box) -> bool:
    overlap = min(a.bottom, b.bottom) - max(a.top, b.top)
    return overlap > _SAME_LINE * min(a.bottom - a.top, b.bottom - b.top)
