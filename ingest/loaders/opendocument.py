"""OpenDocument (ISO/IEC 26300): text, spreadsheet and presentation, read from their `content.xml`."""

from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.package import DAMAGES, local_name, open_package, parse_xml

_MAX_CELLS = 5_000_000
_MAX_REPEATED = 1000  # of one row or cell that has text
_MAX_SPACES = 100
_UNREAD = frozenset({"tracked-changes", "annotation", "annotation-end", "forms", "sequence-decls", "master-page"})
_INLINE_BREAKS = {"line-break": "\n", "tab": "\t"}


def load_opendocument(data: bytes, stem: str) -> LoadedDocument:
    """Read headings, paragraphs, lists, tables (rows as records), sheets as sections and slides as pages.

    Raises:
        LoadError: for a damaged or encrypted file, one that unpacks to more than a gigabyte, or has too many cells.
    """
    with open_package(data, "an OpenDocument file") as package:
        if b"encryption-data" in _part(package, "META-INF/manifest.xml"):
            raise LoadError("it is protected by a password; save it without one", FailureKind.PROTECTED)
        content = _part(package, "content.xml")
        meta = _part(package, "meta.xml")
    if not content:
        raise LoadError("it is an OpenDocument file without content; it is damaged", FailureKind.DAMAGED)
    root = parse_xml(content)
    body = next((e for e in root.iter() if local_name(e) == "body"), None)
    reader = _Reader()
    if body is not None:
        reader.read(body)
    return reader.builder.build("", _title(meta), fallback=stem)


def _part(package: ZipFile, name: str) -> bytes:
    try:
        return package.read(name)
    except KeyError:
        return b""
    except DAMAGES as error:
        raise LoadError(f"it is an OpenDocument file that is damaged ({error})", FailureKind.DAMAGED) from error


def _title(meta: bytes) -> str:
    if not meta:
        return ""
    return next((e.text or "" for e in parse_xml(meta).iter() if local_name(e) == "title"), "")


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(v) for k, v in element.attrib.items() if str(k).rpartition("}")[2] == name), "")


def _count(element: etree._Element, name: str, most: int) -> int:
    stated = _attribute(element, name)
    return min(max(1, int(stated)), most) if stated.isascii() and stated.isdigit() and len(stated) < 12 else 1


class _Reader:
    """Walks the body and adds its blocks."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._cells = _MAX_CELLS
        self._slides = 0

    def read(self, body: etree._Element) -> None:
        # A stack of our own: a document may nest deeper than Python recurses.
        waiting = [body]
        first_item = True
        while waiting:
            element = waiting.pop()
            name = local_name(element)
            if name == "h":
                level = _count(element, "outline-level", 9)
                self.builder.heading(level, _words(element))
            elif name == "p":
                self._paragraph(element, first_item=first_item)
                first_item = first_item and not _in_list(element)
            elif name == "table":
                self._table(element)
            elif name and name not in _UNREAD:
                if name == "list" and not _in_list(element):
                    first_item = True
                if name == "page":
                    self._slides += 1
                    self.builder.begin_page(self._slides)
                waiting.extend(reversed(element))

    def _paragraph(self, element: etree._Element, *, first_item: bool) -> None:
        if _in_list(element):
            self.builder.list_item(_words(element), is_first=first_item)
        elif _is_slide_title(element):
            self.builder.heading(1, _words(element))
        else:
            self.builder.paragraph(_words(element))

    def _table(self, table: etree._Element) -> None:
        in_sheet = local_name(table.getparent()) == "spreadsheet"
        if in_sheet:
            self.builder.heading(1, _attribute(table, "name"))
        stated = any(local_name(child) == "table-header-rows" for child in table)
        self.builder.table(self._rows(table), "stated" if stated else "likely" if in_sheet else "unknown")

    def _rows(self, table: etree._Element) -> Iterator[list[str]]:
        for row in table.iter():
            if local_name(row) != "table-row" or _table_of(row) is not table:
                continue
            cells = self._cells_of(row)
            for _ in range(_count(row, "number-rows-repeated", _MAX_REPEATED) if cells else 0):
                self._take(len(cells))
                yield cells

    def _cells_of(self, row: etree._Element) -> list[str]:
        """Return the cells of a row without the empty ones at its end, of which every row states thousands."""
        cells: list[str] = []
        empty = 0
        for cell in row:
            if local_name(cell) in {"table-cell", "covered-table-cell"}:
                text = _words(cell)
                if text:
                    repeated = _count(cell, "number-columns-repeated", _MAX_REPEATED)
                    self._take(empty + repeated)
                    cells += [""] * empty + [text] * repeated
                    empty = 0
                else:
                    empty += _count(cell, "number-columns-repeated", 1 << 14)
        return cells

    def _take(self, cells: int) -> None:
        self._cells -= cells
        if self._cells < 0:
            raise LoadError(
                f"the file has more than {_MAX_CELLS:,} cells; split it or save it as CSV", FailureKind.TOO_LARGE
            )


def _table_of(row: etree._Element) -> etree._Element | None:
    return next((a for a in row.iterancestors() if local_name(a) == "table"), None)


def _is_slide_title(paragraph: etree._Element) -> bool:
    box = paragraph.getparent()
    frame = box.getparent() if box is not None and local_name(box) == "text-box" else None
    return frame is not None and _attribute(frame, "class") == "title"


def _in_list(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and local_name(parent) in {"list-item", "list-header"}


def _words(element: etree._Element) -> str:
    """Return the words of a paragraph or cell; footnotes stand in brackets where their mark stands."""
    parts: list[str] = []
    for event, e in etree.iterwalk(element, events=("start", "end")):
        name = local_name(e)
        if event == "start":
            if _is_unread(e, element):
                continue
            if name == "s":
                parts.append(" " * _count(e, "c", _MAX_SPACES))
            elif name in _INLINE_BREAKS:
                parts.append(_INLINE_BREAKS[name])
            elif name == "note-body":
                parts.append(" [")
            elif name == "p" and e is not element and parts and local_name(e.getparent()) != "note-body":
                parts.append("\n")
            parts.append(e.text or "" if name else "")
        else:
            if name == "note-body" and not _is_unread(e, element):
                parts.append("]")
            if e is not element and not _is_unread(e.getparent(), element):
                parts.append(e.tail or "")
    return "".join(parts).strip()


def _is_unread(element: etree._Element, top: etree._Element) -> bool:
    """Say whether an element is, or lies in, a comment or the mark of a footnote."""
    while element is not top:
        if local_name(element) in {*_UNREAD, "note-citation"}:
            return True
        element = element.getparent()
    return False
