"""What the reader finds: quotes, how likely each is, and how likely it is that a passage does not say."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of a passage: `passage[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network finds in one passage.

    Attributes:
        quotes: the best answer's quotes, in the order they were copied; never empty, because the best answer is
            given even when stopping is likelier. Whether to trust it is the caller's decision.
        log_probability: of the first quote, against every other quote of the passage and against stopping.
        no_answer: log-probability of stopping at once: "the passage does not say".
        expected_overlap: F1 that the network expects of the first quote, 0..1 (expected_overlap.py).
    """

    quotes: tuple[Quote, ...]
    log_probability: float
    no_answer: float
    expected_overlap: float

    @property
    def evidence(self) -> float:
        """How much more is expected of the best quote than of silence, as a logarithm: what passages compete by."""
        return math.log(max(self.expected_overlap, 1e-9)) - self.no_answer


@dataclass(frozen=True, slots=True)
class Readings:
    """One `Reading` for each passage (None for a passage without a token), and what they cost."""

    readings: list[Reading | None]
    prompt_tokens: int
    steps: int
