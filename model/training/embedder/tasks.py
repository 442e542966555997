"""What one step of the embedder's training reads: a batch of one task, drawn by the step's own random numbers."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model.convert.sentence_transformers_folder import EncoderVocabulary
from model.json_lines import read_lines
from model.training.embedder.recipe import EmbedderRecipe, Task
from model.training.embedder.retrieval_pairs import (
    Asked,
    Drawn,
    Passage,
    asked_of_text,
    documents,
    draw_from_document,
    draw_from_question,
    questions,
    units,
)
from model.training.examples import HeldOutText, held_out

# Tokens at which a batch's passages are cut, and how often: mostly short, because a step should hold many pairs.
_CUTS = ((96, 0.35), (144, 0.3), (208, 0.2), (304, 0.15))
_PER_DOCUMENT = 3  # passages of one document in a batch: the hardest wrong passages there are
_SENTENCE_TOKENS = 80  # of a translated sentence


@dataclass(frozen=True, slots=True)
class ParallelBatch:
    """English sentences, their translations, both as the student reads them, and the English text for the teacher."""

    english: list[list[int]]
    chinese: list[list[int]]
    texts: list[str]


@dataclass(frozen=True, slots=True)
class RetentionBatch:
    """English texts whose vectors must stay the teacher's."""

    english: list[list[int]]
    texts: list[str]


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Queries, the passage of each and further wrong passages.

    `keys` and `documents` are hashes that are equal for one passage and for passages of one document; `titled` says
    which queries belong to a whole document.
    """

    lang: str
    queries: list[list[int]]
    passages: list[list[int]]
    negatives: list[list[int]]
    keys: list[int]
    documents: list[int]
    titled: list[bool]


Batch = ParallelBatch | RetentionBatch | PairBatch


class Source(Protocol):
    """The data of one task."""

    def batch(self, rng: random.Random, tokens: int) -> Batch:
        """A batch of about so many tokens."""


class ParallelSource:
    """Sentences and their translations."""

    def __init__(self, rows: Sequence[tuple[str, str]], vocabulary: EncoderVocabulary) -> None:
        self._rows, self._vocabulary = rows, vocabulary

    def batch(self, rng: random.Random, tokens: int) -> ParallelBatch:
        """Pairs at random."""
        chosen, size = [], 0.0
        while size < tokens:
            row = rng.choice(self._rows)
            chosen.append(row)
            size += sum(min(_SENTENCE_TOKENS, 3 + units(side)) for side in row)
        english = [e for e, _ in chosen]
        return ParallelBatch(
            self._vocabulary.encode(english, _SENTENCE_TOKENS),
            self._vocabulary.encode([z for _, z in chosen], _SENTENCE_TOKENS),
            english,
        )


class RetentionSource:
    """English texts."""

    def __init__(self, texts: Sequence[str], vocabulary: EncoderVocabulary) -> None:
        self._texts, self._vocabulary = texts, vocabulary

    def batch(self, rng: random.Random, tokens: int) -> RetentionBatch:
        """Texts at random, cut at one length."""
        longest = _cut(rng)
        chosen, size = [], 0.0
        while size < tokens:
            text = rng.choice(self._texts)[: longest * 5]
            chosen.append(text)
            size += min(longest, 3 + units(text))
        return RetentionBatch(self._vocabulary.encode(chosen, longest), chosen)


class PairSource:
    """Whatever draws pairs of a query and a passage."""

    def __init__(
        self,
        draw: Callable[[random.Random, float], list[Drawn]],
        lang: str,
        vocabulary: EncoderVocabulary,
    ) -> None:
        self._draw, self._lang, self._vocabulary = draw, lang, vocabulary

    def batch(self, rng: random.Random, tokens: int) -> PairBatch:
        """Pairs at random, passages cut at one length."""
        longest = _cut(rng)
        chosen: list[Drawn] = []
        size = 0.0
        while size < tokens:
            for pair in self._draw(rng, longest):
                chosen.append(pair)
                texts = [pair.query, pair.passage, *([pair.negative] if pair.negative else [])]
                size += sum(min(longest, 3 + units(t)) for t in texts)
        encode = self._vocabulary.encode
        return PairBatch(
            self._lang,
            encode([c.query for c in chosen], 96),
            encode([c.passage for c in chosen], longest),
            encode([c.negative for c in chosen if c.negative], longest),
            [zlib.crc32(c.key.encode()) for c in chosen],
            [zlib.crc32(c.document.encode()) for c in chosen],
            [c.titled for c in chosen],
        )


def _cut(rng: random.Random) -> int:
    return rng.choices([c for c, _ in _CUTS], [p for _, p in _CUTS])[0]


def build_sources(
    recipe: EmbedderRecipe, data: Path, vocabulary: EncoderVocabulary, say: Callable[[str], None]
) -> list[Source]:
    """The data of every task, in the recipe's order."""
    paths = [data / name for name in recipe.held_out]
    exclude, held = held_out(paths), HeldOutText(paths)
    return [_source(task, recipe, data, (exclude, held), vocabulary, say) for task in recipe.tasks]


def _source(
    task: Task,
    recipe: EmbedderRecipe,
    data: Path,
    kept_out: tuple[set[str], HeldOutText],
    vocabulary: EncoderVocabulary,
    say: Callable[[str], None],
) -> Source:
    exclude, held = kept_out
    path = data / task.file
    if task.kind == "parallel":
        rows = [(r["en"], r["zh"]) for r in read_lines(path)][: task.count]
        say(f"{task.file}: {len(rows)} sentence pairs")
        return ParallelSource(rows, vocabulary)
    if task.kind == "retention":
        texts = _english_texts(path, task.count, held, recipe.seed)
        say(f"{task.file}: {len(texts)} texts to keep")
        return RetentionSource(texts, vocabulary)
    if task.kind == "questions":
        asked = questions(path, exclude, recipe.calibration_share, task.negatives, task.lang)
        say(f"{task.file}: {len(asked)} questions")
        return PairSource(
            lambda rng, longest: [draw_from_question(rng.choice(asked), rng, longest)], task.lang, vocabulary
        )
    if task.kind == "cloze":
        made = asked_of_text(path, task.count, task.negatives, held, recipe.seed)
        say(f"{task.file}: {len(made)} questions made of its sentences")
        return PairSource(
            lambda rng, longest: [draw_from_question(rng.choice(made), rng, longest)], task.lang, vocabulary
        )
    found = documents(path, task.count, held, recipe.seed)
    say(f"{task.file}: {sum(map(len, found))} passages of {len(found)} documents")
    return PairSource(lambda rng, _: _from_one_document(rng.choice(found), rng), task.lang, vocabulary)


def _from_one_document(passages: Sequence[Passage], rng: random.Random) -> list[Drawn]:
    few = rng.sample(passages, min(_PER_DOCUMENT, len(passages)))
    return [d for d in (draw_from_document(p, rng) for p in few) if d is not None]


def _english_texts(path: Path, count: int, held: HeldOutText, seed: int) -> list[str]:
    """Questions and passages of a question-answering file, or passages of a text file."""
    first = next(iter(read_lines(path)))
    if "text" in first:
        return [p.text for group in documents(path, count, held, seed) for p in group]
    asked: list[Asked] = questions(path, set(), 0.0, 0)
    return list(dict.fromkeys(t for a in asked for t in (a.question, a.passage.text) if not held.overlaps(t)))[:count]
