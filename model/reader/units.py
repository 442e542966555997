"""A number quoted with the unit that was asked for: "几箭？" is answered "七箭", not "七"."""

from __future__ import annotations

import re

from model.reader.word_edges import WordEdges

_ASKED = re.compile("(?:几|幾|多少)([\u4e00-\u9fff]{1,3})")
_NUMERAL = re.compile("[0-9零〇一二三四五六七八九十百千万萬亿億两兩半]")


def end_with_unit(question: str, passage: str, end: int, words: WordEdges) -> int:
    """Where a quote should end that ends at `end`.

    Behind the unit if the quote ends in a numeral, the question asks how many of a unit and the passage goes on with
    it; at `end` otherwise. Both texts in the same script.
    """
    if not 0 < end < len(passage) or not _NUMERAL.match(passage[end - 1]):
        return end
    first = end + 1 if passage[end] == " " else end  # "1 天"
    for asked in _ASKED.findall(question):
        if passage[first : first + 1] != asked[0]:
            continue
        behind = first + 1
        while (
            behind - first < len(asked)
            and passage[behind : behind + 1] == asked[behind - first]
            and words.inside_word(behind)
        ):
            behind += 1
        return end if words.inside_word(behind) else behind
    return end
