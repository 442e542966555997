"""The usual ways to fuse two rankings, to compare the product's own with (`rag eval retrieval`)."""

from __future__ import annotations

from rag_app.retrieval.fusion import Ranking, normalize, weighted_mean

_RANK_CONSTANT = 60  # Cormack et al. 2009


def fuse_min_max(dense: Ranking, keyword: Ranking, dense_weight: float, k: int) -> list[tuple[str, float]]:
    """As `fuse`, with the scores of each ranking stretched to 0..1."""
    return weighted_mean(normalize(dense), normalize(keyword), dense_weight)[:k]


def fuse_ranks(dense: Ranking, keyword: Ranking, k: int) -> list[tuple[str, float]]:
    """Reciprocal rank fusion: only the ranks count."""
    places = [{i: 1 / (_RANK_CONSTANT + n) for n, (i, _) in enumerate(hits, 1)} for hits in (dense, keyword)]
    return weighted_mean(places[0], places[1], 0.5)[:k]
