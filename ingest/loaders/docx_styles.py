"""Styles of Word documents: which paragraphs are headings or items of a list because of their style."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.loaders.office_package import WORD

_HEADING = re.compile(r"(?:heading|标题|標題)\s*([1-9])$", re.I)
_TITLES = frozenset({"title", "标题", "標題"})
_LISTS = ("list bullet", "list number")


@dataclass(frozen=True, slots=True)
class _Style:
    id: str
    name: str
    base: str
    numbering: etree._Element | None


class Styles:
    """Looks up what a paragraph's style and those that it is based on say."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles: dict[str, _Style] = {}
        self._default = ""
        for element in () if root is None else root.iterchildren(f"{WORD}style"):
            style = _Style(
                element.get(f"{WORD}styleId") or "",
                _value(element.find(f"{WORD}name")),
                _value(element.find(f"{WORD}basedOn")),
                element.find(f"{WORD}pPr/{WORD}numPr"),
            )
            self._styles.setdefault(style.id, style)
            if element.get(f"{WORD}type") == "paragraph" and element.get(f"{WORD}default") in {"1", "true", "on"}:
                self._default = style.id

    def heading_level(self, paragraph: etree._Element) -> int:
        """Return 1 to 9 for a heading, 1 for the document's title, 0 for other paragraphs."""
        for style in self._chain(paragraph):
            if match := _HEADING.match(style.name):
                return int(match.group(1))
            if style.name.lower() in _TITLES:
                return 1
        return 0

    def is_list(self, paragraph: etree._Element) -> bool:
        """Say whether the style is one of Word's own for lists, which a document may use without numbering them."""
        return any(style.name.lower().startswith(_LISTS) for style in self._chain(paragraph))

    def list_of(self, paragraph: etree._Element) -> tuple[str, str, list[str]]:
        """Return the list that a paragraph belongs to, its level ("" where it is not stated), and its styles' ids.

        The list is "" where the paragraph is in none and "0" where it was taken out of that of its style.
        """
        list_id, level, styles = "", "", []
        own = paragraph.find(f"{WORD}pPr/{WORD}numPr")
        if own is not None:
            list_id, level = _value(own.find(f"{WORD}numId")), _value(own.find(f"{WORD}ilvl"))
        for style in self._chain(paragraph):
            styles.append(style.id)
            if style.numbering is not None and not list_id:
                list_id = _value(style.numbering.find(f"{WORD}numId"))
                level = level or _value(style.numbering.find(f"{WORD}ilvl"))
        return list_id, level, styles

    def _chain(self, paragraph: etree._Element) -> Iterator[_Style]:
        stated = _value(paragraph.find(f"{WORD}pPr/{WORD}pStyle"))
        name = stated if stated in self._styles else self._default
        seen: set[str] = set()  # a damaged file may base two styles on one another
        while name in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[name]
            name = self._styles[name].base


def _value(element: etree._Element | None) -> str:
    return "" if element is None else element.get(f"{WORD}val") or ""
