"""Word documents: paragraphs, headings, lists and tables in the order in which they stand."""

import io
import re
from collections.abc import Iterator

import docx
from docx.document import Document
from docx.exceptions import PythonDocxError
from docx.oxml.ns import qn
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from lxml import etree

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.package import STUMBLES, check_package
from ingest.loaders.tables import table_lines

_HEADING_STYLE = re.compile(r"(?:heading|标题|標題)\s*([1-9])$", re.I)
_SKIPPED = frozenset(
    {
        qn("w:pPr"),
        qn("w:del"),
        # The same text box once more, for old programs.
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    }
)


def load_docx(data: bytes, stem: str) -> LoadedDocument:
    """Read a Word document: blocks are joined by a blank line, tables become records.

    Raises:
        LoadError: for a damaged file or one that unpacks to more than a gigabyte.
    """
    check_package(data, "a Word document")
    try:
        return _read(docx.Document(io.BytesIO(data)), stem)
    except (*STUMBLES, etree.XMLSyntaxError, PythonDocxError) as error:
        raise LoadError(f"the Word document is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error


def _read(document: Document, stem: str) -> LoadedDocument:
    builder = DocumentBuilder()
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            builder.table(_rows(block), "stated" if _has_header(block) else "unknown")
        elif level := _heading_level(block):
            builder.heading(level, _paragraph_text(block))
        else:
            text = _paragraph_text(block)
            builder.paragraph("- " + text if text and _is_list_item(block) else text)
    stated = (document.core_properties.title or "").strip()
    return builder.build("", stated, fallback=stem)


def _paragraph_text(paragraph: Paragraph) -> str:
    """Return the words of a paragraph, with insertions, links and text boxes, without tracked deletions."""
    parts: list[str] = []
    # python-docx's own `text` passes over tracked insertions and content controls.
    waiting = [paragraph._p]
    while waiting:
        element = waiting.pop()
        if element.tag == qn("w:t"):
            parts.append(element.text or "")
        elif element.tag == qn("w:tab"):
            parts.append("\t")
        elif element.tag in {qn("w:br"), qn("w:cr")} or (element.tag == qn("w:p") and parts):
            parts.append("\n")
        if element.tag not in _SKIPPED:
            waiting.extend(reversed(element))
    return "".join(parts).strip()


def _heading_level(paragraph: Paragraph) -> int:
    """Return 1 to 9 for a heading, 1 for the document's title, 0 for other paragraphs."""
    style = paragraph.style
    while style is not None:
        name = style.name or ""
        if match := _HEADING_STYLE.match(name):
            return int(match.group(1))
        if name.lower() in {"title", "标题", "標題"}:
            return 1
        style = style.base_style
    return 0


def _is_list_item(paragraph: Paragraph) -> bool:
    properties = paragraph._p.pPr
    numbered = properties is not None and properties.numPr is not None
    return numbered or (paragraph.style is not None and (paragraph.style.name or "").startswith("List "))


def _has_header(table: Table) -> bool:
    """Say whether the first row is marked to be repeated on each page, or is the only one in bold."""
    if len(table.rows) < 2:
        return False
    first, second = table.rows[0], table.rows[1]
    repeated = first._tr.trPr is not None and first._tr.trPr.find(qn("w:tblHeader")) is not None
    return repeated or (_is_bold(first) and not _is_bold(second))


def _is_bold(row: _Row) -> bool:
    runs = [run for cell in row.cells for p in cell.paragraphs for run in p.runs if run.text.strip()]
    return bool(runs) and all(run.bold for run in runs)


def _rows(table: Table) -> Iterator[list[str]]:
    """Yield the cells of each row by column. A merged cell, which Word repeats in each column it spans, counts once."""
    for row in table.rows:
        cells = [""] * row.grid_cols_before
        last = None
        for cell in row.cells:
            cells.append("" if cell._tc is last else _cell_text(cell))
            last = cell._tc
        yield cells


def _cell_text(cell: _Cell) -> str:
    parts = (
        " ; ".join(table_lines(_rows(block), "unknown")) if isinstance(block, Table) else _paragraph_text(block)
        for block in cell.iter_inner_content()
    )
    return " ".join(" ".join(parts).split())
