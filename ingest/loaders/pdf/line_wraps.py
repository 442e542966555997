"""Undo the line ends that a page's width put into the middle of sentences."""

import re
from collections.abc import Sequence

from model.text.sentences import is_list_item

# Where a line ended with a hyphen, PDFium puts U+FFFE (in a page's text) or U+0002 (in a character's).
HYPHEN_AT_END = re.compile("[\ufffe\x02]\n")
_LAYOUT_HYPHEN = re.compile(r"(?P<left>[\w-]*)[\ufffe\x02](?P<right>\w?)")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3001-\u3003\u3008-\u3011]")
_ENDS_SENTENCE = re.compile("[.!?。！？；：:…][\"'”’」』）)】》\\]]*$")
_NEAR_TYPICAL = 0.7  # of the typical width: a shorter line ended because its author ended it


def rejoin_lines(page: str) -> str:
    """Return the page with wrapped lines joined: Latin by a space, CJK by nothing.

    A line is joined to the next if it ends without sentence punctuation, is about as wide as the page's lines
    typically are, and the next begins in lower case or CJK and is no list item. In doubt a line end stays.
    """
    lines = [line.rstrip() for line in page.split("\n")]
    typical = _typical_width(lines)
    if not typical:
        return ""
    joined = [lines[0]]
    last = lines[0]  # the physical line before: what was joined already says nothing of the page's width
    for line in lines[1:]:
        if _continues(last, line, typical):
            first = line.lstrip()
            joined[-1] += first if _CJK.match(first) or _CJK.match(last[-1]) else " " + first
        else:
            joined.append(line)
        last = line
    return "\n".join(joined)


def mend_hyphens(text: str) -> str:
    """Return the text with the words whole that the layout hyphenated."""
    return _LAYOUT_HYPHEN.sub(_mend_hyphen, text)


def _mend_hyphen(match: re.Match[str]) -> str:
    """Join `inter-` + `national`; keep the hyphen of `state-of-` + `the` and before a capital or a figure."""
    left, right = match["left"], match["right"]
    layout_only = right.islower() and "-" not in left
    return left + ("" if layout_only else "-") + right


def overleaf(page: Sequence[str], following: str) -> str | None:
    """Return what joins a page's lines to the first line of the next, or None where no sentence runs over the end."""
    if not page or not _continues(page[-1].rstrip(), following, _typical_width(page)):
        return None
    return "" if _CJK.match(following.lstrip()) or _CJK.match(page[-1].rstrip()[-1]) else " "


def _typical_width(lines: Sequence[str]) -> int:
    widths = sorted(columns_of(line) for line in lines if line)
    return widths[(len(widths) * 3) // 4] if widths else 0


def _continues(line: str, following: str, typical: int) -> bool:
    start = following.lstrip()[:1]
    return bool(
        line
        and start
        and (start.islower() or _CJK.match(start))
        and not _ENDS_SENTENCE.search(line[-4:])
        and columns_of(line) >= _NEAR_TYPICAL * typical
        and not is_list_item(following)
    )


def columns_of(line: str) -> int:
    """Return the width in half-width columns: a CJK character takes two."""
    return len(line) + sum(1 for _ in _CJK.finditer(line))
