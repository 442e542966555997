"""Fuse the vector and the keyword search by the weighted mean of two scores that mean the same for every query.

Min-max scaling, the usual choice, makes the best hit of each search 1 however bad it is: keywords then lead a Chinese
question astray among English passages. Here a cosine counts by how far it is from the background (the last
candidate) towards 1, and BM25 as the share of its limit (`ingest.keywords.search`): a bad best hit stays low.
That a passage in the other language holds none of the question's words says nothing against it; its keyword score is
taken to be what its cosine lets one expect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

Ranking = Sequence[tuple[str, float]]  # (id, score), best first
CANDIDATES = 100  # hits of each search that enter the fusion
# Of the vector's score. More finds more across languages, but puts a translation before the document in the question's
# own language: at 0.3, questions across languages gain 5 points of nDCG, and 5 of the 40 about the samples lose.
_EXPECTED_KEYWORD_SCORE = 0.1


def fuse(
    dense: Ranking, keyword: Ranking, dense_weight: float, k: int, foreign: Collection[str] = frozenset()
) -> list[tuple[str, float]]:
    """Best `k` of both rankings together.

    Args:
        dense: hits of the vector search with their cosines.
        keyword: hits of the keyword search with shares of BM25's limit, 0..1.
        dense_weight: 0..1; the keyword ranking has the rest. A hit missing from a ranking scores 0 there.
        k: how many to return.
        foreign: ids of hits in the other language than the query, see cross_language.py.

    Returns:
        (id, score), best first, the best with a score of 1 (unless all are 0); ties in a stable order.
    """
    similar, words = above_background(dense), dict(keyword)
    for i in foreign:
        words[i] = max(words.get(i, 0.0), _EXPECTED_KEYWORD_SCORE * similar.get(i, 0.0))
    fused = weighted_mean(similar, words, dense_weight)[:k]
    best = fused[0][1] if fused else 0.0
    return [(i, score / best) for i, score in fused] if best > 0 else fused


def above_background(dense: Ranking) -> dict[str, float]:
    """Cosines as 0 (the last candidate, which is no better than chance) to 1 (the same text)."""
    if not dense:
        return {}
    background = min(score for _, score in dense)
    room = max(1 - background, 1e-6)
    return {i: min(1.0, (score - background) / room) for i, score in dense}


def normalize(ranking: Ranking) -> dict[str, float]:
    """Scores stretched to 0..1; a single hit becomes 1, several equal ones 0.5: they tell nothing apart."""
    if not ranking:
        return {}
    scores = [score for _, score in ranking]
    low, high = min(scores), max(scores)
    flat = 1.0 if len(scores) == 1 else 0.5
    return {i: (s - low) / (high - low) if high > low else flat for i, s in ranking}


def weighted_mean(
    dense: Mapping[str, float], keyword: Mapping[str, float], dense_weight: float
) -> list[tuple[str, float]]:
    """All ids of both by the weighted mean of their scores, the best first; what is missing counts 0."""
    order = dict.fromkeys([*dense, *keyword])
    fused = [(i, dense_weight * dense.get(i, 0.0) + (1 - dense_weight) * keyword.get(i, 0.0)) for i in order]
    return sorted(fused, key=lambda hit: -hit[1])
