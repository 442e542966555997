"""Word documents: paragraphs, headings, lists and tables in the order in which they stand.

Read from the XML itself: python-docx passes over content controls, notes and equations, does not number lists, and
refuses templates and Strict Open XML. Macros are parts like others; none is ever opened.
"""

from collections import Counter
from collections.abc import Iterator

from lxml import etree

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.charts import add_chart
from ingest.loaders.docx_numbering import BULLET, Numbering
from ingest.loaders.docx_styles import Styles
from ingest.loaders.docx_text import PARAGRAPH, TABLE, Words, nearest, words_of
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.office_package import RELATION, WORD, OfficePackage, Relation, whole_number
from ingest.loaders.package import STUMBLES, open_package
from ingest.loaders.tables import table_lines

_BLOCKS = frozenset({PARAGRAPH, TABLE, f"{WORD}altChunk"})
_ROWS = frozenset({f"{WORD}tr"})
_CELLS = frozenset({f"{WORD}tc"})
_MAX_COLUMNS = 63  # of a table, in Word
_MAX_REPEATED = 500  # characters of a cell that is merged over several rows and so read in each of them
_OFF = {"0", "false", "off"}


def load_docx(data: bytes, stem: str) -> LoadedDocument:
    """Read a Word document: blocks are joined by a blank line, tables become records.

    Headers come first and footers last, each text once. Notes stand below the paragraph that refers to them. Tracked
    changes are read as accepted; comments are not read.

    Raises:
        LoadError: for a damaged file or one that unpacks to more than a gigabyte.
    """
    with open_package(data, "a Word document") as package:
        try:
            return _Reader(OfficePackage(package)).read(stem)
        except LoadError as error:
            if error.kind is not FailureKind.DAMAGED:
                raise
            raise _damaged(error) from error
        except STUMBLES as error:
            raise _damaged(error) from error


def _damaged(error: Exception) -> LoadError:
    return LoadError(f"the Word document is damaged and cannot be opened ({error})", FailureKind.DAMAGED)


class _Reader:
    """Walks the body and adds its blocks."""

    def __init__(self, package: OfficePackage) -> None:
        path = package.main_path("word/document.xml")
        self._package = package
        self._root = package.xml(path)
        self._relations = package.relations(path)
        self._styles = Styles(self._part("styles"))
        self._numbering = Numbering(self._part("numbering", "numbers of its lists"))
        self._notes = {kind: _notes_by_id(self._part(f"{kind}s"), kind) for kind in ("footnote", "endnote")}
        self._note_numbers: Counter[str] = Counter()
        self._builder = DocumentBuilder()
        self._first_heading = ""

    def read(self, stem: str) -> LoadedDocument:
        body = self._root.find(f"{WORD}body")
        if body is None:
            raise LoadError("it has no body", FailureKind.DAMAGED)
        seen: set[str] = set()
        self._add_around("header", seen)
        for block in nearest(body, _BLOCKS):
            self._add(block)
        self._add_around("footer", seen)
        title = self._package.title() or self._first_heading
        lost = ", ".join(dict.fromkeys(self._package.lost))
        return self._builder.build("", title, f"damaged parts were not read: {lost}" if lost else None, fallback=stem)

    def _part(self, kind: str, what: str = "") -> etree._Element | None:
        path = next((r.target for r in self._relations.values() if r.kind == kind), None)
        return self._package.optional_xml(path, what or kind)

    def _add(self, block: etree._Element) -> None:
        if block.tag == TABLE:
            self._builder.table(self._rows(block), "stated" if _has_header(block) else "unknown")
        elif block.tag == PARAGRAPH:
            self._add_paragraph(block)
        else:
            self._package.lost.append("an embedded file")

    def _add_paragraph(self, paragraph: etree._Element) -> None:
        words = words_of(paragraph)
        mark = self._mark(paragraph, words.text)
        notes = self._notes_of(words)
        if words.text and (level := self._styles.heading_level(paragraph)):
            self._first_heading = self._first_heading or words.text
            # A bullet before a heading is an ornament.
            self._builder.heading(level, words.text if mark == BULLET else mark + words.text)
            self._builder.paragraph("\n".join(notes))
        else:
            text = mark + words.text if words.text else ""
            self._builder.paragraph("\n".join(filter(None, [text, *notes])))
        for chart in words.charts:
            self._add_chart(chart)

    def _mark(self, paragraph: etree._Element, text: str) -> str:
        """Return what stands before the paragraph: its number in a list, a bullet, or nothing."""
        list_id, level, styles = self._styles.list_of(paragraph)
        if list_id == "0":
            return ""
        if not list_id:
            return BULLET if self._styles.is_list(paragraph) else ""
        if not text and paragraph.find(f"{WORD}pPr/{WORD}rPr/{WORD}del") is not None:
            return ""  # a deleted paragraph does not count
        found = whole_number(level, 0) if level else self._numbering.level_of(list_id, styles)
        return self._numbering.next(list_id, found)

    def _notes_of(self, words: Words) -> list[str]:
        """Return the notes that a paragraph refers to. Each is given once, however often it is referred to."""
        lines = []
        for kind, note_id, has_number in words.notes:
            note = self._notes[kind].pop(note_id, None)
            if note is None:
                continue
            self._note_numbers[kind] += has_number
            label = "note" if kind == "footnote" else "endnote"
            number = f" {self._note_numbers[kind]}" if has_number else ""
            if text := self._in_one_line(note):
                lines.append(f"[{label}{number}: {text}]")
        return lines

    def _in_one_line(self, parent: etree._Element) -> str:
        """Return the text of a cell or a note."""
        parts: list[str] = []
        for block in nearest(parent, _BLOCKS):
            if block.tag == TABLE:
                parts.append(" ; ".join(table_lines(self._rows(block), "unknown")))
            elif block.tag == PARAGRAPH:
                words = words_of(block)
                mark = self._mark(block, words.text)
                # A cell may hold nothing but a number.
                parts += [words.text if mark == BULLET else mark + words.text, *self._notes_of(words)]
        return " ".join(" ".join(parts).split())

    def _rows(self, table: etree._Element) -> Iterator[list[str]]:
        """Yield the cells of each row by column.

        A cell over several columns is in the first of them, one over several rows in each of them unless it is long.
        """
        above: dict[int, str] = {}
        for row in nearest(table, _ROWS):
            cells = [""] * _columns(row.find(f"{WORD}trPr/{WORD}gridBefore"), 0)
            for cell in nearest(row, _CELLS):
                merged = cell.find(f"{WORD}tcPr/{WORD}vMerge")
                column = len(cells)
                if merged is not None and merged.get(f"{WORD}val", "continue") == "continue":
                    text = above.get(column, "")
                else:
                    text = self._in_one_line(cell)
                    above[column] = text if merged is not None and len(text) <= _MAX_REPEATED else ""
                cells += [text] + [""] * (_columns(cell.find(f"{WORD}tcPr/{WORD}gridSpan"), 1) - 1)
            yield cells

    def _add_around(self, kind: str, seen: set[str]) -> None:
        """Add the headers or footers of all sections, each text once."""
        for path in dict.fromkeys(_around(self._root, self._relations, kind)):
            root = self._package.optional_xml(path, f"a {kind}")
            for block in () if root is None else nearest(root, _BLOCKS):
                if block.tag == TABLE:
                    lines = list(table_lines(_plain_rows(block), "unknown"))
                else:
                    lines = [words_of(block, with_pages=False).text]
                text = "\n".join(filter(None, lines))
                if text and text not in seen:
                    seen.add(text)
                    self._builder.paragraph(text)

    def _add_chart(self, relation: str) -> None:
        found = self._relations.get(relation)
        root = self._package.optional_xml(found.target if found else None, "a chart")
        if root is not None:
            add_chart(self._builder, root)


def _notes_by_id(root: etree._Element | None, kind: str) -> dict[str, etree._Element]:
    """Return the notes, without the lines that part them from the text."""
    notes = () if root is None else root.iterchildren(WORD + kind)
    return {n.get(f"{WORD}id") or "": n for n in notes if n.get(f"{WORD}type", "normal") == "normal"}


def _around(root: etree._Element, relations: dict[str, Relation], kind: str) -> Iterator[str]:
    """Yield the paths of the headers or footers that the sections show, the first page's first."""
    for section in root.iter(f"{WORD}sectPr"):
        own_first = section.find(f"{WORD}titlePg")
        references = {r.get(f"{WORD}type") or "default": r for r in section.iterchildren(f"{WORD}{kind}Reference")}
        if own_first is None or own_first.get(f"{WORD}val") in _OFF:
            references.pop("first", None)
        for name in ("first", "default", "even"):
            reference = references.get(name)
            relation = None if reference is None else relations.get(reference.get(f"{RELATION}id") or "")
            if relation is not None and relation.kind == kind:
                yield relation.target


def _plain_rows(table: etree._Element) -> Iterator[list[str]]:
    """Yield the cells of a table in a header or footer, where tables are for the layout."""
    paragraphs = frozenset({PARAGRAPH})
    for row in nearest(table, _ROWS):
        yield [
            " ".join(filter(None, (words_of(p, with_pages=False).text for p in nearest(cell, paragraphs))))
            for cell in nearest(row, _CELLS)
        ]


def _columns(stated: etree._Element | None, otherwise: int) -> int:
    number = otherwise if stated is None else whole_number(stated.get(f"{WORD}val"), otherwise)
    return min(max(otherwise, number), _MAX_COLUMNS)


def _has_header(table: etree._Element) -> bool:
    """Say whether the first row is marked to be repeated on each page, or is the only one in bold."""
    first, second = (*(row for row, _ in zip(nearest(table, _ROWS), range(2), strict=False)), None, None)[:2]
    if first is None or second is None:
        return False
    repeated = first.find(f"{WORD}trPr/{WORD}tblHeader")
    if repeated is not None and repeated.get(f"{WORD}val") not in _OFF:
        return True
    return _is_bold(first) and not _is_bold(second)


def _is_bold(row: etree._Element) -> bool:
    runs = [run for run in row.iter(f"{WORD}r") if any((t.text or "").strip() for t in run.iterchildren(f"{WORD}t"))]
    bold = [run.find(f"{WORD}rPr/{WORD}b") for run in runs]
    return bool(runs) and all(b is not None and b.get(f"{WORD}val") not in _OFF for b in bold)
