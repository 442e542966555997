"""What stands around a quote: its sentence, its row of a table, or the list that it is an item of.

All functions look at a bounded piece of the text, so their cost does not grow with the document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from model.text.sentences import sentence_spans

_REACH = 2000  # characters looked at on either side of a quote
_MAX_LIST = 1500  # characters; of a longer list only the item is given
_MAX_LED = 600  # of a list that a line with a colon introduces, which is given for every question
_PARAGRAPH_END = re.compile(r"\n[ \t]*(?=\n)")
# A row as the loaders write it, `a | b` or `name: value; name: value`, or as a Markdown author does.
_ROW = re.compile(r"(?m)^(?:[ \t]*\|.*|.* \| .*|[^:：;\n]{1,80}: [^;\n]+; [^:：;\n]{1,80}: .*)$")
_TABLE_HEADER = re.compile(r"(?m)^[ \t]*(\|.*)\n[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[-:| \t]*\n(?:[ \t]*\|.*\n)*\Z")
_BULLET = r"[ \t]*[-*+•·▪◦–—][ \t]+"
_ITEM = rf"(?:{_BULLET}|[ \t]*\(?(?:\d{{1,2}}|[a-z])[.)][ \t]|[ \t]*[（(]?\d{{1,2}}[)）、．])"
# An item goes on in lines that are indented or begin in lower case. Blank lines stand between bulleted items (Word) but
# not between numbered ones: those are paragraphs of a contract. A line with a colon may introduce the list.
_LIST = re.compile(
    rf"(?m)(?:^[^\n]*[:：][ \t]*\n(?:[ \t]*\n)?)?"
    rf"(?:^{_ITEM}[^\n]*+(?:\n(?!{_ITEM})(?:[ \t]{{2,}}\S|[a-z])[^\n]*+)*+(?:\n(?:[ \t]*\n(?={_BULLET}))?|\Z)){{2,}}"
)

Span = tuple[int, int]


def sentence_around(text: str, start: int, end: int) -> Span:
    """The sentence, sentences or row of a table that a span stands in, without a bullet before it.

    It reaches into no other paragraph and no other row than the span itself does.

    Returns:
        (first, last) with first <= start and end <= last, no white space at the borders.
    """
    low, high = _paragraphs(text, start, end)
    rows = [m.span() for m in _ROW.finditer(text, low, high)]
    breaks = sorted({edge - low for row in rows for edge in row})
    sentences = [(low + a, low + b) for a, b in sentence_spans(text[low:high], breaks)]
    first, last = start, end
    for a, b in [*sentences, *rows]:
        if a < max(end, start + 1) and b > start:
            first, last = min(first, a), max(last, b)
    bullet = re.compile(_BULLET).match(text, first, start)
    return _stripped(text, bullet.end() if bullet else first, last, start, end)


def quote_windows(text: str, quotes: Sequence[Span], *, whole_lists: bool = False) -> list[Span]:
    """What to show so that each quote can be understood, in the order of the text; windows that adjoin are joined.

    An item of a short bulleted list that a line with a colon introduces comes with that line and the other items: the
    line says what is true of it ("Not allowed:"), and the others are the cases that it is told apart from ("after ten
    years").

    Args:
        text: a document or a passage of it.
        quotes: spans in it, in any order.
        whole_lists: the question asks for steps or items: a quote from a list brings the whole list.
    """
    found = sorted(
        (list_around(text, a, b) if whole_lists else led_list_around(text, a, b)) or sentence_around(text, a, b)
        for a, b in quotes
    )
    joined: list[Span] = []
    for first, last in found:
        if joined and not text[joined[-1][1] : first].strip():
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def list_around(text: str, start: int, end: int) -> Span | None:
    """The whole list that a span begins or ends in, with the line that introduces it.

    None if there is no list, or a long one.
    """
    low = text.rfind("\n", 0, max(0, start - _REACH)) + 1
    found = (m.span() for m in _LIST.finditer(text, low, end + _REACH))
    lists = [(a, b) for a, b in found if a < max(end, start + 1) and b > start]
    if not lists or any(b - a > _MAX_LIST or b >= end + _REACH for a, b in lists):
        return None
    return _stripped(text, min(start, lists[0][0]), max(end, lists[-1][1]), start, end)


def led_list_around(text: str, start: int, end: int) -> Span | None:
    """The bulleted list that a span stands in with the line that introduces it.

    None if there is no such line, for a long list, and for numbered steps: each of those says enough by itself.
    """
    found = list_around(text, start, end)
    if found is None or found[1] - found[0] > _MAX_LED:
        return None
    lead_in, _, items = text[found[0] : found[1]].partition("\n")
    is_led = lead_in.rstrip().endswith((":", "：")) and not re.match(_ITEM, lead_in)
    return found if is_led and re.match(_BULLET, items.lstrip("\n")) else None


def with_items(text: str, start: int, end: int) -> int:
    """Where a quote ends that is the line before a list: behind the list, because the items are what it announces.

    Args:
        text: a passage.
        start: of the quote.
        end: of the quote; returned as it is if the quote does not end in a colon, or no list follows it.
    """
    if not text[start:end].rstrip().endswith((":", "：")):
        return end
    found = list_around(text, start, end)
    return found[1] if found is not None and found[1] > end else end


def is_list(text: str) -> bool:
    """Whether a window holds a list of at least two items."""
    return _LIST.search(text) is not None


def table_header(text: str, start: int) -> str | None:
    """The header of the Markdown table whose row begins at `start`, if it is near.

    The loaders write tables of other formats so that each row names its columns.
    """
    low = text.rfind("\n", 0, max(0, start - _REACH)) + 1
    found = _TABLE_HEADER.search(text[low:start])
    return found[1].strip() if found else None


def _paragraphs(text: str, start: int, end: int) -> Span:
    """The paragraphs that a span touches, at most `_REACH` characters to either side."""
    low, high = max(0, start - _REACH), min(len(text), end + _REACH)
    first = max((m.end() for m in _PARAGRAPH_END.finditer(text, low, start)), default=low)
    following = _PARAGRAPH_END.search(text, end, high)
    return first, following.start() if following else high


def _stripped(text: str, first: int, last: int, start: int, end: int) -> Span:
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return first, last
