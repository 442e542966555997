"""The text of one PDF page in reading order: columns one after the other, tables row by row as records.

PDFium hands out text in the order in which it was drawn, which is nearly always the order of reading; its text is
taken as it is unless the boxes around its pieces show columns that were drawn across, or a table.
"""

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import pypdfium2
import pypdfium2.raw as pdfium_raw

from ingest.loaders.normalise import normalise
from ingest.loaders.pdf.line_wraps import rejoin_lines
from ingest.loaders.pdf.reading_order import Box, line_order
from ingest.loaders.tables import HeaderEvidence, table_lines
from model.text.sentences import is_list_item

_MAX_BOXES = 5000  # of one page: a map or a drawing has no order
# Where a line ended with a hyphen, PDFium puts U+FFFE (in a page's text) or U+0002 (in a box's).
_LAYOUT_HYPHEN = re.compile(r"(?P<left>[\w-]*)[\ufffe\x02](?P<right>\w?)")
_HYPHEN_AT_END = re.compile("[\ufffe\x02]\n")
_MIN_ROWS = 3
_MAX_COLUMNS = 12
_ALIGNED = 0.6  # of a line's height: cells of a column start this close to each other
_MIN_GAP = 0.7  # of a line's height, between two columns of a table
_SPACE = 0.22  # of a line's height: pieces of a line that are further apart are two words
_FAR = 2.6  # of a line's height from line to line: further down, another block begins
_BOLD = re.compile(r"bold|black|heavy|semib|demi", re.I)
_BOLD_WEIGHT = 600
_MAX_CELL = 120  # characters, of most cells: longer ones are columns of prose


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text and the spans of its table rows."""

    text: str
    rows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the page: its boxes from left to right."""

    boxes: tuple[Box, ...]

    @property
    def top(self) -> float:
        return min(box.top for box in self.boxes)

    @property
    def height(self) -> float:
        return max(box.bottom for box in self.boxes) - self.top


def read_page(text_page: pypdfium2.PdfTextPage) -> PageText:
    """Return the text of a page."""
    boxes = _boxes(text_page)
    order, has_columns = line_order(boxes)
    drawn_in_order = all(a <= b for a, b in zip(_flat(order), _flat(order)[1:], strict=False))
    lines = [_Line(tuple(boxes[i] for i in line)) for line in order]
    tables = _tables(lines)
    if not tables and (not has_columns or drawn_in_order):
        return PageText(_rejoined(text_page.get_text_range(errors="ignore")))
    return _assembled(text_page, lines, tables)


def _flat(order: Sequence[Sequence[int]]) -> list[int]:
    return list(chain.from_iterable(order))


def _boxes(text_page: pypdfium2.PdfTextPage) -> list[Box]:
    count = text_page.count_rects()
    boxes = []
    for index in range(count if count <= _MAX_BOXES else 0):
        left, bottom, right, top = text_page.get_rect(index)
        text = text_page.get_text_bounded(left, bottom, right, top, errors="ignore")
        boxes.append(Box(left, -top, right, -bottom, " ".join(text.split("\n"))))
    return boxes


def _assembled(
    text_page: pypdfium2.PdfTextPage, lines: Sequence[_Line], tables: Sequence[tuple[int, int, list[list[Box]]]]
) -> PageText:
    pieces: list[str] = []
    rows: list[tuple[int, int]] = []
    length = 0

    def add(text: str, *, is_row: bool) -> None:
        nonlocal length
        if text:
            if pieces:
                pieces.append("\n")
                length += 1
            if is_row:
                rows.append((length, length + len(text)))
            pieces.append(text)
            length += len(text)

    done = 0
    for first, last, cells in tables:
        add(_rejoined("\n".join(map(_joined, (line.boxes for line in lines[done:first])))), is_row=False)
        texts = [[_mended(_joined([box])) if box.text else "" for box in row] for row in cells]
        for row in table_lines(texts, _header_evidence(text_page, cells)):
            add(normalise(row), is_row=True)
        done = last
    add(_rejoined("\n".join(map(_joined, (line.boxes for line in lines[done:])))), is_row=False)
    return PageText("".join(pieces), tuple(rows))


def _joined(boxes: Sequence[Box]) -> str:
    """Return the words of one line."""
    text = ""
    for index, box in enumerate(boxes):
        gap = box.left - boxes[index - 1].right if index else 0.0
        apart = gap > _SPACE * (box.bottom - box.top) and box.text[:1] not in ",.;:!?)]}，。；：、！？）】"
        text += (" " if apart and text and not text.endswith(" ") else "") + box.text
    return text.strip()


def _rejoined(text: str) -> str:
    mended = _mended(_HYPHEN_AT_END.sub("\ufffe", text.replace("\r\n", "\n")))
    return rejoin_lines(normalise(mended)).strip()


def _mended(text: str) -> str:
    return _LAYOUT_HYPHEN.sub(_mend_hyphen, text)


def _mend_hyphen(match: re.Match[str]) -> str:
    """Join `inter-` + `national`; keep the hyphen of `state-of-` + `the` and before a capital or a figure."""
    left, right = match["left"], match["right"]
    layout_only = right.islower() and "-" not in left
    return left + ("" if layout_only else "-") + right


def _tables(lines: Sequence[_Line]) -> list[tuple[int, int, list[list[Box]]]]:
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


def _table_at(lines: Sequence[_Line], start: int) -> tuple[int, list[list[Box]]]:
    """Return the table that begins with line `start` and where it ends; no cells where there is none."""
    cells_of_first = _cells(lines[start])
    if not 2 <= len(cells_of_first) <= _MAX_COLUMNS or is_list_item(cells_of_first[0].text + " x"):
        return start, []
    columns = [cell.left for cell in cells_of_first]
    rows = [cells_of_first]
    complete = 1  # rows with as many cells as columns
    index = start + 1
    while index < len(lines) and lines[index].top - lines[index - 1].top <= _FAR * max(
        lines[index].height, lines[index - 1].height
    ):
        placed = _placed(_cells(lines[index]), columns, lines[index].height)
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


def _cells(line: _Line) -> list[Box]:
    """Join the boxes of a line that are no further apart than words are."""
    cells: list[Box] = []
    for box in line.boxes:
        height = box.bottom - box.top
        if cells and box.left - cells[-1].right < _MIN_GAP * height:
            cells[-1] = _merged(cells[-1], box, _joined([cells[-1], box]))
        else:
            cells.append(box)
    return cells


def _placed(cells: Sequence[Box], columns: Sequence[float], height: float) -> list[Box] | None:
    """Return the cells by column, or None where one starts elsewhere."""
    row = [Box(0, 0, 0, 0, "")] * len(columns)
    for cell in cells:
        nearest = min(range(len(columns)), key=lambda i: abs(columns[i] - cell.left))
        if abs(columns[nearest] - cell.left) > _ALIGNED * height or row[nearest].text:
            return None
        row[nearest] = cell
    return row


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
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom), text)


def _below(a: Box, b: Box) -> Box:
    """Return a cell with the line below added, as a wrapped line is."""
    if not b.text or not a.text:
        return b if b.text else a
    text = rejoin_lines(_HYPHEN_AT_END.sub("\ufffe", f"{a.text}\n{b.text}")).replace("\n", " ")
    return _merged(a, b, text)


def _header_evidence(text_page: pypdfium2.PdfTextPage, rows: Sequence[Sequence[Box]]) -> HeaderEvidence:
    """Return `stated` where the first row is bold and the second is not."""
    bold = [[_is_bold(text_page, cell) for cell in row if cell.text] for row in rows[:2]]
    return "stated" if all(bold[0]) and not all(bold[1]) else "unknown"


def _is_bold(text_page: pypdfium2.PdfTextPage, box: Box) -> bool:
    x, y, tolerance = (box.left + box.right) / 2, -(box.top + box.bottom) / 2, (box.bottom - box.top)
    index = pdfium_raw.FPDFText_GetCharIndexAtPos(text_page.raw, x, y, tolerance, tolerance)
    if index < 0:
        return False
    name = ctypes.create_string_buffer(256)
    pdfium_raw.FPDFText_GetFontInfo(text_page.raw, index, name, 256, ctypes.byref(ctypes.c_int()))
    is_heavy = pdfium_raw.FPDFText_GetFontWeight(text_page.raw, index) >= _BOLD_WEIGHT
    return is_heavy or _BOLD.search(name.value.decode("latin-1")) is not None
