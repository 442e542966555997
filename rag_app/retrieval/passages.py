"""From ranked chunks to passages: the same words are read once, neighbours in one piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.documents import StoredChunk

_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A piece of one document: `stored_text[start:end] == text`.

    Attributes:
        best: the chunk in it that ranked highest.
        chunks: all chunks in it, in the order of the text.
        score: of the best.
    """

    text: str
    start: int
    end: int
    best: StoredChunk
    chunks: tuple[StoredChunk, ...]
    score: float


def passages_of(
    hits: Sequence[tuple[StoredChunk, float]],
    most: int,
    *,
    longest: int,
    between: Callable[[str, int, int], str],
) -> list[RankedPassage]:
    """The first `most` passages of a ranking.

    A chunk whose words all stand, in this order, in a passage that ranked higher is left out: a copy, or a copy with
    other punctuation. One that says nearly the same is kept, because what differs may be what is asked for: an old and
    a new handbook that disagree about one number. Chunks that overlap or touch in one section become one passage.

    Args:
        hits: chunks with their scores, best first.
        most: how many passages.
        longest: characters of a passage made of several chunks.
        between: `(document_id, start, end)` to the stored text; asked for the white space between chunks.
    """
    groups: list[list[tuple[StoredChunk, float]]] = []
    read: list[str] = []
    for chunk, score in hits:
        words = wording(chunk.text)
        if any(words in other for other in read):
            continue
        home = next((g for g in groups if _joins(g, chunk, longest, between)), None)
        if home is None and len(groups) == most:
            break
        read.append(words)
        if home is None:
            groups.append([(chunk, score)])
        else:
            home.append((chunk, score))
    return [_passage(group, between) for group in groups]


def wording(text: str) -> str:
    """The letters and digits of a text, each word between spaces, in lower case and half width."""
    folded = _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return f" {folded} "


def _joins(
    group: Sequence[tuple[StoredChunk, float]],
    chunk: StoredChunk,
    longest: int,
    between: Callable[[str, int, int], str],
) -> bool:
    """Whether a chunk continues a passage at either end, in its section, and the whole is not too long."""
    best = group[0][0]
    if (best.document_id, best.heading_path) != (chunk.document_id, chunk.heading_path):
        return False
    start, end = min(c.start for c, _ in group), max(c.end for c, _ in group)
    if max(end, chunk.end) - min(start, chunk.start) > longest:
        return False
    low, high = (end, chunk.start) if chunk.start >= start else (chunk.end, start)
    return high <= low or not between(chunk.document_id, low, high).strip()


def _passage(group: Sequence[tuple[StoredChunk, float]], between: Callable[[str, int, int], str]) -> RankedPassage:
    best, score = group[0]
    chunks = sorted((c for c, _ in group), key=lambda c: (c.start, c.end))
    text, end = chunks[0].text, chunks[0].end
    for chunk in chunks[1:]:
        if chunk.start > end:
            text += between(chunk.document_id, end, chunk.start)
            end = chunk.start
        if chunk.end > end:
            text += chunk.text[end - chunk.start :]
            end = chunk.end
    return RankedPassage(text, chunks[0].start, end, best, tuple(chunks), score)
