"""Fit a reader's confidence, measure it on questions it was not fitted on, and choose its operating point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.json_lines import DataError
from model.metrics import auroc, expected_calibration_error
from model.reader.calibration import Calibration, LanguageCalibration
from model.text.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
FOLDS = 10
STRENGTH = 0.1  # of the logistic regression (scikit-learn's C): few cases, related features


@dataclass(frozen=True, slots=True)
class OperatingRule:
    """How the operating point is chosen, per language, on held-out calibration questions.

    The smallest threshold at which `target_precision` of the given answers are right even if the questions were
    `sureness` standard errors luckier than usual, so that no more is withheld than that takes. Where this would answer
    less than `least_answered` of the answerable questions, the largest threshold that still answers so many: a product
    that is silent about most of what it knows is of no use.
    """

    target_precision: float = 0.9
    least_answered: float = 0.7
    sureness: float = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One calibration case after reading.

    Attributes:
        lang: language of the question.
        group: equal for questions about one passage.
        answerable: whether a passage holds the answer.
        features: see `model.reader.calibration.FEATURES`.
        right: whether the best answer is right, threshold off.
        confidence: by a model that was fitted on other passages; 0..1.
    """

    lang: Language
    group: str
    answerable: bool
    features: tuple[float, ...]
    right: bool
    confidence: float = 0.0


def calibration_of(
    judged: Sequence[Judged], rule: OperatingRule, say: Callable[[str], None]
) -> tuple[Calibration, list[Judged]]:
    """Fit judged cases: confidences by cross-validation, the operating points by these, the weights on all cases.

    Returns:
        The calibration, and every case with its held-out confidence.

    Raises:
        DataError: a language has only right or only wrong answers, or none.
    """
    for lang in LANGUAGES:
        mine = [j for j in judged if j.lang == lang]
        if len({j.right for j in mine}) < 2:
            raise DataError(
                f"{lang}: calibration needs right and wrong answers, and there are {len(mine)} cases: "
                "name more files in the recipe, or raise its calibration_share"
            )
    held_out = _cross_validated(judged)
    fitted = fit(judged)
    languages: dict[Language, LanguageCalibration] = {}
    measured: dict[Language, dict[str, float]] = {}
    for lang in LANGUAGES:
        mine = [j for j in held_out if j.lang == lang]
        threshold = operating_point(mine, rule)
        languages[lang] = LanguageCalibration(*fitted[lang], threshold)
        measured[lang] = measure(mine, threshold) | {
            "target_precision": rule.target_precision,
            "least_answered": rule.least_answered,
        }
        say(
            f"{lang}, held-out cases, operating point {threshold:g}: "
            + ", ".join(f"{k} {v:g}" for k, v in measured[lang].items())
        )
    return Calibration(languages, measured=measured), held_out


def weights_of(judged: Sequence[Judged]) -> NDArray[np.float64]:
    """Weight of each case: the languages weigh the same; mean 1."""
    languages = [j.lang for j in judged]
    found = np.array([1 / languages.count(lang) for lang in languages])
    return found / found.mean()  # type: ignore[no-any-return]


def fit(judged: Sequence[Judged]) -> dict[Language, tuple[tuple[float, ...], float]]:
    """Logistic regression with one set of weights for both languages and a bias for each.

    Returns:
        Weights over the features, and bias, of each language.

    Raises:
        ValueError: only right or only wrong answers: nothing to tell apart.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    right = np.array([j.right for j in judged])
    if right.all() or not right.any():
        raise ValueError("calibration needs right and wrong answers")
    x: NDArray[np.float64] = np.array([(*j.features, j.lang == "zh") for j in judged], dtype=np.float64)
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(
        scaler.transform(x), right, sample_weight=weights_of(judged)
    )
    slopes = fitted.coef_[0] / scaler.scale_
    bias = float(fitted.intercept_[0] - (slopes * scaler.mean_).sum())
    weights = tuple(float(w) for w in slopes[:-1])
    return {"en": (weights, bias), "zh": (weights, bias + float(slopes[-1]))}


def _cross_validated(judged: Sequence[Judged]) -> list[Judged]:
    """Each case with the confidence of a model that saw no question about its passage."""
    fold = [int(j.group[-8:], 16) % FOLDS for j in judged]
    found = list(judged)
    for f in set(fold):
        fitted = fit([j for j, k in zip(judged, fold, strict=True) if k != f])
        models = {lang: LanguageCalibration(*fitted[lang], 0.0) for lang in LANGUAGES}
        for i, j in enumerate(judged):
            if fold[i] == f:
                found[i] = replace(j, confidence=models[j.lang].confidence(j.features))
    return found


def operating_point(judged: Sequence[Judged], rule: OperatingRule) -> float:
    """The threshold of one language by the rule, rounded down to three digits."""
    weights, confidence = weights_of(judged), np.array([j.confidence for j in judged])
    right, answerable = (np.array([getattr(j, name) for j in judged]) for name in ("right", "answerable"))
    order = np.argsort(-confidence, kind="stable")
    weights, confidence, right, answerable = (a[order] for a in (weights, confidence, right, answerable))
    precision = np.cumsum(weights * right) / np.cumsum(weights)
    cases = np.cumsum(weights) ** 2 / np.cumsum(weights**2)  # as many as would tell as much if they weighed the same
    precision -= rule.sureness * np.sqrt(precision * (1 - precision) / cases)
    answered = np.cumsum(weights * answerable) / max(1e-9, float((weights * answerable).sum()))
    precise = np.flatnonzero(precision >= rule.target_precision)
    enough = int(np.argmax(answered >= rule.least_answered - 1e-9))
    last = max(int(precise[-1]) if len(precise) else 0, enough)
    return float(np.floor(1000 * confidence[last]) / 1000)


def measure(judged: Sequence[Judged], threshold: float) -> dict[str, float]:
    """Figures of one language on held-out cases; `precision` and the shares answered are weighted as the fit is."""
    confidence = [j.confidence for j in judged]
    right = [j.right for j in judged]
    weights, answerable = weights_of(judged), np.array([j.answerable for j in judged])
    given = np.array(confidence) >= threshold
    p = np.clip(confidence, 1e-6, 1 - 1e-6)
    found = {
        "cases": len(judged),
        "auroc": auroc(confidence, right),
        "ece": expected_calibration_error(confidence, right),
        "log_loss": float(-np.where(right, np.log(p), np.log(1 - p)).mean()),
        "precision": _share(weights, given, np.array(right)),
        "answered": _share(weights, np.ones(len(judged), dtype=bool), given),
        "answered_of_answerable": _share(weights, answerable, given),
    }
    return {k: round(v, 4) for k, v in found.items() if v is not None}


def _share(weights: NDArray[np.float64], of: NDArray[np.bool_], which: NDArray[np.bool_]) -> float | None:
    total = float(weights[of].sum())
    return float(weights[of & which].sum()) / total if total else None
