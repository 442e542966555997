"""Questions over single sentences, made harder: the sentence stands between the ones that are most like it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from model.training.examples import Example
from model.training.similar_passages import SimilarPassages

NEIGHBOURS = 5          # at most as many other sentences around the right one
_LEAST_WORDS = 5        # of a question: shorter ones fit many of the sentences
_TOKENIZED = (
    (re.compile(r" ([.,;:?!%)\]]|n't\b|'\w+\b)"), r"\1"),
    (re.compile(r"([(\[$#]) "), r"\1"),
    (re.compile(r"`` | ''|``|''"), '"'),
    (re.compile(r" -lrb- ", re.IGNORECASE), " ("),
    (re.compile(r" -rrb-", re.IGNORECASE), ")"),
)


def untokenized(text: str) -> str:
    """Text as people write it, from words that a tokenizer put spaces between."""
    for pattern, replacement in _TOKENIZED:
        text = pattern.sub(replacement, text)
    return text.strip()


def among_similar(
    asked: Sequence[tuple[str, str, str]], pool: Sequence[str], count: int, seed: int, source: str
) -> list[Example]:
    """Questions over a few similar sentences, one of which answers.

    Args:
        asked: question, the English sentence that answers it, and the answer, a part of the sentence.
        pool: the sentences that may stand around it.
        count: how many at most.
        seed: chooses questions, and chooses and orders sentences.
        source: stored as the examples' source.
    """
    rng = random.Random(seed)
    chosen = list(asked)
    rng.shuffle(chosen)
    similar = SimilarPassages(pool, "en").rank([question for question, _, _ in chosen[:count]], NEIGHBOURS + 4)
    made = []
    for (question, sentence, quote), others in zip(chosen, similar, strict=False):
        answer = quote.casefold()
        around = [o for o in others if o != sentence and answer not in o.casefold()][:rng.randint(2, NEIGHBOURS)]
        place = rng.randint(0, len(around))
        parts = [*around[:place], sentence, *around[place:]]
        start = sum(len(p) + 1 for p in parts[:place]) + sentence.index(quote)
        made.append(Example(question, " ".join(parts), ((start, start + len(quote)),), "en", source))
    return made


def sentence_questions(rows: Iterable[Mapping[str, Any]], count: int, seed: int, source: str) -> list[Example]:
    """`among_similar` of rows with `question`, `context` (one sentence) and `answers`, all with spaces around words."""
    asked = []
    for row in rows:
        sentence, answers = untokenized(row["context"]), [untokenized(a) for a in row["answers"]]
        answer = next((a for a in answers if a and a in sentence), None)
        if answer is not None and len(row["question"].split()) >= _LEAST_WORDS:
            asked.append((untokenized(row["question"]), sentence, answer))
    return among_similar(asked, sorted({sentence for _, sentence, _ in asked}), count, seed, source) if asked else []
