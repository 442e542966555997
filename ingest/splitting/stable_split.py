"""Chunks of an edited document that keep the boundaries of its earlier version where its text is the same.

A splitter that fills chunks from the beginning moves every boundary after an edit, up to the next heading at least, and
all those chunks would have to be embedded again. So the chunks behind the edit are taken over from the earlier version
as they were. Where the two meet, a chunk may repeat a part of its neighbour, as overlaps do anyway.
"""

from bisect import bisect_right
from collections.abc import Sequence

from ingest.content_hash import chunk_hash
from ingest.documents import Chunk, LoadedDocument

_TRIED = 3  # chunks behind the edit at which the two may meet: the one with the least repetition is taken
_MAX_MORE = 1.1  # times as many chunks as a fresh split has, plus one: repeated edits must not crumble a document


def keep_boundaries(
    old_text: str, old: Sequence[Chunk], document: LoadedDocument, fresh: Sequence[Chunk]
) -> Sequence[Chunk]:
    """Return the chunks of `document`, of which those are new that the edit concerns.

    Args:
        old_text: the text of the earlier version.
        old: its chunks, in order.
        document: the present version.
        fresh: the chunks that the splitter makes of it; they are returned where nothing is gained.
    """
    new_text = document.text
    prefix = _common_prefix(old_text, new_text)
    suffix = min(_common_suffix(old_text, new_text), min(len(old_text), len(new_text)) - prefix)
    moved_by = len(new_text) - len(old_text)
    behind = [n for n, chunk in enumerate(old) if chunk.start >= len(old_text) - suffix][:_TRIED]
    if not behind or not fresh:
        return fresh
    best = min(behind, key=lambda n: _repeated(fresh, old[n].start + moved_by))
    border = old[best].start + moved_by
    taken = [_moved(chunk, moved_by, document, fresh) for chunk in old[best:]]
    joined = [*(chunk for chunk in fresh if chunk.start < border), *taken]
    known = {_hash(chunk) for chunk in old}
    saves = sum(_hash(c) not in known for c in joined) < sum(_hash(c) not in known for c in fresh)
    return joined if saves and len(joined) <= len(fresh) * _MAX_MORE + 1 else fresh


def _moved(chunk: Chunk, by: int, document: LoadedDocument, fresh: Sequence[Chunk]) -> Chunk:
    """Return an old chunk at its new place, with the page and the headings that it has there."""
    start, end = chunk.start + by, chunk.end + by
    starts = [page.start for page in document.pages]
    page = document.pages[max(0, bisect_right(starts, start) - 1)].number if starts else None
    there = [c for c in _around(fresh, start, end) if c.start < end and c.end > start]
    headings = chunk.heading_path
    if there and all(c.heading_path != headings for c in there):
        headings = max(there, key=lambda c: min(c.end, end) - max(c.start, start)).heading_path
    return Chunk(chunk.text, start, end, page, headings)


def _around(chunks: Sequence[Chunk], start: int, end: int) -> Sequence[Chunk]:
    """Return the chunks that may touch a span; they are in order."""
    first = bisect_right(chunks, start, key=lambda c: c.end)
    last = bisect_right(chunks, end, key=lambda c: c.start)
    return chunks[max(0, first - 1) : last]


def _repeated(fresh: Sequence[Chunk], border: int) -> int:
    """Return how many characters behind `border` the last chunk before it holds."""
    n = bisect_right(fresh, border - 1, key=lambda c: c.start)
    return max(0, fresh[n - 1].end - border) if n else 0


def _common_prefix(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _hash(chunk: Chunk) -> bytes:
    return chunk_hash(chunk.heading_path, chunk.text)
