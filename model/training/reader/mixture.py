"""From examples to batches: token spans, windows, negatives, several-part questions, buckets without padding.

A batch holds prompts of exactly one length: each passage is cropped (never through its answer) to the nearest bucket
below. So there is no padding, attention needs no mask, and `torch.compile` sees a dozen shapes.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.reader.prompt import PASSAGE, opening, special_of
from model.tokenizer import TextTokenizer
from model.training.examples import Example
from model.training.synthetic.similar_passages import SimilarPassages

BUCKETS = (48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320, 384)
MAX_QUOTES = 3  # taught quotes per answer
NO_QUOTE = -1


@dataclass(frozen=True, slots=True)
class Tokenized:
    """An example as token ids; `quotes` are inclusive (first, last) passage token indices.

    `opening` and `segments` are all that stands before the passage (model/reader/prompt.py).
    """

    opening: NDArray[np.int32]
    segments: NDArray[np.int8]
    passage: NDArray[np.int32]
    quotes: tuple[tuple[int, int], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Batch:
    """B prompts of L tokens. `quotes` (B, MAX_QUOTES, 2) are prompt token indices, `NO_QUOTE` where there is none."""

    ids: Tensor
    segments: Tensor
    allowed: Tensor
    quotes: Tensor


def tokenize(examples: Sequence[Example], tokenizer: TextTokenizer) -> list[Tokenized]:
    """Token ids and token spans of every example."""
    special = special_of(tokenizer)
    passages = tokenizer.encode_batch([e.passage for e in examples])
    found = []
    for example, p in zip(examples, passages, strict=True):
        spans = [token_span(p.offsets, s, e) for s, e in example.quotes]
        if len(p) == 0 or None in spans:
            continue
        before = opening(tokenizer, special, example.question, example.history, example.heading)
        found.append(
            Tokenized(
                np.asarray(before.ids, dtype=np.int32),
                np.asarray(before.segments, dtype=np.int8),
                np.asarray(p.ids, dtype=np.int32),
                tuple(s for s in spans if s is not None),
                example.source,
            )
        )
    return found


def token_span(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """Inclusive indices of the tokens that cover characters [start, end), None if no token does."""
    inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < end]
    return (inside[0], inside[-1]) if inside else None


def several_part_questions(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Two questions about one passage asked in one breath, answered by two quotes: teaches "then another pair".

    Args:
        examples: where the questions are taken from.
        share: how many to make, as a share of `examples`; fewer if the passages do not yield them.
        seed: the same choice for the same seed.
    """
    rng = random.Random(seed)
    by_passage: defaultdict[str, list[Example]] = defaultdict(list)
    for e in examples:
        if e.quotes and not e.history:
            by_passage[e.passage].append(e)
    groups = [g for g in by_passage.values() if len(g) > 1]
    made: list[Example] = []
    wanted = math.ceil(share * len(examples))
    for _ in range(100 * wanted if groups else 0):  # bounded: perhaps all answers overlap
        if len(made) == wanted:
            break
        a, b = rng.sample(rng.choice(groups), 2)
        (a0, a1), (b0, b1) = a.quotes[0], b.quotes[0]
        if max(a0, b0) < min(a1, b1):
            continue  # overlapping answers would be one quote
        joined = f"{a.question} {b.question}" if a.lang == "en" else f"{a.question}{b.question}"
        made.append(replace(a, question=joined, quotes=(a.quotes[0], b.quotes[0]), history=()))
    return made


def hard_negatives(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Questions paired with a similar other passage that does not contain the answer.

    Args:
        examples: where questions and passages come from.
        share: how many questions get such a passage, as a share of the answerable ones.
        seed: chooses them.
    """
    rng = random.Random(seed)
    made: list[Example] = []
    for lang in sorted({e.lang for e in examples}):
        mine = [e for e in examples if e.lang == lang and e.quotes]
        headings = {e.passage: e.heading for e in mine}
        passages = sorted(headings)
        if len(passages) < 2:
            continue
        chosen = rng.sample(mine, min(len(mine), round(share * len(mine))))
        ranked = SimilarPassages(passages, lang).rank([e.question for e in chosen], 8)
        for example, order in zip(chosen, ranked, strict=True):
            start, end = example.quotes[0]
            answer = example.passage[start:end].lower()
            fitting = [p for p in order if p != example.passage and answer not in p.lower()]
            if fitting:
                negative = fitting[0 if rng.random() < 0.6 else rng.randrange(len(fitting))]
                made.append(replace(example, passage=negative, quotes=(), heading=headings[negative]))
    return made


def crop(example: Tokenized, rng: random.Random) -> tuple[int, int, int] | None:
    """Choose a bucket and the passage tokens [first, last) that fill it; None if no crop keeps the quotes."""
    fixed = len(example.opening) + 1  # the passage ends with [SEP]
    total = fixed + len(example.passage)
    low = min((q[0] for q in example.quotes), default=len(example.passage))
    high = max((q[1] + 1 for q in example.quotes), default=0)
    for bucket in reversed(BUCKETS):
        room = bucket - fixed
        if bucket > total or room <= 0:
            continue
        if high - low > room:
            return None
        earliest = max(0, high - room)
        latest = min(len(example.passage) - room, low) if example.quotes else len(example.passage) - room
        # a short trim goes to the tail half of the time, so that passages often begin as they do in documents
        first = earliest if rng.random() < 0.5 else rng.randint(earliest, latest)
        return bucket, first, first + room
    return None


def plan_epoch(
    examples: Sequence[Tokenized], batch_tokens: int, seed: int
) -> list[tuple[int, list[tuple[int, int, int]]]]:
    """Shuffle, crop and bucket one epoch.

    Returns:
        Batches in training order, each (bucket length, [(example index, first, last), ...]); the same for the same
        seed, so an interrupted epoch continues with the very next batch.
    """
    rng = random.Random(seed)
    order = list(range(len(examples)))
    rng.shuffle(order)
    waiting: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    batches = []
    for index in order:
        found = crop(examples[index], rng)
        if found is None:
            continue
        bucket, first, last = found
        waiting[bucket].append((index, first, last))
        if len(waiting[bucket]) == max(1, batch_tokens // bucket):
            batches.append((bucket, waiting.pop(bucket)))
    return batches


def make_batch(
    examples: Sequence[Tokenized], bucket: int, members: Sequence[tuple[int, int, int]], tokenizer: TextTokenizer
) -> Batch:
    """Tensors of one planned batch.

    Raises:
        CheckpointError: the tokenizer lacks [CLS], [SEP] or [PAD].
    """
    b = len(members)
    special = special_of(tokenizer)
    ids = np.full((b, bucket), special.pad, dtype=np.int64)
    segments = np.zeros((b, bucket), dtype=np.int64)
    allowed = np.zeros((b, bucket), dtype=bool)
    quotes = np.full((b, MAX_QUOTES, 2), NO_QUOTE, dtype=np.int64)
    for row, (index, first, last) in enumerate(members):
        e = examples[index]
        body = len(e.opening)
        ids[row, :body] = e.opening
        ids[row, body : bucket - 1] = e.passage[first:last]
        ids[row, -1] = special.sep
        segments[row, :body] = e.segments
        segments[row, body:] = PASSAGE
        allowed[row, body:-1] = True
        for i, (s, t) in enumerate(e.quotes[:MAX_QUOTES]):
            quotes[row, i] = (s - first + body, t - first + body)
    return Batch(*(torch.from_numpy(x) for x in (ids, segments, allowed, quotes)))
