"""In which order a person reads the lines of a page: down one column, then down the next.

A gutter is a vertical strip that no line of a column crosses. Above, below and between columns, wide lines (a title, an
abstract) stand by themselves, so the page is first cut into bands at the lines that cross the gutter. What looks like
columns may be a table, which is read row by row: the lines of a column of prose are long and fill most of its width.
This is the recursive X-Y cut (Nagy & Seth 1984) with the cut across the page made at the crossing lines only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.loaders.pdf.line_wraps import columns_of

_MIN_LINES = 3  # of a column
_MIN_GUTTER = 0.8  # of the usual height of a line
_MIN_COLUMN = 0.15  # of the width of the page
_WIDE = 0.62  # of the width of the page: a wider line belongs to no column
_FILLED = 0.6  # of a column's width is what a line of prose fills, most of the time
_MIN_CHARACTERS = 18  # half-width ones, in most lines of a column of prose
_PAIRED = 0.8  # of the lines of two columns, each beside one of the other: rows
_VALUES = 0.6  # of the right column's lines are short and have a figure, or of the left one's end with a colon
_MAX_VALUE = 32  # half-width columns of a value: a longer line with a figure may be prose
_RUNS_ON = 0.15  # of a column's lines begin in lower case: more, and sentences run from line to line
_RAGGED = 0.5  # of a column's lines reach its right side: fewer, and nothing was wrapped there
_REACHES = 0.85  # of a column's width
_MAX_BESIDE = 8  # pieces of a line beside the one across
_SAME_LINE = 0.5  # of the smaller height: two boxes that overlap this much stand side by side


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a line and where it stands; `y` grows downwards, the unit is free.

    Of a PDF's text layer it is also known which pieces it was made of (`first` to `last`, in the order in which they
    were drawn), what PDFium writes `after` it (nothing, a space, a line end), and where its first character is and of
    what size. A picture's pieces have none of that.
    """

    left: float
    top: float
    right: float
    bottom: float
    text: str
    first: int = -1
    last: int = -1
    after: str = ""
    character: int = -1
    size: float = 0.0


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
    across: int | None = None  # the line that parted the bands last
    # Lines that lie across the gutter part the bands; what stands beside one (the number of an item) goes with it.
    for index in sorted(members, key=lambda i: boxes[i].top):
        if boxes[index].left < gutter < boxes[index].right:
            beside = [i for i in band[-_MAX_BESIDE:] if _beside(boxes[i], boxes[index])]
            band = [i for i in band if i not in beside]
            found = _order_band(boxes, band, gutter, lines, depth) or found
            lines.append(sorted([*beside, index], key=lambda i: boxes[i].left))
            band, across = [], index
        elif across is not None and not band and _beside(boxes[across], boxes[index]):
            lines[-1] = sorted([*lines[-1], index], key=lambda i: boxes[i].left)
        else:
            band.append(index)
    return _order_band(boxes, band, gutter, lines, depth) or found


def _order_band(boxes: Sequence[Box], band: list[int], gutter: float, lines: list[list[int]], depth: int) -> bool:
    left = [i for i in band if boxes[i].right <= gutter]
    right = [i for i in band if boxes[i].left >= gutter]
    if _is_prose(boxes, left) and _is_prose(boxes, right) and not _are_rows(boxes, left, right):
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


def _are_rows(boxes: Sequence[Box], left: Sequence[int], right: Sequence[int]) -> bool:
    """Say whether two columns are what stands left and right in the rows of a table with long cells.

    Lines of prose may well stand side by side too, so there must be more: short values with figures on the right,
    names with a colon on the left, or lines that were drawn row by row and of which none goes on in the next.
    """
    keys, values = _lines(boxes, left), _lines(boxes, right)
    beside = sum(any(_beside(boxes[a[0]], boxes[b[0]]) for a in keys) for b in values)
    if beside < _PAIRED * max(len(keys), len(values)) or any(_runs_on(boxes, side) for side in (keys, values)):
        return False
    names = sum(boxes[line[-1]].text.rstrip().endswith((":", "：")) for line in keys)
    figures = sum(_is_value(" ".join(boxes[i].text for i in line)) for line in values)
    # Where lines of both sides end in a figure, they are entries of an index, each with its page.
    numbered = sum(boxes[line[-1]].text.rstrip()[-1:].isdigit() for line in keys)
    if names >= _VALUES * len(keys) or (figures >= _VALUES * len(values) and numbered < 0.5 * len(keys)):
        return True
    return _drawn_across(boxes, left, right) and all(
        _is_ragged(boxes, side) or _begins_anew(boxes, side) for side in (keys, values)
    )


def _runs_on(boxes: Sequence[Box], lines: Sequence[Sequence[int]]) -> bool:
    return sum(boxes[line[0]].text.lstrip()[:1].islower() for line in lines[1:]) > _RUNS_ON * len(lines)


def _begins_anew(boxes: Sequence[Box], lines: Sequence[Sequence[int]]) -> bool:
    """Say whether the lines begin with capitals, in a script that has them."""
    return sum(boxes[line[0]].text.lstrip()[:1].isupper() for line in lines) >= (1 - _RUNS_ON) * len(lines)


def _is_value(text: str) -> bool:
    return columns_of(text) <= _MAX_VALUE and re.search(r"\d", text) is not None


def _is_ragged(boxes: Sequence[Box], lines: Sequence[Sequence[int]]) -> bool:
    left = min(boxes[line[0]].left for line in lines)
    right = max(boxes[line[-1]].right for line in lines)
    reaching = sum(boxes[line[-1]].right - left >= _REACHES * (right - left) for line in lines)
    return reaching <= _RAGGED * len(lines)


def _drawn_across(boxes: Sequence[Box], left: Sequence[int], right: Sequence[int]) -> bool:
    """Say whether the page was drawn from side to side; of a picture's pieces that is not known."""
    sides = sorted([(boxes[i].first, 0) for i in left] + [(boxes[i].first, 1) for i in right])
    changes = sum(a[1] != b[1] for a, b in pairwise(sides))
    return sides[0][0] >= 0 and changes >= min(len(left), len(right))


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
