"""Cut a document into chunks at sentence ends, with a measure of size that is fair to English and Chinese.

Size is counted in units: a CJK character is 1 unit, any other character a quarter, which is about how much of an
embedding model's window each takes. A chunk grows sentence by sentence to `chunk_units`; the next one repeats the
last sentences (`overlap_units`), so that a fact on the border is whole somewhere. A heading opens a new chunk unless
what stands before it is tiny, and is never the last line of one. What the loader calls an atomic span (a row of a
table, a line of code) is one sentence, if it fits into a chunk. The whole is linear in the length of the text.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Chunk, LoadedDocument
from ingest.splitting.sections import section_paths
from model.text.sentences import sentence_spans

_CJK_QUARTERS = 4
_BLOCK = 1 << 18  # characters whose sizes are looked at together
_BREAKS_OF_LONG_SENTENCES = ("，、；：", ",;:", None)  # None stands for white space; characters come last


@dataclass(frozen=True, slots=True)
class SplitterSettings:
    """Sizes in units (1 CJK character = 1 unit, any other character = 0.25)."""

    chunk_units: int = 200  # a chunk grows to this; about 800 English or 200 Chinese characters
    overlap_units: int = 40  # of the chunk before, repeated in whole sentences
    tiny_units: int = 50  # what is smaller than this is merged with what follows
    max_units: int = 300  # a merge never makes a chunk larger than this

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that cannot be met together."""
        if self.chunk_units < 8:
            raise ValueError(f"chunk_units is {self.chunk_units}; it must be at least 8")
        if not 0 <= self.overlap_units <= self.chunk_units // 2:
            raise ValueError(f"overlap_units is {self.overlap_units}; it must be 0 to half of chunk_units")
        if not 0 <= self.tiny_units <= self.chunk_units:
            raise ValueError(f"tiny_units is {self.tiny_units}; it must be 0 to chunk_units")
        if self.max_units < self.chunk_units:
            raise ValueError(f"max_units is {self.max_units}; it must be at least chunk_units")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A span that is never cut. `left` and `right` are the sizes, in quarter units, of the text before either end."""

    start: int
    end: int
    left: int
    right: int
    section: int  # 0 before the first heading
    is_heading: bool


@dataclass(slots=True)
class _Draft:
    """The chunk that is being grown: sentences repeated from the chunk before, then its own."""

    overlap: list[_Sentence] = field(default_factory=list)
    own: list[_Sentence] = field(default_factory=list)

    def size_with(self, sentence: _Sentence) -> int:
        """Return the quarter units of the whole chunk if it ended with `sentence`."""
        return sentence.right - (self.overlap or self.own or [sentence])[0].left

    @property
    def own_size(self) -> int:
        return self.own[-1].right - self.own[0].left if self.own else 0

    @property
    def only_headings(self) -> bool:
        return all(s.is_heading for s in self.own)


def split(document: LoadedDocument, settings: SplitterSettings = SplitterSettings()) -> list[Chunk]:
    """Return the chunks of `document` in order.

    Each chunk is a slice of the text without white space at either side, and every character that is not white space
    is in at least one chunk.
    """
    paths = section_paths(document.headings)
    sentences = _sentences(document, settings)
    page_starts = [page.start for page in document.pages]
    chunks: list[Chunk] = []
    for draft in _merge_tails(_pack(sentences, settings), settings):
        start, end = (draft.overlap or draft.own)[0].start, draft.own[-1].end
        page = document.pages[max(0, bisect_right(page_starts, start) - 1)].number if page_starts else None
        chunks.append(Chunk(document.text[start:end], start, end, page, paths[_main_section(draft)]))
    return chunks


def _quarters_before(text: str) -> NDArray[np.int32]:
    """Return, for each offset 0..len(text), the size in quarter units of the text before it."""
    before = np.zeros(len(text) + 1, dtype=np.int32)  # enough for 500 million characters
    for start in range(0, len(text), _BLOCK):  # what is needed on the way takes ten times as much memory
        points = np.frombuffer(text[start : start + _BLOCK].encode("utf-32-le", "surrogatepass"), dtype="<u4")
        cjk = (points >= 0x2E80) & ((points <= 0x9FFF) | ((points >= 0xAC00) & (points <= 0xD7AF)))
        cjk |= ((points >= 0xF900) & (points <= 0xFAFF)) | ((points >= 0xFF00) & (points <= 0xFFEF))
        cjk |= (points >= 0x1F000) & (points <= 0x3FFFF)  # emoji too cost an embedder about a token each
        sizes = np.where(cjk, np.int32(_CJK_QUARTERS), np.int32(1))
        sizes[0] += before[start]
        np.cumsum(sizes, out=before[start + 1 : start + 1 + len(points)])
    return before


def _sentences(document: LoadedDocument, settings: SplitterSettings) -> Iterator[_Sentence]:
    """Yield spans of at most `chunk_units`, in order."""
    before = _quarters_before(document.text)
    heading_starts = [heading.start for heading in document.headings]
    limit = settings.chunk_units * _CJK_QUARTERS
    last_section = 0
    for start, end in _unbroken(document, before, limit):
        section = bisect_right(heading_starts, start)
        for left, right in _cut_long(document.text, start, end, before, limit):
            is_heading = section != last_section  # the first line of a section is its heading
            yield _Sentence(left, right, int(before[left]), int(before[right]), section, is_heading)
            last_section = section


def _unbroken(document: LoadedDocument, before: NDArray[np.int32], limit: int) -> Iterator[tuple[int, int]]:
    """Yield the sentences, those of one atomic span joined unless the span is larger than `limit` quarter units."""
    heading_starts = [heading.start for heading in document.headings]
    breaks = sorted({*heading_starts, *(start for start, _ in document.atomic_spans)})
    atoms = iter(document.atomic_spans)
    atom = next(atoms, None)
    inside: list[tuple[int, int]] = []  # sentences of the present atomic span
    for start, end in sentence_spans(document.text, breaks):
        if inside and atom is not None and start >= atom[1]:
            yield from _joined(inside, before, limit)
            inside = []
        while atom is not None and start >= atom[1]:
            atom = next(atoms, None)
        if atom is not None and start >= atom[0]:
            inside.append((start, end))
        else:
            yield start, end
    yield from _joined(inside, before, limit)


def _joined(sentences: list[tuple[int, int]], before: NDArray[np.int32], limit: int) -> Iterator[tuple[int, int]]:
    if sentences and before[sentences[-1][1]] - before[sentences[0][0]] <= limit:
        yield sentences[0][0], sentences[-1][1]
    else:
        yield from sentences


def _cut_long(text: str, start: int, end: int, before: NDArray[np.int32], limit: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of one sentence, each at most `limit` quarter units and without white space around it."""
    while before[end] - before[start] > limit:
        furthest = int(np.searchsorted(before, before[start] + limit, side="right")) - 1
        cut = _best_cut(text, start, furthest)
        yield start, start + len(text[start:cut].rstrip())
        start = cut
        while text[start].isspace():
            start += 1
    yield start, end


def _best_cut(text: str, start: int, furthest: int) -> int:
    """Return where to end a piece that starts at `start`: after a comma, else at white space, else anywhere.

    Only the second half of the window is searched, so that pieces stay of a useful size.
    """
    window = text[start:furthest]
    for marks in _BREAKS_OF_LONG_SENTENCES:
        for index in range(len(window) - 1, len(window) // 2, -1):
            character = window[index]
            if character.isspace() if marks is None else character in marks:
                return start + index + 1
    cut = furthest
    while cut > start + len(window) // 2 and _joins_left(text, cut):
        cut -= 1
    return cut if not _joins_left(text, cut) else furthest


def _joins_left(text: str, index: int) -> bool:
    """Say whether the character at `index` belongs to the one before (an accent, a skin tone, a joined emoji)."""
    character = text[index]
    return (
        unicodedata.combining(character) != 0
        or character in "\u200d\ufe0e\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or text[index - 1] == "\u200d"
    )


def _pack(sentences: Iterator[_Sentence], settings: SplitterSettings) -> Iterator[_Draft]:
    """Grow drafts of chunks from sentences."""
    draft = _Draft()
    for sentence in sentences:
        while draft.own and _is_full(draft, sentence, settings):
            finished, draft = _close(draft, sentence, settings)
            yield finished
        draft.own.append(sentence)
    if draft.own:
        yield draft


def _is_full(draft: _Draft, following: _Sentence, settings: SplitterSettings) -> bool:
    """Say whether the chunk must end before `following`."""
    tiny = draft.own_size < settings.tiny_units * _CJK_QUARTERS
    if following.is_heading and not tiny and not draft.own[-1].is_heading:
        return True
    waits = tiny or draft.only_headings
    limit = settings.max_units if waits else settings.chunk_units
    return draft.size_with(following) > limit * _CJK_QUARTERS


def _close(draft: _Draft, following: _Sentence, settings: SplitterSettings) -> tuple[_Draft, _Draft]:
    """End `draft` before `following`; return it and the next draft, which holds the headings or the overlap."""
    if draft.only_headings:
        return draft, _Draft()
    headings: list[_Sentence] = []
    while draft.own[-1].is_heading:
        headings.insert(0, draft.own.pop())
    if headings or following.is_heading:
        return draft, _Draft(own=headings)
    return draft, _Draft(overlap=_overlap(draft, following, settings))


def _overlap(draft: _Draft, following: _Sentence, settings: SplitterSettings) -> list[_Sentence]:
    """Return the last sentences of `draft` that the next chunk repeats, fewer than all of them."""
    repeated: list[_Sentence] = []
    for sentence in reversed(draft.own[1:]):
        # One sentence may be twice the budget: half a sentence would help no reader.
        budget = settings.overlap_units * (1 if repeated else 2) * _CJK_QUARTERS
        room = following.right - sentence.left <= settings.chunk_units * _CJK_QUARTERS
        if sentence.is_heading or draft.own[-1].right - sentence.left > budget or not room:
            break
        repeated.insert(0, sentence)
    return repeated


def _merge_tails(drafts: Iterator[_Draft], settings: SplitterSettings) -> Iterator[_Draft]:
    """Join a tiny last piece of a section to the chunk before it, where the two together are not too large."""
    tiny = settings.tiny_units * _CJK_QUARTERS
    maximum = settings.max_units * _CJK_QUARTERS
    held: _Draft | None = None
    for draft in drafts:
        if held is not None:
            same_section = held.own[-1].section == draft.own[0].section == draft.own[-1].section
            fits = held.size_with(draft.own[-1]) <= maximum
            if draft.own_size < tiny and same_section and fits:
                held.own.extend(draft.own)
                continue
            yield held
        held = draft
    if held is not None:
        yield held


def _main_section(draft: _Draft) -> int:
    """Return the section that gives most of the chunk's own text; of equals the last, which is the innermost."""
    sizes: dict[int, int] = {}
    for sentence in draft.own:
        size = 0 if sentence.is_heading else sentence.right - sentence.left
        sizes[sentence.section] = sizes.get(sentence.section, 0) + size
    return max(sizes, key=lambda section: (sizes[section], section))
