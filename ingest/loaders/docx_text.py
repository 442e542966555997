"""The words of one paragraph of a Word document, and what it refers to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from ingest.loaders.equations import linear
from ingest.loaders.office_package import CHART, COMPATIBILITY, MATHS, RELATION, WORD

PARAGRAPH = f"{WORD}p"
TABLE = f"{WORD}tbl"
# What is no text of the document: properties, tracked deletions, and a text box once more, for old programs.
_SKIPPED = frozenset(
    {
        *(WORD + name for name in ("pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "sectPr")),
        *(WORD + name for name in ("del", "moveFrom", "rubyPr")),
        f"{COMPATIBILITY}Fallback",
    }
)
_SIGNS = {
    f"{WORD}tab": "\t", f"{WORD}ptab": "\t", f"{WORD}br": "\n", f"{WORD}cr": "\n", f"{WORD}noBreakHyphen": "-",
}  # fmt: skip
_REFERENCES = {
    f"{WORD}footnoteReference": "footnote",
    f"{WORD}endnoteReference": "endnote",
    f"{CHART}chart": "chart",
}
_BOXES = {"a8": "☐", "6f": "☐", "fd": "☒", "fe": "☑", "fc": "✓", "fb": "✗"}  # of Wingdings: signs in forms
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.I)
_PAGE = "\x00"  # stands for a page's number; no XML holds it
_PAGE_WORDS = re.compile(r"\b(?:pages?|of|seite|von|sur|de|p\.?)\b|[第页頁共总總/|·•\-–—\s\x00]", re.I)


@dataclass(slots=True)
class Words:
    """The text of a paragraph, the notes that it refers to, and the relationships of its charts.

    A note is its kind (`footnote` or `endnote`), its id, and whether it has a number.
    """

    text: str = ""
    notes: list[tuple[str, str, bool]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)


def nearest(parent: etree._Element, wanted: frozenset[str]) -> Iterator[etree._Element]:
    """Yield the outermost elements of these names, those in content controls and tracked insertions too."""
    # A stack of our own: a document may nest deeper than Python recurses.
    waiting = list(reversed(parent))
    while waiting:
        element = waiting.pop()
        if element.tag in wanted:
            yield element
        elif element.tag not in _SKIPPED:
            waiting.extend(reversed(element))


def words_of(paragraph: etree._Element, *, with_pages: bool = True) -> Words:
    """Return the words of a paragraph, with insertions, links and equations; those of its text boxes follow.

    Args:
        paragraph: the element.
        with_pages: False in headers and footers, whose "Page 3 of 9" says nothing.
    """
    found = Words()
    texts = []
    boxes = [paragraph]
    for box in boxes:  # which grows: a text box may hold another
        parts = _parts(box, found, boxes, with_pages=with_pages)
        text = "".join(parts)
        texts.append((text if with_pages else _without_pages(text)).strip())
    found.text = "\n".join(filter(None, texts))
    return found


def _parts(box: etree._Element, found: Words, boxes: list[etree._Element], *, with_pages: bool) -> list[str]:
    parts: list[str] = []
    fields = _Fields()
    waiting = [box]
    while waiting:
        element = waiting.pop()
        tag = element.tag
        if tag == f"{WORD}t":
            if not fields.in_page:
                parts.append(element.text or "")
        elif tag in _SIGNS:
            parts.append(_SIGNS[tag])
        elif tag == f"{WORD}sym":
            parts.append(_symbol(element))
        elif tag == PARAGRAPH and parts:
            parts.append("\n")
        elif tag == f"{MATHS}oMath":
            parts.append(("\n" if _follows_equation(element) else "") + linear(element))
            continue
        elif tag == f"{WORD}txbxContent" and element is not box:
            boxes.append(element)
            continue
        elif tag in _REFERENCES:
            _refer(element, found)
        elif not with_pages and fields.take(element):
            parts.append(_PAGE)
            if tag == f"{WORD}fldSimple":
                continue
        if tag not in _SKIPPED:
            waiting.extend(reversed(element))
    return parts


def _refer(element: etree._Element, found: Words) -> None:
    kind = _REFERENCES[str(element.tag)]
    if kind == "chart":
        found.charts.append(element.get(f"{RELATION}id") or "")
    else:
        has_number = element.get(f"{WORD}customMarkFollows") not in {"1", "true", "on"}
        found.notes.append((kind, element.get(f"{WORD}id") or "", has_number))


def _follows_equation(element: etree._Element) -> bool:
    before = element.getprevious()
    parent = element.getparent()
    return before is not None and before.tag == element.tag and parent is not None and parent.tag == f"{MATHS}oMathPara"


def _symbol(element: etree._Element) -> str:
    """Return a sign that stands by its place in a font, where the sign is known."""
    code = (element.get(f"{WORD}char") or "").lower()
    if "wingdings" in (element.get(f"{WORD}font") or "").lower():
        return _BOXES.get(code[-2:], "")
    try:
        point = int(code, 16)
    except ValueError:
        return ""
    # The private area is that of fonts such as Symbol, whose signs have no meaning elsewhere.
    return chr(point) if 0x20 <= point < 0xD800 else ""


class _Fields:
    """Follows fields of several runs: begin, instruction, separator, result, end."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self.in_page = False

    def take(self, element: etree._Element) -> bool:
        """Say whether an element is, or ends, a field with the number of a page."""
        if element.tag == f"{WORD}fldSimple":
            return _PAGE_FIELD.match(element.get(f"{WORD}instr") or "") is not None
        if element.tag == f"{WORD}instrText" and self._open:
            self._open[-1] = (self._open[-1] + (element.text or ""))[:100]
        if element.tag != f"{WORD}fldChar":
            return False
        kind = element.get(f"{WORD}fldCharType")
        if kind == "begin":
            self._open.append("")
        elif kind == "separate" and self._open:
            self.in_page = _PAGE_FIELD.match(self._open[-1]) is not None
        elif kind == "end" and self._open:
            self.in_page = False
            return _PAGE_FIELD.match(self._open.pop()) is not None
        return False


def _without_pages(text: str) -> str:
    """Leave out what only numbers the pages; where there are other words beside a number, only the number goes."""
    kept = (
        piece.replace(_PAGE, "").strip()
        for piece in re.split(r"[\t\n]", text)
        if _PAGE not in piece or _PAGE_WORDS.sub("", piece)
    )
    return "\n".join(filter(None, kept))
