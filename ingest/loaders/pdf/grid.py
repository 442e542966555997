"""Tables of a page, with lines around their cells or without: rows whose cells stand in the same columns."""

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pypdfium2
import pypdfium2.raw as pdfium_raw

from ingest.loaders.pdf.line_wraps import HYPHEN_AT_END, mend_hyphens, rejoin_lines
from ingest.loaders.pdf.reading_order import Box
from ingest.loaders.tables import clean_cell, table_lines
from model.text.sentences import is_list_item

_MIN_ROWS = 3
_MAX_COLUMNS = 12
_ALIGNED = 0.6  # of a line's height: cells of a column start or end this close to each other
_MIN_GAP = 0.7  # of a line's height, between two columns of a table
_SPACE = 0.22  # of a line's height: pieces drawn at different times that are further apart are two words
_FAR = 2.6  # of a line's height from line to line: further down, another block begins
_BOLD = re.compile(r"bold|black|heavy|semib|demi", re.I)
_BOLD_WEIGHT = 600
_LARGER = 1.08  # than the rows below: the names of the columns
_MAX_CELL = 120  # characters, of most cells: longer ones are columns of prose
_FIGURE = re.compile(r"\d")
_OF_FIGURES = 0.8  # of a column's cells have a figure: what stands above them without one is their name
_MAX_VALUE = 6  # words
_KEY = re.compile(r"[:：]\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the page: its boxes from left to right."""

    boxes: tuple[Box, ...]

    @property
    def top(self) -> float:
        """How far down it begins."""
        return min(box.top for box in self.boxes)

    @property
    def height(self) -> float:
        """How high its highest letters are."""
        return max(box.bottom for box in self.boxes) - self.top


def joined(boxes: Sequence[Box]) -> str:
    """Return the words of one line."""
    text = ""
    for index, box in enumerate(boxes):
        text += (" " if index and _is_apart(boxes[index - 1], box) else "") + " ".join(box.text.split("\n"))
    return text.strip()


def _is_apart(a: Box, b: Box) -> bool:
    """Say whether another word begins with `b`: where PDFium read on from `a` to `b` it knows, else the gap tells."""
    if _follows(a, b) and "\n" not in a.after:
        return a.after != ""
    gap = b.left - a.right
    return gap > _SPACE * (b.bottom - b.top) and b.text[:1] not in ",.;:!?)]}，。；：、！？）】"


def tables(lines: Sequence[Line]) -> list[tuple[int, int, list[list[Box]]]]:
    """Find runs of lines whose boxes stand in the same columns.

    Returns:
        For each table the first line, the line after its last, and the cells row by row (an empty box for no text).
    """
    found = []
    index = 0
    while index < len(lines):
        end, cells = _table_at(lines, index)
        if cells:
            found.append((index, end, cells))
            index = end
        else:
            index += 1
    return found


def has_torn_rows(lines: Sequence[Line]) -> bool:
    """Say whether keys and their values stand side by side, but all keys were drawn first and then all values."""
    torn = 0
    pairs = [_cells(line) for line in lines]
    for above, below in pairwise(pairs):
        if len(above) == len(below) == 2 and _follows(above[0], below[0]) and _follows(above[1], below[1]):
            torn += all(_KEY.search(key.text) is not None or _is_value(value) for key, value in (above, below))
    return torn > 0


def _follows(a: Box, b: Box) -> bool:
    return 0 <= a.last == b.first - 1


def _is_value(cell: Box) -> bool:
    return _FIGURE.search(cell.text) is not None and len(cell.text.split()) <= _MAX_VALUE


def rows_as_text(text_page: pypdfium2.PdfTextPage, cells: Sequence[Sequence[Box]]) -> Iterator[str]:
    """Yield the lines of a table; what is no header for certain is a row like the others."""
    texts = [[mend_hyphens(joined([box])) if box.text else "" for box in row] for row in cells]
    if _is_set_apart(text_page, cells):
        yield from table_lines(texts, "stated")
    elif _names_columns(texts):
        yield from table_lines(texts, "unknown")
    else:
        for row in texts:
            yield " | ".join(clean_cell(cell) for cell in row if cell)


def _names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row has no figures and stands above a column of them."""
    if any(map(_FIGURE.search, rows[0])):
        return False
    for column in range(len(rows[0])):
        below = [row[column] for row in rows[1:] if row[column]]
        if below and sum(_FIGURE.search(cell) is not None for cell in below) >= _OF_FIGURES * len(below):
            return True
    return False


def _table_at(lines: Sequence[Line], start: int) -> tuple[int, list[list[Box]]]:
    """Return the table that begins with line `start` and where it ends; no cells where there is none."""
    first = _cells(lines[start])
    if not 2 <= len(first) <= _MAX_COLUMNS or is_list_item(first[0].text + " x"):
        return start, []
    rows = [first]
    complete = 1  # rows with as many cells as columns
    index = start + 1
    while index < len(lines) and lines[index].top - lines[index - 1].top <= _FAR * max(
        lines[index].height, lines[index - 1].height
    ):
        placed = _placed(_cells(lines[index]), rows, lines[index].height)
        if placed is None or (placed[0].text and not any(cell.text for cell in placed[1:])):
            break
        if placed[0].text:
            rows.append(placed)
            complete += all(cell.text for cell in placed)
        else:  # the rest of the row above
            rows[-1] = [_below(a, b) for a, b in zip(rows[-1], placed, strict=True)]
        index += 1
    if complete < _MIN_ROWS or not _is_table(rows):
        return start, []
    return index, rows


def _cells(line: Line) -> list[Box]:
    """Join the boxes of a line that are no further apart than words are."""
    cells: list[Box] = []
    for box in line.boxes:
        if cells and (box.left - cells[-1].right < _MIN_GAP * (box.bottom - box.top) or _is_one_word(cells[-1], box)):
            cells[-1] = _merged(cells[-1], box, joined([cells[-1], box]))
        else:
            cells.append(box)
    return cells


def _is_one_word(a: Box, b: Box) -> bool:
    return _follows(a, b) and not a.after


def _placed(cells: Sequence[Box], rows: Sequence[Sequence[Box]], height: float) -> list[Box] | None:
    """Return the cells by column, or None where one neither begins nor ends where a column does."""
    row = [Box(0, 0, 0, 0, "")] * len(rows[0])
    for cell in cells:
        nearest = min(range(len(row)), key=lambda i: _distance(cell, rows, i))
        if _distance(cell, rows, nearest) > _ALIGNED * height or row[nearest].text:
            return None
        row[nearest] = cell
    return row


def _distance(cell: Box, rows: Sequence[Sequence[Box]], column: int) -> float:
    """Return how far a cell is from a column: words begin where the others begin, figures end where they end.

    The name of a column may begin where its figures do not, so the row above counts as the first one does.
    """
    others = [row[column] for row in (rows[0], rows[-1]) if row[column].text]
    return min(min(abs(other.left - cell.left), abs(other.right - cell.right)) for other in others or [rows[0][column]])


def _is_table(rows: Sequence[Sequence[Box]]) -> bool:
    """Say whether the columns do not touch and the cells are short."""
    for left, right in zip(range(len(rows[0])), range(1, len(rows[0])), strict=False):
        ends = [row[left].right for row in rows if row[left].text]
        starts = [row[right].left for row in rows if row[right].text]
        if not ends or not starts or max(ends) >= min(starts):
            return False
    lengths = sorted(len(cell.text) for row in rows for cell in row if cell.text)
    return lengths[len(lengths) * 3 // 4] <= _MAX_CELL


def _merged(a: Box, b: Box, text: str) -> Box:
    return replace(
        a,
        left=min(a.left, b.left),
        top=min(a.top, b.top),
        right=max(a.right, b.right),
        bottom=max(a.bottom, b.bottom),
        text=text,
        last=b.last,
        after=b.after,
    )


def _below(a: Box, b: Box) -> Box:
    """Return a cell with the line below added, as a wrapped line is."""
    if not b.text or not a.text:
        return b if b.text else a
    text = rejoin_lines(HYPHEN_AT_END.sub("\ufffe", f"{a.text}\n{b.text}")).replace("\n", " ")
    return _merged(a, b, text)


def _is_set_apart(text_page: pypdfium2.PdfTextPage, rows: Sequence[Sequence[Box]]) -> bool:
    """Say whether the first row is bold, or larger, or of another colour, and the second is not."""
    first, second = ([cell for cell in row if cell.text] for row in rows[:2])
    if all(_is_bold(text_page, cell) for cell in first) and not all(_is_bold(text_page, cell) for cell in second):
        return True
    if min(cell.size for cell in first) > _LARGER * max(cell.size for cell in second):
        return True
    above, below = ({_colour(text_page, cell) for cell in cells} for cells in (first, second))
    return len(above) == 1 and not above & below and not any(_FIGURE.search(cell.text) for cell in first)


def _is_bold(text_page: pypdfium2.PdfTextPage, box: Box) -> bool:
    if box.character < 0:
        return False
    name = ctypes.create_string_buffer(256)
    pdfium_raw.FPDFText_GetFontInfo(text_page.raw, box.character, name, 256, ctypes.byref(ctypes.c_int()))
    is_heavy = pdfium_raw.FPDFText_GetFontWeight(text_page.raw, box.character) >= _BOLD_WEIGHT
    return is_heavy or _BOLD.search(name.value.decode("latin-1")) is not None


def _colour(text_page: pypdfium2.PdfTextPage, box: Box) -> tuple[int, ...]:
    parts = [ctypes.c_uint() for _ in range(4)]
    pdfium_raw.FPDFText_GetFillColor(text_page.raw, box.character, *map(ctypes.byref, parts))
    return tuple(part.value for part in parts)
