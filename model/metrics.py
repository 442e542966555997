"""How well answers agree with references: SQuAD's exact match and F1, per character for Chinese."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from model.text.language import Language

RIGHT = 0.5  # F1 from which an answer counts as right

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = set(string.punctuation)


def normalize(text: str, lang: Language) -> list[str]:
    """Tokens to compare.

    English: SQuAD's normalisation (lower case, no punctuation, no articles) into words. Chinese: one token a character,
    a run of Latin letters or digits one token, as CMRC's official script does.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(" " if unicodedata.category(c)[0] in "PS" and lang == "zh" else c for c in text)
    if lang == "zh":
        return re.findall(r"[a-z0-9]+|[^\sa-z0-9]", kept)
    kept = "".join(c for c in kept if c not in _PUNCTUATION)
    return _ARTICLES.sub(" ", kept).split()


def exact_match(prediction: str, reference: str, lang: Language) -> float:
    """1.0 when both normalise to the same tokens, else 0.0."""
    return float(normalize(prediction, lang) == normalize(reference, lang))


def f1(prediction: str, reference: str, lang: Language) -> float:
    """Harmonic mean of token precision and recall, counted as bags of tokens; 0..1."""
    p, r = normalize(prediction, lang), normalize(reference, lang)
    if not p or not r:
        return float(p == r)
    common = sum((Counter(p) & Counter(r)).values())
    return 2 * common / (len(p) + len(r)) if common else 0.0


def best(
    metric: Callable[[str, str, Language], float], prediction: str, references: Sequence[str], lang: Language
) -> float:
    """The metric against the most favourable reference; 0.0 without references."""
    return max((metric(prediction, r, lang) for r in references), default=0.0)


def auroc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """Probability that a right item scores above a wrong one, ties half (Mann-Whitney); None if one kind is missing."""
    s, y = np.asarray(scores, dtype=float), np.asarray(right, dtype=bool)
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(s, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[y].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Mean distance between confidence and accuracy over equal-width bins, weighted by size; 0..1."""
    c, y = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if not len(c):
        return 0.0
    which = np.minimum((c * bins).astype(int), bins - 1)
    return float(sum(abs(c[which == b].mean() - y[which == b].mean()) * (which == b).mean() for b in np.unique(which)))


def precision_and_coverage(
    confidences: Sequence[float], right: Sequence[bool]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of questions answered and share of right answers among them, for every threshold from high to low.

    Returns:
        Coverage (rising) and precision, one value for each distinct confidence: equal confidences are answered
        together or not at all.
    """
    c, y = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(-c, kind="stable")
    last = np.append(np.diff(c[order]) != 0, True) if len(c) else np.zeros(0, dtype=bool)
    given = np.arange(1, len(c) + 1)
    return (given / max(1, len(c)))[last], (np.cumsum(y[order]) / given)[last]
