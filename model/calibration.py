"""Confidence that means something: a logistic model from what the reader saw to the probability of being right.

Fitted per language on questions over passages that training never saw; stored as `calibration.json` beside the
weights, with the operating point (the confidence below which an answer is withheld).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import CheckpointError
from model.grounded import Reading
from model.language import Language

CALIBRATION_FILE = "calibration.json"
FEATURES = ("log_odds", "no_answer", "concentration", "rival", "length")
_FLOOR = -12.0      # log-probabilities below this say nothing more


def features(readings: Sequence[Reading | None], best: int) -> list[float]:
    """What is known about the chosen reading, in the order of `FEATURES`.

    Args:
        readings: one for each passage.
        best: index of the chosen one (not None).
    """
    chosen = readings[best]
    if chosen is None:
        raise ValueError(f"passage {best} has no reading")
    text = chosen.quotes[0].text.casefold()
    rivals = [
        min(r.evidence, -_FLOOR) for i, r in enumerate(readings)
        if i != best and r is not None and r.quotes[0].text.casefold() != text
    ]
    p = min(max(math.exp(chosen.log_probability), 1e-6), 1 - 1e-6)
    return [
        math.log(p / (1 - p)),
        max(chosen.no_answer, _FLOOR),
        max(chosen.concentration, _FLOOR),
        max([_FLOOR, *rivals]),
        math.log1p(sum(q.end - q.start for q in chosen.quotes)),
    ]


@dataclass(frozen=True, slots=True)
class LanguageCalibration:
    """Logistic regression over `FEATURES` for one language, and its operating point."""

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def confidence(self, values: Sequence[float]) -> float:
        """Probability of being right, 0..1."""
        z = self.bias + sum(w * v for w, v in zip(self.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of one reader.

    Attributes:
        retrieval_weight: how much a passage's retrieval score (0..1) adds to the evidence of its reading when passages
            compete; chosen on held-out training passages (model/LOG.md).
    """

    languages: dict[Language, LanguageCalibration]
    retrieval_weight: float = 2.0

    def save(self, folder: Path) -> None:
        """Write `calibration.json`."""
        state = {
            "features": FEATURES,
            "retrieval_weight": self.retrieval_weight,
            "languages": {k: asdict(v) for k, v in self.languages.items()},
        }
        (folder / CALIBRATION_FILE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read `calibration.json`; a folder without one gets the network's own probability and a threshold of 0.5.

        Raises:
            CheckpointError: it is damaged, or was written for other features or languages.
        """
        path = folder / CALIBRATION_FILE
        if not path.exists():
            raw = LanguageCalibration((1.0, *(0.0,) * (len(FEATURES) - 1)), 0.0, 0.5)
            return cls({"en": raw, "zh": raw})
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            found: dict[Language, LanguageCalibration] = {
                lang: LanguageCalibration(tuple(v["weights"]), v["bias"], v["threshold"])
                for lang, v in state["languages"].items()
            }
            fits = tuple(state["features"]) == FEATURES and {"en", "zh"} <= set(found)
            weight = float(state["retrieval_weight"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path} is damaged ({error!r}): run `rag model calibrate`, or remove it") from error
        if not fits:
            raise CheckpointError(f"{path} was written for another version: run `rag model calibrate`, or remove it")
        return cls(found, weight)


def fit_language(
    rows: Sequence[Sequence[float]], right: Sequence[bool], threshold: float
) -> LanguageCalibration:
    """Fit one language.

    Args:
        rows: features of each question's chosen reading.
        right: whether that reading was right.
        threshold: operating point to store.

    Raises:
        ValueError: only right or only wrong answers: nothing to tell apart.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if len(set(right)) < 2:
        raise ValueError("calibration needs right and wrong answers")
    x: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(scaler.transform(x), np.asarray(right))
    weights = fitted.coef_[0] / scaler.scale_
    bias = float(fitted.intercept_[0] - (weights * scaler.mean_).sum())
    return LanguageCalibration(tuple(float(w) for w in weights), bias, threshold)
