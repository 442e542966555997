"""Word documents: paragraphs, headings, lists and tables in the order in which they stand."""

import io
import re
import zipfile
from collections.abc import Iterator

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.errors import LoadError
from ingest.loaders.normalise import normalise

_MOST_UNPACKED = 1 << 30  # bytes: more is a ZIP bomb, not a letter
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
    """Read a Word document; blocks are joined by a blank line, table rows by a line end, cells by ` | `.

    Raises:
        LoadError: for a damaged file or one that unpacks to more than a gigabyte.
    """
    document = _open(data)
    blocks: list[str] = []
    headings: list[Heading] = []
    offset = 0
    for text, level in _blocks(document):
        if level:
            headings.append(Heading(level, " ".join(text.split()), offset))
        blocks.append(text)
        offset += len(text) + 2
    stated = normalise(document.core_properties.title or "").strip()
    first = next((h.title for h in headings), stem)
    return LoadedDocument(text="\n\n".join(blocks), mime="", title=stated or first, headings=tuple(headings))


def _open(data: bytes) -> Document:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            raise LoadError("it unpacks to more than a gigabyte; split the document")
        return docx.Document(io.BytesIO(data))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise LoadError(f"the Word document is damaged and cannot be opened ({error})") from error


def _blocks(document: Document) -> Iterator[tuple[str, int]]:
    """Yield the text and heading level (0 for none) of each paragraph and table that has text."""
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            text, level = "\n".join(_rows(block)), 0
        else:
            text, level = _paragraph_text(block), _heading_level(block)
            if text and not level and _is_list_item(block):
                text = "- " + text
        text = normalise(text).strip()
        if text:
            yield text, level


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


def _rows(table: Table) -> Iterator[str]:
    """Yield one line for each row. A merged cell, which Word repeats in every column it spans, counts once."""
    for row in table.rows:
        cells: list[str] = []
        last = None
        for cell in row.cells:
            if cell._tc is not last:
                cells.append(_cell_text(cell))
            last = cell._tc
        if any(cells):
            yield " | ".join(cells)


def _cell_text(cell: _Cell) -> str:
    parts = (
        " ; ".join(_rows(block)) if isinstance(block, Table) else _paragraph_text(block)
        for block in cell.iter_inner_content()
    )
    return " ".join(" ".join(parts).split())
