"""The lines of one PDF page in reading order: columns one after the other, tables row by row as records.

PDFium hands out text in the order in which it was drawn, which is nearly always the order of reading; its text is
taken as it is unless the boxes around its pieces show columns that were drawn across, a table, or rows that were torn
apart. Which of the lines repeat on every page, and which are headings, only the whole document shows, so what is
needed to tell is kept with them.
"""

from array import array
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain, pairwise

import pypdfium2

from ingest.loaders.normalise import normalise
from ingest.loaders.pdf.boxes import boxes_of, visible_part
from ingest.loaders.pdf.fields import Value, placed
from ingest.loaders.pdf.grid import Line, has_torn_rows, joined, rows_as_text, tables
from ingest.loaders.pdf.line_wraps import HYPHEN_AT_END, mend_hyphens, rejoin_lines
from ingest.loaders.pdf.reading_order import Box, line_order

_MARGIN = 0.12  # of the page's height, at its top and at its bottom: there stand lines that repeat
_MAX_MARGIN_LINES = 4  # at either end
_APART = 1.0  # of a line's height, between the body of the page and what stands in its margin


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text and the spans of its table rows."""

    text: str
    rows: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class PageLines:
    """A page's lines as they are laid out.

    `rows` are those that are rows of a table, `sizes` how large each is written (0 where that is not known), `margins`
    how far from the page's top (or below zero: from its bottom) the lines stand that may be its header or footer.
    `is_rejoined` says that its sentences are whole already, as those of a picture are.
    """

    lines: list[str] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    sizes: "array[float]" = field(default_factory=lambda: array("f"))
    margins: dict[int, int] = field(default_factory=dict)
    is_rejoined: bool = False

    @property
    def text(self) -> str:
        """All lines, for judging the page."""
        return "\n".join(self.lines)

    def add(self, text: str, boxes: Sequence[Box] = (), margin: int | None = None, *, is_row: bool = False) -> None:
        """Add a line."""
        if is_row:
            self.rows.add(len(self.lines))
        if margin is not None:
            self.margins[len(self.lines)] = margin
        self.lines.append(text)
        self.sizes.append(max(boxes, key=lambda box: len(box.text)).size if boxes else 0.0)

    def finished(self, dropped: AbstractSet[int] = frozenset()) -> PageText:
        """Return the text with whole sentences, without the lines that are `dropped`."""
        pieces: list[str] = []
        rows: list[tuple[int, int]] = []
        length = 0
        block: list[str] = []
        for index in range(len(self.lines) + 1):
            at_end = index == len(self.lines)
            if index in dropped:
                continue
            if not at_end and index not in self.rows:
                block.append(self.lines[index])
                continue
            prose = "\n".join(block)
            prose = prose.strip() if self.is_rejoined else _rejoined(prose)
            for is_row, text in ((False, prose), (True, "" if at_end else self.lines[index])):
                if text:
                    length += len("\n") if pieces else 0
                    if is_row:
                        rows.append((length, length + len(text)))
                    pieces.append(text)
                    length += len(text)
            block = []
        return PageText("\n".join(pieces), tuple(rows))

    def prose_at_ends(self, dropped: AbstractSet[int]) -> tuple[str, list[str]]:
        """Return the first line, and the lines of prose at the end: nothing of either where a table stands there."""
        kept = [i for i in range(len(self.lines)) if i not in dropped and self.lines[i].strip()]
        first = self.lines[kept[0]] if kept and kept[0] not in self.rows else ""
        last = [self.lines[i] for i in kept if i not in self.rows] if kept and kept[-1] not in self.rows else []
        return first, last


def read_page(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, values: Sequence[Value] = ()) -> PageLines:
    """Return the lines of a page, with what was filled into it."""
    found = PageLines()
    boxes = boxes_of(page, text_page)
    if boxes is None:
        for line in text_page.get_text_range(errors="ignore").replace("\r\n", "\n").split("\n"):
            found.add(line)
        alone = [value.line for value in values]
    else:
        boxes, alone = placed(boxes, values)
        _lay_out(text_page, boxes, visible_part(page), found)
    for text in alone:
        found.add(text)
    return found


def _lay_out(
    text_page: pypdfium2.PdfTextPage,
    boxes: Sequence[Box],
    window: tuple[float, float, float, float],
    found: PageLines,
) -> None:
    order, has_columns = line_order(boxes)
    drawn_in_order = all(a <= b for a, b in pairwise(_flat(order)))
    lines = [Line(tuple(boxes[i] for i in line)) for line in order]
    grids = tables(lines)
    margins = _margins(boxes, window)
    if not grids and (drawn_in_order or not (has_columns or has_torn_rows(lines))):
        for line in _as_drawn(boxes):
            found.add("".join(_with_space(line)), line, margins.get(line[0].first))
        return
    done = 0
    for first, last, cells in [*grids, (len(lines), len(lines), [])]:
        for line_between in lines[done:first]:
            found.add(joined(line_between.boxes), line_between.boxes, margins.get(line_between.boxes[0].first))
        for row in rows_as_text(text_page, cells) if cells else ():
            found.add(normalise(row), is_row=True)
        done = last


def _flat(order: Sequence[Sequence[int]]) -> list[int]:
    return list(chain.from_iterable(order))


def _as_drawn(boxes: Sequence[Box]) -> list[list[Box]]:
    """Return the pieces line by line as PDFium parts them."""
    lines: list[list[Box]] = []
    for index, box in enumerate(boxes):
        if index and "\n" not in boxes[index - 1].after:
            lines[-1].append(box)
        else:
            lines.append([box])
    return lines


def _with_space(line: Sequence[Box]) -> list[str]:
    return [box.text + box.after.replace("\r", "").rstrip("\n") for box in line]


def _margins(boxes: Sequence[Box], window: tuple[float, float, float, float]) -> dict[int, int]:
    """Return for pieces at the page's top and bottom, set apart from its body, how far from there they stand."""
    _, bottom, _, top = window
    margin = _MARGIN * (top - bottom)
    if margin == float("inf"):
        return {}
    rows = _rows(boxes)
    above = [row for row in _set_apart(rows) if max(box.bottom for box in row) + top < margin]
    below = [row for row in _set_apart(rows[::-1]) if min(box.top for box in row) + bottom > -margin]
    found = {box.first: min(-1, round(box.bottom + bottom)) for row in below for box in row}
    return found | {box.first: max(1, round(box.top + top)) for row in above for box in row}


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Return the pieces from the top down, those whose heights overlap together."""
    rows: list[list[Box]] = []
    reached = float("-inf")
    for box in sorted(boxes, key=lambda box: box.top):
        if box.top >= reached:
            rows.append([])
        rows[-1].append(box)
        reached = max(reached, box.bottom)
    return rows


def _set_apart(rows: Sequence[list[Box]]) -> Sequence[list[Box]]:
    """Return the first rows up to the last wide gap after one of them."""
    last = 0
    for index, (row, following) in enumerate(pairwise(rows[: _MAX_MARGIN_LINES + 1]), start=1):
        near, far = sorted((min(b.top for b in boxes), max(b.bottom for b in boxes)) for boxes in (row, following))
        if far[0] - near[1] >= _APART * min(box.bottom - box.top for box in row):
            last = index
    return rows[:last]


def _rejoined(text: str) -> str:
    mended = mend_hyphens(HYPHEN_AT_END.sub("\ufffe", text.replace("\r\n", "\n")))
    return rejoin_lines(normalise(mended)).strip()
