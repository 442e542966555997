"""A message as the character n-grams of its words: what the classifier of messages looks at."""

from __future__ import annotations

import re

from model.text.han import simplified

MAX_NGRAM = 4
_SPACES = re.compile(r"\s+")


def ngrams_of(text: str) -> frozenset[str]:
    """All runs of one to four characters within words, a word being between spaces and with one on either side."""
    found: set[str] = set()
    for word in _SPACES.split(simplified(text.casefold().strip())):
        padded = f" {word} "
        for size in range(1, MAX_NGRAM + 1):
            found.update(padded[i : i + size] for i in range(len(padded) - size + 1))
    found.discard(" ")
    return frozenset(found)
