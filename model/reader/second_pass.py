"""A second look at the sentences around a quote.

The network reads the place of its first quote once more, without the rest of the passage, and both readings are
averaged: an ensemble of two views by one network. English gains a point by it; Chinese does not, and is read once
(model/LOG.md).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from model.text.language import Language

Sentences = Callable[[str], Iterable[tuple[int, int]]]  # a text to the (start, end) of its sentences

SHARE: dict[Language, float] = {"en": 0.5, "zh": 0.0}  # of the second look; 0: there is none
NEIGHBOURS: dict[Language, int] = {"en": 1, "zh": 2}  # sentences on either side that are read again
MAX_SHARE = 0.95  # of the passage's tokens; a longer part is nothing new
MIN_EVIDENCE = -3.0  # of a first reading that is worth a second look; one that is nearly sure of silence is not


@dataclass(frozen=True, slots=True)
class Candidates:
    """The likeliest quotes of a passage.

    Attributes:
        places: first and last token of each, numbered in the passage.
        log_probabilities: of each, against all other quotes and against silence.
        no_answer: log-probability that the passage does not say.
    """

    places: list[tuple[int, int]]
    log_probabilities: list[float]
    no_answer: float


def part_around(
    quote: tuple[int, int], sentences: Sequence[tuple[int, int]], neighbours: int
) -> tuple[int, int] | None:
    """The sentences that a quote stands in, with their neighbours.

    Args:
        quote: start and end character.
        sentences: start and end of each, in order.
        neighbours: how many on either side.

    Returns:
        Start and end character, or `None` if the quote touches no sentence.
    """
    first = bisect_right([end for _, end in sentences], quote[0])
    last = bisect_left([start for start, _ in sentences], quote[1]) - 1
    if first > last:
        return None
    return sentences[max(0, first - neighbours)][0], sentences[min(len(sentences) - 1, last + neighbours)][1]


def averaged(first: Candidates, second: Candidates, share: float) -> Candidates:
    """The mean of two looks at one passage; silence is judged by the first alone, which saw all of it.

    Args:
        first: of the whole passage.
        second: of a part of it.
        share: of the second, 0..1.
    """
    mean: dict[tuple[int, int], float] = {}
    for look, weight in ((first, 1 - share), (second, share)):
        probabilities = [math.exp(p) for p in look.log_probabilities]
        total = sum(probabilities) or 1.0
        for place, probability in zip(look.places, probabilities, strict=True):
            mean[place] = mean.get(place, 0.0) + weight * probability / total
    said = max(1.0 - math.exp(first.no_answer), 1e-9)
    kept = {place: p * said for place, p in mean.items() if p > 0}
    return Candidates(list(kept), [math.log(p) for p in kept.values()], first.no_answer)
