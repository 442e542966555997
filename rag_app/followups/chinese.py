"""Chinese words of a question with their parts of speech (jieba)."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest.keywords import segmenter

_FREQUENT = 300     # occurrences (`Word.frequency`) from which a word says nothing specific
_PIECE = re.compile(
    r"《[^》]+》|「[^」]+」|“[^”]+”|`[^`]+`|[A-Za-z0-9.][\w.#+:/@-]*(?: [A-Za-z][\w.#+:/@-]*)*", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place; `flag` is jieba's part of speech, `name` for titles, Latin words and numbers with them."""

    text: str
    flag: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def noun(self) -> bool:
        """A noun, a name or a verb used as a noun."""
        return self.flag[0] in "n" or self.flag in {"name", "vn", "an", "eng", "j", "l", "i", "s", "b", "t", "nz", "ng"}

    @property
    def rare(self) -> bool:
        """Whether it says something specific: a name, or a word that is seldom used."""
        if self.flag == "name":
            return True
        return self.noun and len(self.text) > 1 and self.frequency < _FREQUENT

    @property
    def frequency(self) -> int:
        """Occurrences in jieba's dictionary (of 60 million words), 0 for a word that it does not know."""
        return int(segmenter().FREQ.get(self.text) or 0)

    @property
    def verb(self) -> bool:
        """A verb or an adjective."""
        return self.flag[0] in "va" and self.flag not in {"vn", "an"}


_loading = threading.Lock()


def words(text: str) -> list[Word]:
    """Words of a Chinese text; book titles, quoted words and runs of Latin letters are one word each."""
    found: list[Word] = []
    position = 0
    for piece in _PIECE.finditer(text):
        found += _tagged(text[position:piece.start()], position)
        found.append(Word(piece.group(), "m" if piece.group().isdigit() else "name", piece.start()))
        position = piece.end()
    return found + _tagged(text[position:], position)


def _tagged(text: str, offset: int) -> list[Word]:
    if not _HAN.search(text):
        return [Word(c, "x", offset + i) for i, c in enumerate(text) if not c.isspace()]
    found: list[Word] = []
    with _loading:
        tagger = _tagger()
    for pair in tagger.cut(text):
        if pair.word.strip():
            found.append(Word(pair.word, pair.flag or "x", offset))
        offset += len(pair.word)
    return found


@cache
def _tagger() -> Any:
    """Load the table of parts of speech once (about half a second, 60 MB)."""
    from jieba import posseg

    return posseg.POSTokenizer(segmenter())
