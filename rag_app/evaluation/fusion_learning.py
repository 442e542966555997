"""How much the vector search should count, by language: learned on some sets of queries, judged on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from model.text.language import Language
from rag_app.evaluation.retrieval import Found, ndcg

GRID = tuple(round(0.05 * step, 2) for step in range(21))
_SAME = 0.002  # nDCG; weights that are so near to the best are as good

Curve = Mapping[float, float]  # weight -> nDCG@10


def learn_weights(found: Mapping[str, Sequence[Found]]) -> dict[str, Any]:
    """Weights of the vector search that rank the queries of all sets best.

    A set counts as much as another, whatever its size. A language is that of the question.

    Args:
        found: set name -> what both searches bring for its queries.

    Returns:
        `weights` by language; `curves`, nDCG@10 by language and weight, the mean over sets; `held_out` by language and
        set, the weight learned without this set (with one set only: half of it) and the nDCG@10 that it
        gives there.
    """
    languages: list[Language] = ["en", "zh"]
    curves: dict[str, dict[float, float]] = {}
    held_out: dict[str, dict[str, dict[str, float]]] = {}
    for lang in languages:
        sets = {name: [f for f in asked if f.lang == lang] for name, asked in found.items()}
        by_set = {name: curve(asked) for name, asked in sets.items() if asked}
        if not by_set:
            continue
        curves[lang] = _mean(list(by_set.values()))
        held_out[lang] = {name: _held_out(name, by_set, sets[name]) for name in by_set}
    return {
        "weights": {lang: best_weight(c) for lang, c in curves.items()},
        "curves": {lang: {str(w): round(v, 4) for w, v in c.items()} for lang, c in curves.items()},
        "held_out": held_out,
    }


def curve(asked: Sequence[Found]) -> dict[float, float]:
    """nDCG@10 of each weight."""
    return {weight: fmean(ndcg(f.fused(weight), f.relevant) for f in asked) for weight in GRID}


def best_weight(of: Curve) -> float:
    """The middle of the weights that are as good as the best: neighbours of a lucky peak are no worse a choice."""
    highest = max(of.values())
    return round(median(weight for weight, value in of.items() if value >= highest - _SAME), 3)


def _held_out(name: str, by_set: Mapping[str, Curve], asked: Sequence[Found]) -> dict[str, float]:
    others = [c for other, c in by_set.items() if other != name]
    judged = by_set[name]
    if not others and len(asked) > 1:
        others, judged = [curve(asked[::2])], curve(asked[1::2])
    weight = best_weight(_mean(others or [judged]))
    nearest = min(GRID, key=lambda w: abs(w - weight))
    return {"weight": weight, "ndcg_at_10": round(judged[nearest], 4)}


def _mean(curves: Sequence[Curve]) -> dict[float, float]:
    return {weight: fmean(c[weight] for c in curves) for weight in GRID}
