"""Tables as text: each row is a record that can be read on its own.

A chunk may start in the middle of a table, so a row that needs the header line above to be understood would lose it
there. Hence a table with a header is written one row a line as `Header: value; Header: value`; a chunk then holds the
header of every row in it, and its text stays an exact slice of the document. A table without a header keeps its rows
as `a | b | c`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal

HeaderEvidence = Literal["stated", "likely", "unknown"]

_FIGURE = re.compile(r"\d")
_VALUE = re.compile(r"[^\w(]*\d|[A-Z]{3} ?\d")  # begins with a figure, a sign and a figure, or a currency
_MAX_LINE = 400  # characters: a wider row becomes several lines, each with the row's first cell
_MAX_NAME = 80  # characters of a column's name; anything longer is a cell
_MAX_JUDGED = 50  # rows


def clean_cell(text: str) -> str:
    """Return a cell's text on one line."""
    return " ".join(text.split())


def table_lines(rows: Iterable[Sequence[str]], header: HeaderEvidence) -> Iterator[str]:
    """Yield the lines of a table; rows and columns without text are left out.

    `header` says how sure it is that the first row names the columns: `stated` by the format, `likely` in a kind of
    file that begins with a header as a rule, or `unknown`, in which case the cells must look like it. Only the first
    rows are held in memory.
    """
    remaining = (row for row in ([clean_cell(cell) for cell in row] for row in rows) if any(row))
    first = [row for _, row in zip(range(_MAX_JUDGED), remaining, strict=False)]
    if not first:
        return
    columns = [i for i in range(max(map(len, first))) if any(i < len(row) and row[i] for row in first)]
    body = chain(first, remaining)
    if len(columns) < 2 or len(first) < 2 or not _has_header(first, columns, header):
        for row in body:
            yield " | ".join(cell for cell in row if cell)
        return
    names = [cell.rstrip(":：").rstrip() for cell in next(body)]
    for row in body:
        yield from _record(names, row)


def _has_header(rows: Sequence[Sequence[str]], columns: Sequence[int], evidence: HeaderEvidence) -> bool:
    if evidence == "stated":
        return True
    names = [rows[0][i] if i < len(rows[0]) else "" for i in columns]
    if len(set(names)) < len(names) or any(len(name) > _MAX_NAME for name in names):
        return False
    if any(name and not any(map(str.isalpha, name)) for name in names):  # a figure or a date is a value
        return False
    if evidence == "likely":
        return sum(not name for name in names) <= len(names) // 2
    # Two columns may be `name | value`: there a header has no figure at all, and some value below it has one.
    if len(columns) == 2:
        has_figures = any(_FIGURE.search(cell) for row in rows[1:] for cell in row)
        return all(names) and has_figures and not any(map(_FIGURE.search, names))
    return all(names[1:]) and not any(map(_VALUE.match, names))


def _record(names: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    """Yield one row as `name: value` pairs."""
    return record_lines(
        (names[i] if i < len(names) and names[i] != cell else "", cell) for i, cell in enumerate(row) if cell
    )


def record_lines(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield `name: value; name: value`; a wide record gets several lines, each of which begins with the first pair.

    Both are on one line already; pairs without a value are left out.
    """
    written = (f"{name}: {value}" if name else value for name, value in pairs if value)
    first = next(written, None)
    if first is None:
        return
    line = first
    for pair in written:
        if line != first and len(line) + len(pair) > _MAX_LINE:
            yield line
            line = first
        line += "; " + pair
    yield line
