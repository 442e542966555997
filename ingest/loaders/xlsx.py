"""Excel workbooks: each sheet is a section, each row a record."""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

import openpyxl
from lxml import etree
from openpyxl.utils.exceptions import InvalidFileException

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.package import STUMBLES, check_package

_MAX_CELLS = 5_000_000  # empty ones too: a row may claim 16,384 cells in a few bytes
_TITLE_ROWS = 20  # at the top of a sheet, in which lines above the table are looked for


def load_xlsx(data: bytes, stem: str) -> LoadedDocument:
    """Read a workbook's visible sheets with the values that Excel computed last.

    Raises:
        LoadError: for a damaged file, one that unpacks to more than a gigabyte or has more than five million cells.
    """
    check_package(data, "an Excel workbook")
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            builder = DocumentBuilder()
            hidden = _add_sheets(builder, workbook)
            stated = workbook.properties.title or ""
        finally:
            workbook.close()
    except (*STUMBLES, etree.XMLSyntaxError, InvalidFileException) as error:
        raise LoadError(f"the Excel workbook is damaged and cannot be read ({error})", FailureKind.DAMAGED) from error
    warning = f"hidden sheets were not read: {', '.join(hidden)}" if hidden else None
    return builder.build("", stated or stem, warning)


def _add_sheets(builder: DocumentBuilder, workbook: Any) -> list[str]:
    """Add the visible sheets; return the names of the others."""
    hidden = []
    cells = _CellCounter()
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            hidden.append(sheet.title)
            continue
        sheet.reset_dimensions()  # what a file says of its size is not to be believed
        builder.heading(1, sheet.title)
        _add_rows(builder, cells.rows(sheet))
    return hidden


def _add_rows(builder: DocumentBuilder, rows: Iterator[list[str]]) -> None:
    """Add lines of a single cell at the top as paragraphs and all else as a table."""
    waiting = iter(rows)
    for _, row in zip(range(_TITLE_ROWS), waiting, strict=False):
        filled = [cell for cell in row if cell]
        if len(filled) > 1:
            builder.table(chain([row], waiting), "likely")
            return
        if filled:
            builder.paragraph(filled[0])
    builder.table(waiting, "likely")


class _CellCounter:
    """Reads rows as text and stops a workbook that has too many cells."""

    def __init__(self) -> None:
        self._left = _MAX_CELLS

    def rows(self, sheet: Any) -> Iterator[list[str]]:
        for row in sheet.iter_rows():
            self._left -= max(1, len(row))
            if self._left < 0:
                raise LoadError(
                    f"the workbook has more than {_MAX_CELLS:,} cells; split it or save it as CSV",
                    FailureKind.TOO_LARGE,
                )
            yield _texts(row)


def _texts(row: Sequence[Any]) -> list[str]:
    return ["" if cell.value is None else _shown(cell.value, str(cell.number_format or "")) for cell in row]


def _shown(value: object, number_format: str) -> str:
    """Return a value as a reader of the sheet would write it: dates in ISO 8601, shares in percent."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        percent = "%" in number_format
        return f"{value * 100:.12g}%" if percent else f"{value:.15g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return str(value)
