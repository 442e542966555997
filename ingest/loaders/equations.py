"""Equations of Office documents (OMML, ECMA-376 part 1, chapter 22) as a line of text: `x^2`, `(a)/(b)`, `√(2)`."""

import re
from collections.abc import Callable

from lxml import etree

from ingest.loaders.office_package import COMPATIBILITY, MATHS, WORD
from ingest.loaders.package import local_name

_DEEPEST = 40  # structures inside one another; below that only the signs are read
_TOKEN = re.compile(r"\w+|.", re.S)  # needs no brackets as an exponent
_SKIPPED = frozenset({f"{WORD}del", f"{WORD}moveFrom", f"{WORD}rPr", f"{COMPATIBILITY}Fallback"})


def linear(equation: etree._Element) -> str:
    """Return an equation as text on one line."""
    return " ".join(_children(equation, 0).split())


def _children(element: etree._Element, depth: int) -> str:
    return "".join(_text(child, depth) for child in element)


def _text(element: etree._Element, depth: int) -> str:
    name = local_name(element)
    if depth > _DEEPEST:
        return "".join(e.text or "" for e in element.iter(f"{MATHS}t"))
    if not name or name.endswith("Pr") or element.tag in _SKIPPED:
        return ""
    if name == "t":
        return element.text or ""
    if name == "br":
        return " "
    if not str(element.tag).startswith(MATHS):
        return _children(element, depth + 1)
    writer = _WRITERS.get(name)
    return _children(element, depth + 1) if writer is None else writer(element, depth)


def _scripts(element: etree._Element, depth: int) -> str:
    base = _operand(_part(element, "e", depth))
    return base + _script("_", _part(element, "sub", depth)) + _script("^", _part(element, "sup", depth))


def _scripts_before(element: etree._Element, depth: int) -> str:
    scripts = _script("_", _part(element, "sub", depth)) + _script("^", _part(element, "sup", depth))
    return f"{scripts} {_part(element, 'e', depth)}"


def _sum(element: etree._Element, depth: int) -> str:
    """Return a sum, product or integral with its bounds."""
    return _property(element, "chr", "∫") + _scripts_before(element, depth)


def _lower_limit(element: etree._Element, depth: int) -> str:
    return _part(element, "e", depth) + _script("_", _part(element, "lim", depth))


def _upper_limit(element: etree._Element, depth: int) -> str:
    return _part(element, "e", depth) + _script("^", _part(element, "lim", depth))


def _fraction(element: etree._Element, depth: int) -> str:
    return f"({_part(element, 'num', depth)})/({_part(element, 'den', depth)})"


def _root(element: etree._Element, depth: int) -> str:
    degree = _part(element, "deg", depth).strip()
    return f"√{f'[{degree}]' if degree else ''}({_part(element, 'e', depth)})"


def _brackets(element: etree._Element, depth: int) -> str:
    inside = _property(element, "sepChr", "|").join(_parts(element, "e", depth))
    return _property(element, "begChr", "(") + inside + _property(element, "endChr", ")")


def _function(element: etree._Element, depth: int) -> str:
    argument = _part(element, "e", depth).strip()
    return _part(element, "fName", depth).strip() + (argument if argument.startswith("(") else f"({argument})")


def _matrix(element: etree._Element, depth: int) -> str:
    rows = (", ".join(_parts(row, "e", depth + 1)) for row in element.iterchildren(f"{MATHS}mr"))
    return f"[{'; '.join(rows)}]"


def _lines(element: etree._Element, depth: int) -> str:
    return "; ".join(_parts(element, "e", depth))


def _accent(element: etree._Element, depth: int) -> str:
    return _operand(_part(element, "e", depth)) + _property(element, "chr", "\u0302")


def _bar(element: etree._Element, depth: int) -> str:
    mark = "\u0305" if _property(element, "pos", "bot").startswith("t") else "\u0332"
    return _operand(_part(element, "e", depth)) + mark


def _part(element: etree._Element, name: str, depth: int) -> str:
    return "".join(_parts(element, name, depth))


def _parts(element: etree._Element, name: str, depth: int) -> list[str]:
    return [_children(child, depth + 1) for child in element.iterchildren(MATHS + name)]


def _property(element: etree._Element, name: str, otherwise: str) -> str:
    """Return a sign that the structure's properties state; stated as empty it is none."""
    stated = element.find(f"{MATHS}{local_name(element)}Pr/{MATHS}{name}")
    return otherwise if stated is None else (stated.get(f"{MATHS}val") or "")[:2]


def _operand(text: str) -> str:
    text = text.strip()
    return text if _TOKEN.fullmatch(text) or (text.startswith("(") and text.endswith(")")) else f"({text})"


def _script(mark: str, text: str) -> str:
    text = text.strip()
    return mark + _operand(text) if text else ""


_WRITERS: dict[str, Callable[[etree._Element, int], str]] = {
    "f": _fraction,
    "rad": _root,
    "sSub": _scripts,
    "sSup": _scripts,
    "sSubSup": _scripts,
    "sPre": _scripts_before,
    "nary": _sum,
    "limLow": _lower_limit,
    "limUpp": _upper_limit,
    "d": _brackets,
    "func": _function,
    "m": _matrix,
    "eqArr": _lines,
    "acc": _accent,
    "bar": _bar,
}
