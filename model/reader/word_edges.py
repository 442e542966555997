"""Quotes that begin and end between words: which places of a text lie inside one.

The network points at tokens, and a Chinese token is a character, an English one part of a word. Where it is unsure of
the last token, the likeliest quote may stop within a word ("国家科委统" of "统一", "安全团" of "安全团队").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

Segment = Callable[[str], Iterable[str]]  # Chinese text to its words, which joined give the text

CUT = 0.5  # what a quote counts for each of its two edges that lies inside a word
_LETTER = re.compile(r"[A-Za-z0-9_]")


class WordEdges:
    """The places of one text between its words."""

    def __init__(self, text: str, segment: Segment | None) -> None:
        """Wrap a text; without `segment`, every place between two Chinese characters is one between words."""
        self.text, self._segment = text, segment
        self._between: set[int] | None = None

    def inside_word(self, at: int) -> bool:
        """Whether the place before character `at` lies inside a word, a number or an identifier."""
        text = self.text
        if not 0 < at < len(text):
            return False
        before, after = text[at - 1], text[at]
        if _LETTER.match(before) and _LETTER.match(after):
            return True
        if _han(before) and _han(after):
            return self._segment is not None and at not in self._places(self._segment)
        if after in ".,":
            return before.isdigit() and text[at + 1 : at + 2].isdigit()
        return before in ".," and after.isdigit() and text[at - 2 : at - 1].isdigit()

    def _places(self, segment: Segment) -> set[int]:
        if self._between is None:
            self._between = set(accumulate(map(len, segment(self.text))))
        return self._between


def _han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def best_uncut(worth: Sequence[float], edges: Sequence[tuple[int, int]], words: WordEdges) -> int:
    """Index of the candidate that is worth most when each edge inside a word multiplies its worth by `CUT`.

    Args:
        worth: of each candidate, 0 or more.
        edges: first character of each and the one behind its last.
        words: of the text that they stand in.
    """
    best, most = 0, -1.0
    for i in sorted(range(len(worth)), key=lambda i: -worth[i]):
        if worth[i] <= most:
            break
        left, right = edges[i]
        value = worth[i] * CUT ** (words.inside_word(left) + words.inside_word(right))
        if value > most:
            best, most = i, value
    return best
