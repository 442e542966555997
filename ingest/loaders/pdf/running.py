"""Headers and footers: lines that stand at the same height of most pages and would part sentences there."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.loaders.pdf.page import PageLines

_MIN_PAGES = 3
_MOST = 0.4  # of the pages: left and right pages may have lines of their own
_MOST_NUMBERED = 0.6  # of the pages: a line with the page's number
_NO_LARGER = 1.05  # than most of the page is such a line: `Chapter 3` on page 3 is a heading
_MAX_LENGTH = 200  # characters
_MAX_NUMBERS = 6  # of a line: of more, the page's is the first or the last
_NUMBER = re.compile(r"\d{1,6}")

# Where the line stands, whether a number in it is the page's, and a hash of its words: the words would fill memory.
_Key = tuple[int, bool, int]


def repeated_lines(pages: Sequence[PageLines]) -> list[frozenset[int]]:
    """Return for each page which of its lines repeat; the first of each is kept.

    A number in a line may differ if it grows with the pages: it is the page's own. Any other line that differs in a
    figure is another line: it may be a row of a table.
    """
    counts: Counter[_Key] = Counter()
    for number, page in enumerate(pages):
        counts.update(key for line in page.margins for key in _keys(page, line, number))
    least = [max(_MIN_PAGES, share * len(pages)) for share in (_MOST, _MOST_NUMBERED)]
    seen: set[int] = set()
    dropped = []
    for number, page in enumerate(pages):
        again = set()
        for line in page.margins:
            repeating = [key for key in _keys(page, line, number) if _count(counts, key) >= least[key[1]]]
            if any(words in seen for _, _, words in repeating):
                again.add(line)
            seen.update(words for _, _, words in repeating)
        dropped.append(frozenset(again))
    return dropped


def _count(counts: Counter[_Key], key: _Key) -> int:
    """Return how often a line was found at its height, a point higher or a point lower."""
    at, is_numbered, words = key
    return sum(counts[at + by, is_numbered, words] for by in (-1, 0, 1))


def _keys(page: PageLines, line: int, number: int) -> Iterator[_Key]:
    """Yield what would be equal on all pages: the line as it is, and with one of its numbers as the page's."""
    text = " ".join(page.lines[line].split())
    if not text or len(text) > _MAX_LENGTH:
        return
    at = page.margins[line]
    side = 1 if at > 0 else -1
    yield at, False, hash((side, text))
    figures = list(_NUMBER.finditer(text)) if page.sizes[line] <= _NO_LARGER * _usual_size(page) else []
    for match in figures if len(figures) <= _MAX_NUMBERS else (figures[0], figures[-1]):
        since = int(match[0]) - number
        yield at, True, hash((side, text[: match.start()], since, text[match.end() :]))


def _usual_size(page: PageLines) -> float:
    """Return the size in which most of the page's characters are written."""
    characters: Counter[float] = Counter()
    for text, size in zip(page.lines, page.sizes, strict=True):
        characters[size] += len(text)
    return max(characters, key=lambda size: characters[size])
