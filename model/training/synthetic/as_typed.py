"""Questions as people type them: in lower case, without a question mark, with a slip of the finger."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from model.training.examples import Example

LOWER_CASE = 0.2  # of the English questions
WITHOUT_MARK = 0.25  # lose their question mark
SLIP = 0.12  # of the English questions have one word misspelt
_WORD = re.compile(r"[a-z]{5,}")


def as_typed(examples: Sequence[Example], seed: int) -> list[Example]:
    """The same examples, some of their questions as they might have been typed."""
    rng = random.Random(seed)
    return [replace(e, question=typed(e.question, e.lang, rng)) for e in examples]


def typed(question: str, lang: str, rng: random.Random) -> str:
    """One question; the passages stay as they are."""
    if rng.random() < WITHOUT_MARK:
        question = question.rstrip("?？ ") or question
    if lang != "en":
        return question
    if rng.random() < LOWER_CASE:
        question = question.lower()
    words = list(_WORD.finditer(question))
    if words and rng.random() < SLIP:
        m = rng.choice(words)
        question = question[: m.start()] + _misspelt(m.group(), rng) + question[m.end() :]
    return question


def _misspelt(word: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],  # two letters change places
            word[:i] + word[i + 1 :],  # one is left out
            word[:i] + word[i] + word[i:],  # one is typed twice
        )
    )
