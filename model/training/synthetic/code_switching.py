"""Questions half in another language: words exchanged for their translations (CoSDA-ML, arXiv 2006.06402).

The people's questions are in the language of their passage. With a word list made from parallel sentences (IBM Model 1
over words) a part of a question's words is exchanged, so that the same supervision also teaches to match across
languages.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

import jieba

from model.text.language import Language
from model.training.examples import Example
from model.training.vocabulary import align

MIN_ALIGNMENTS = 4.0  # expected alignments of a translation that is used
MIN_SHARE = 0.25  # of a word's alignments that its translation must have
_ENGLISH = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d[\d.,]*|[^\sA-Za-z\d]")
_WORD = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]+")


class Translations:
    """The likeliest translation of single words, English to Chinese and back."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Align the words of parallel sentences, `en` and `zh` of each row (simplified Chinese)."""
        pairs = [(_words(r["en"], "en"), _words(r["zh"], "zh")) for r in rows]
        pairs = [(e, z) for e, z in pairs if e and z]
        self.of: dict[Language, dict[str, str]] = {
            "en": _likeliest(pairs),
            "zh": _likeliest([(z, e) for e, z in pairs]),
        }


def _words(text: str, lang: Language) -> list[str]:
    if lang == "en":
        return [w for w in re.findall(r"[a-z]+", text.lower()) if _WORD.fullmatch(w)]
    return [w for w in jieba.cut(text) if _HAN.fullmatch(w)]


def _likeliest(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> dict[str, str]:
    """Word to translation, where one stands out."""
    ids: tuple[dict[str, int], dict[str, int]] = ({}, {})
    numbered = [
        tuple([known.setdefault(w, len(known)) for w in side] for known, side in zip(ids, pair, strict=True))
        for pair in pairs
    ]
    source, target, expected = align([(a, b) for a, b in numbered])
    words, others = (list(known) for known in ids)
    total: dict[int, float] = {}
    best: dict[int, tuple[float, int]] = {}
    for s, t, n in zip(source.tolist(), target.tolist(), expected.tolist(), strict=True):
        total[s] = total.get(s, 0.0) + n
        if n > best.get(s, (0.0, 0))[0]:
            best[s] = (n, t)
    return {words[s]: others[t] for s, (n, t) in best.items() if n >= MIN_ALIGNMENTS and n >= MIN_SHARE * total[s]}


def switched(examples: Sequence[Example], share: float, translations: Translations, seed: int) -> list[Example]:
    """Answerable examples with a part of the question's words in the other language.

    Args:
        examples: questions in the language of their passage.
        share: how many to make, as a share of the answerable ones; those without a known word are left out.
        translations: the word list.
        seed: chooses questions and words.
    """
    rng = random.Random(seed)
    answerable = [e for e in examples if e.quotes and e.lang in translations.of]
    made = []
    for e in rng.sample(answerable, round(share * len(answerable))):
        question = switch(e.question, "en" if e.lang == "en" else "zh", translations, rng.choice((0.4, 0.7, 1.0)), rng)
        if question is not None:
            made.append(Example(question, e.passage, e.quotes, e.lang, e.source))
    return made


def switch(question: str, lang: Language, translations: Translations, part: float, rng: random.Random) -> str | None:
    """The question with about `part` of its known words exchanged; None if fewer than two are."""
    pieces = _ENGLISH.findall(question) if lang == "en" else list(jieba.cut(question))
    known = translations.of[lang]
    written: list[str] = []
    changed = 0
    for i, piece in enumerate(pieces):
        name = lang == "en" and i > 0 and piece[0].isupper()
        other = None if name else known.get(piece.lower())
        if other is not None and rng.random() < part:
            written.append(other)
            changed += 1
        else:
            written.append(piece)
    return _joined(written) if changed >= 2 else None


def _joined(pieces: Sequence[str]) -> str:
    """Pieces with a space between words in Latin letters and digits only."""
    text = ""
    for piece in pieces:
        if text and text[-1].isascii() and text[-1].isalnum() and piece[0].isascii() and piece[0].isalnum():
            text += " "
        text += piece
    return text
