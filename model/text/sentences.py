"""Where sentences begin and end in mixed English and Chinese text, in linear time.

A sentence ends after `。！？；…`, after `. ! ?` before white space (unless the dot belongs to an abbreviation, an
initial, a list number, or lower case follows), at a blank line, and at the end of every line that stands for itself:
a heading, a list item, a row of a table, a short line. A line that the author's editor wrapped in the middle of a
sentence does not end it.
"""

import re
from collections.abc import Iterator, Sequence

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CJK_CHARACTER = re.compile(f"[{_CJK}]")
CLOSING = "\"'”’」』）)】》〉]"  # may stand behind the end of a sentence
_CLOSING = re.escape(CLOSING)
# One alternative for each way a sentence can end; the match's end is the sentence's end. The look-behind and the
# possessive quantifiers keep a line of a million dots linear.
_TERMINATOR = re.compile(
    f"(?P<cjk>[。！？；…]+[{_CLOSING}]*)|(?P<latin>(?<![.!?])[.!?]++[{_CLOSING}]*+)(?=\\s|$|[\u4e00-\u9fff])|"
    "(?P<newline>\\n)"
)
_LIST_ITEM = re.compile(
    r"[ \t]*(?:[-*+•·▪◦–—]\s|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)][ \t]|[一二三四五六七八九十]{1,3}[、.]|"
    r"[（(][一二三四五六七八九十\d]{1,3}[）)]|第[一二三四五六七八九十百零〇\d]{1,6}[章节条款篇回]|#{1,6}\s|>|\||```|~~~|===|---)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'“])(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Gen|Col|Capt|Lt|Sgt|Rev|Hon|Sen|Rep|Gov|vs|cf|ca|approx|Fig|Figs|Eq|"
    r"Eqs|Sec|Ch|Vol|pp|Inc|Ltd|Co|Corp|Jr|Sr|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|e\.g|i\.e|"
    r"(?:[A-Za-z]\.)+[A-Za-z]|[A-Z])\.$"
)
_NUMBER_SIGN = re.compile(r"\b[Nn]os?\.$")  # an abbreviation before a figure only: "No. 5", but "No. He left."
_LIST_NUMBER = re.compile(r"[ \t]*\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})\.$")
_WRAPPED_COLUMNS = range(60, 131)  # a line this wide (CJK counts double) was probably wrapped, not ended
_LOOK_BACK = 24  # characters: longer than any abbreviation with its left neighbour


def sentence_spans(text: str, breaks: Sequence[int] = ()) -> Iterator[tuple[int, int]]:
    """Yield the `(start, end)` of each sentence of `text`, in order, without white space at either side.

    `breaks` are offsets (sorted) at which a sentence must begin, such as headings; the line that starts there is a
    sentence of its own. Every character that is not white space lies in exactly one span.
    """
    start = 0
    for end in _boundaries(text, breaks):
        if end <= start:
            continue
        piece = text[start:end]
        left = len(piece) - len(piece.lstrip())
        if left < len(piece):
            yield start + left, start + len(piece.rstrip())
        start = end


def _boundaries(text: str, breaks: Sequence[int]) -> Iterator[int]:
    """Yield rising offsets that separate sentences; the last is `len(text)`."""
    forced = sorted({offset for offset in breaks if 0 < offset < len(text)} | {_line_end(text, b) for b in breaks})
    waiting = 0  # index of the next forced offset
    line_start = 0
    for match in _TERMINATOR.finditer(text):
        while waiting < len(forced) and forced[waiting] <= match.start():
            yield forced[waiting]
            waiting += 1
        if match.lastgroup == "newline":
            if _line_ends_sentence(text, line_start, match.start()):
                yield match.end()
            line_start = match.end()
        elif match.group()[0] in "。！？；" or _dot_ends_sentence(text, line_start, match):
            yield match.end()
    yield from forced[waiting:]
    yield len(text)


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _line_ends_sentence(text: str, start: int, end: int) -> bool:
    """Say whether the line `text[start:end]`, which a newline follows, is complete."""
    # A slice bounds the work: only the beginning of each line is looked at.
    following = text[end + 1 : end + 25]
    head = text[start : min(end, start + 200)]
    if not following.strip(" \t") or following.lstrip(" \t").startswith("\n") or not head.strip():
        return True
    if _LIST_ITEM.match(following) or " | " in head or head.lstrip().startswith(("#", "|", "```", "~~~")):
        return True
    first = following.lstrip()[:1]
    if first.islower():
        return False
    columns = len(head) + sum(1 for _ in _CJK_CHARACTER.finditer(head))
    return columns not in _WRAPPED_COLUMNS


def _dot_ends_sentence(text: str, line_start: int, match: re.Match[str]) -> bool:
    """Say whether `. ! ?` at `match` ends a sentence rather than an abbreviation, an initial or a list number."""
    following = text[match.end() : match.end() + 12].lstrip()[:1]
    if following.islower():
        return False
    if match.group() != ".":
        return True  # `!`, `?`, an ellipsis, or a dot with its closing quote or bracket
    before = text[max(line_start, match.end() - _LOOK_BACK) : match.end()]
    if match.end() - line_start <= 8 and _LIST_NUMBER.match(text[line_start : match.end()]):
        return False
    if following.isdigit() and _NUMBER_SIGN.search(before):
        return False
    return _ABBREVIATION.search(before) is None


def is_list_item(line: str) -> bool:
    """Say whether a line begins as a list item, a numbered clause, a table row or a Markdown block does."""
    return _LIST_ITEM.match(line) is not None
