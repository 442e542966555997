"""Numbers of Word's lists ("3.2", "(a)", "第四条"), which `word/numbering.xml` describes and no paragraph states."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from lxml import etree

from ingest.loaders.office_package import WORD, whole_number

BULLET = "- "
_LEVELS = 9
_MAX_PATTERN = 80  # characters of a number's pattern, which every paragraph of the list repeats
_MAX_LETTERS = 5  # of "aaaaa", which stands for 105
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_CHINESE = {
    "chineseCounting": "〇一二三四五六七八九十百千",
    "chineseCountingThousand": "〇一二三四五六七八九十百千",
    "japaneseCounting": "〇一二三四五六七八九十百千",
    "taiwaneseCounting": "〇一二三四五六七八九十百千",
    "taiwaneseCountingThousand": "〇一二三四五六七八九十百千",
    "ideographDigital": "〇一二三四五六七八九",
    "taiwaneseDigital": "〇一二三四五六七八九",
    "chineseLegalSimplified": "零壹贰叁肆伍陆柒捌玖拾佰仟",
    "ideographLegalTraditional": "零壹貳參肆伍陸柒捌玖拾佰仟",
}
_SERIES = {
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "decimalEnclosedCircleChinese": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
}


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    pattern: str = ""
    restart: int | None = None  # number of the level after which it starts anew; 0 is never
    legal: bool = False  # all numbers are written in figures
    gap: str = " "
    style: str = ""


@dataclass(frozen=True, slots=True)
class _List:
    """A `w:num`: the abstract list that it counts in and what it states otherwise."""

    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int]


class Numbering:
    """Counts the paragraphs of all lists; they are to come in the order of the document."""

    def __init__(self, root: etree._Element | None) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()
        if root is not None:
            self._read(root)

    def level_of(self, list_id: str, styles: Iterable[str]) -> int:
        """Return the level that belongs to one of the paragraph's styles, the nearest first, else the highest."""
        levels = self._lists[list_id].levels if list_id in self._lists else {}
        by_style = {level.style: number for number, level in levels.items() if level.style}
        return next((by_style[style] for style in styles if style in by_style), 0)

    def next(self, list_id: str, number: int) -> str:
        """Count one more paragraph and return what stands before it, with the gap: `3.2 `, or `- ` for a bullet."""
        found = self._lists.get(list_id)
        if found is None:
            return BULLET
        number = min(max(0, number), _LEVELS - 1)
        level = found.levels.get(number, _Level())
        counts = self._counts.setdefault(found.abstract, {})
        if number in found.starts and (list_id, number) not in self._started:
            counts.pop(number, None)  # a list that continues the style of another but starts anew
        self._started.add((list_id, number))
        counts[number] = counts[number] + 1 if number in counts else found.starts.get(number, level.start)
        for deeper in [n for n in counts if n > number]:
            restart = found.levels.get(deeper, _Level()).restart
            if restart is None or number < restart:
                del counts[deeper]
        if level.format == "bullet":
            return BULLET
        label = _PLACE.sub(lambda place: self._written(found, level, counts, int(place.group(1)) - 1), level.pattern)
        return label + level.gap if label.strip() else ""

    def _written(self, found: _List, shown: _Level, counts: dict[int, int], number: int) -> str:
        level = found.levels.get(number, _Level())
        count = counts.get(number, found.starts.get(number, level.start))
        return written(count, "decimal" if shown.legal and level.format != "none" else level.format)

    def _read(self, root: etree._Element) -> None:
        named: dict[str, str] = {}  # style -> the abstract list that it stands for
        links: dict[str, str] = {}  # abstract list -> the style that describes it
        for element in root.iterchildren(f"{WORD}abstractNum"):
            name = element.get(f"{WORD}abstractNumId") or ""
            self._abstract[name] = dict(map(_read_level, element.iterchildren(f"{WORD}lvl")))
            if style := _value(element, "styleLink"):
                named[style] = name
            if style := _value(element, "numStyleLink"):
                links[name] = style
        for element in root.iterchildren(f"{WORD}num"):
            abstract = _value(element, "abstractNumId")
            abstract = named.get(links.get(abstract, ""), abstract)
            levels, starts = self._abstract.get(abstract, {}), {}
            for override in element.iterchildren(f"{WORD}lvlOverride"):
                number = whole_number(override.get(f"{WORD}ilvl"), 0)
                levels = levels | dict(map(_read_level, override.iterchildren(f"{WORD}lvl")))
                if start := _value(override, "startOverride"):
                    starts[number] = whole_number(start, 1)
            self._lists[element.get(f"{WORD}numId") or ""] = _List(abstract, levels, starts)


def _read_level(element: etree._Element) -> tuple[int, _Level]:
    restart = _value(element, "lvlRestart")
    legal = element.find(f"{WORD}isLgl")
    return whole_number(element.get(f"{WORD}ilvl"), 0), _Level(
        start=whole_number(_value(element, "start"), 1),
        format=_value(element, "numFmt") or "decimal",
        pattern=_value(element, "lvlText")[:_MAX_PATTERN],
        restart=whole_number(restart, 0) if restart else None,
        legal=legal is not None and legal.get(f"{WORD}val") not in {"0", "false", "off"},
        gap="" if _value(element, "suff") == "nothing" else " ",
        style=_value(element, "pStyle"),
    )


def _value(element: etree._Element, name: str) -> str:
    child = element.find(WORD + name)
    return "" if child is None else child.get(f"{WORD}val") or ""


def written(count: int, number_format: str) -> str:
    """Return a number in one of Word's formats; in figures where the format is unknown or has no such number."""
    if number_format in {"none", "bullet"}:
        return ""
    return _WRITERS.get(number_format, str)(count) or str(count)


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return ""
    digits = []
    for value, sign in _ROMAN:
        times, count = divmod(count, value)
        digits.append(sign * times)
    return "".join(digits)


def _letters(count: int) -> str:
    """Return a, b, … z, aa, bb, as Word counts."""
    times, place = divmod(count - 1, 26)
    return chr(ord("a") + place) * (times + 1) if 0 <= times < _MAX_LETTERS else ""


def _ordinal(count: int) -> str:
    ending = "th" if count % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def _chinese(signs: str, count: int) -> str:
    """Return a number below 10,000 in Chinese; `signs` are ten figures and 十百千, or the figures only."""
    if not 0 <= count < 10_000:
        return ""
    figures, units = signs[:10], signs[10:]
    digits = str(count)
    if not units or count == 0:
        return "".join(figures[int(digit)] for digit in digits)
    parts: list[str] = []
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit != "0":
            parts.append(figures[int(digit)] + (units[place - 1] if place else ""))
        elif parts[-1] != "零" and count % 10 ** (place + 1):
            parts.append("零")
    text = "".join(parts)
    return text[1:] if text.startswith("一十") else text  # 十二; formal figures keep their one


def _one_of(signs: str, count: int) -> str:
    return signs[count - 1] if 0 < count <= len(signs) else ""


_WRITERS: dict[str, Callable[[int], str]] = {
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "decimalZero": "{:02d}".format,
    "ordinal": _ordinal,
    **{name: partial(_chinese, signs) for name, signs in _CHINESE.items()},
    **{name: partial(_one_of, signs) for name, signs in _SERIES.items()},
}
