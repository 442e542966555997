"""What a person's rewriting of a follow-up adds, and where the conversation says it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from model.training.words import Word

_MOST_QUOTES = 2
_LEAST_SHARE = 0.5      # of the letters added at one place
_WORD = re.compile(r"['’]s\b|[\u3400-\u9fff]|[^\W\u3400-\u9fff]+(?:(?:[-./&]|['’](?!s\b))[^\W\u3400-\u9fff]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")


def _words(text: str) -> list[Word]:
    return [Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]


def added_words(question: str, rewriting: str, passage: str) -> tuple[tuple[int, int], ...]:
    """Spans of a passage that hold what a rewriting adds to a question, in the order in which it adds them.

    Of each stretch of added words, the longest that stands in the passage, ignoring case; of several places the last,
    with the capitalised words beside it (a name in full). At most two, the longest.

    Args:
        question: as it was asked.
        rewriting: a question that stands alone.
        passage: the conversation.
    """
    asked, whole, said = _words(question), _words(rewriting), _words(passage)
    matcher = difflib.SequenceMatcher(None, [w.lower for w in asked], [w.lower for w in whole], autojunk=False)
    found: list[tuple[int, int, int]] = []
    for kind, _, _, first, last in matcher.get_opcodes():
        if kind in ("insert", "replace"):
            span = _longest(whole[first:last], said)
            if span is not None and _share(whole[first:last], said[span[0]:span[1]]) >= _LEAST_SHARE:
                start, end = _in_full(said, passage, *span)
                found.append((first, said[start].start, said[end - 1].end))
    distinct = {(a, b): order for order, a, b in reversed(found)}
    longest = sorted(distinct, key=lambda s: s[0] - s[1])
    kept: list[tuple[int, int]] = []
    for a, b in longest:
        if len(kept) < _MOST_QUOTES and all(b <= c or a >= d for c, d in kept):
            kept.append((a, b))
    return tuple(sorted(kept, key=lambda s: distinct[s]))


def _longest(added: Sequence[Word], said: Sequence[Word]) -> tuple[int, int] | None:
    """Indices [first, last) of the longest run of added words in what was said, the last of equals."""
    best: tuple[int, int, int] | None = None
    for i in range(len(added)):
        for j in range(len(said)):
            n = 0
            while i + n < len(added) and j + n < len(said) and added[i + n].lower == said[j + n].lower and (
                n == 0 or not _breaks(said[j + n - 1], said[j + n])
            ):
                n += 1
            first, last = j, j + n
            while first < last and not said[first].telling:
                first += 1
            while last > first and not said[last - 1].telling:
                last -= 1
            size = sum(len(w.text) for w in said[first:last] if w.telling)
            if size >= 2 and (best is None or (size, first) >= (best[0], best[1])):
                best = size, first, last
    return best and (best[1], best[2])


def _share(added: Sequence[Word], quoted: Sequence[Word]) -> float:
    """How much of what was added a quote holds, in letters."""
    return sum(len(w.text) for w in quoted if w.telling) / sum(len(w.text) for w in added if w.telling)


def _breaks(a: Word, b: Word) -> bool:
    """Whether a message or a sentence may have ended between two words."""
    return b.start - a.end > 2


def _in_full(said: Sequence[Word], passage: str, first: int, last: int) -> tuple[int, int]:
    """With the capitalised words right before and behind a capitalised one."""
    while first > 0 and said[first].capitalised and said[first - 1].capitalised and (
        passage[said[first - 1].end:said[first].start] == " "
    ):
        first -= 1
    while last < len(said) and said[last - 1].capitalised and said[last].capitalised and (
        passage[said[last - 1].end:said[last].start] == " "
    ):
        last += 1
    return first, last


def is_same(question: str, rewriting: str) -> bool:
    """Whether a rewriting changes nothing but marks and capitals."""
    return [w.lower for w in _words(question)] == [w.lower for w in _words(rewriting)]
