"""Confidence that means something: a logistic model from what the reader saw to the probability of being right.

Fitted on questions over passages that training never saw (training/calibrate.py); stored as `calibration.json` beside
the weights, with the operating point (the confidence below which an answer is withheld).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from model.errors import CheckpointError
from model.reader.reading import Reading
from model.text.language import Language

CALIBRATION_FILE = "calibration.json"
FEATURES = ("overlap_odds", "no_answer", "length", "prior", "margin")
_LIMIT = 12.0  # log-probabilities and differences of them say nothing more beyond this


def standings(
    readings: Sequence[Reading | None], priors: Sequence[float], retrieval_weight: float
) -> list[float | None]:
    """What passages compete by: each reading's evidence and what the retriever thinks of its passage.

    Args:
        readings: one for each passage, None for one that could not be read.
        priors: each passage's retrieval score, 0..1.
        retrieval_weight: how much a full score adds to the evidence (a difference of log-probabilities).
    """
    return [None if r is None else r.evidence + retrieval_weight * p for r, p in zip(readings, priors, strict=True)]


def features(
    readings: Sequence[Reading | None], standing: Sequence[float | None], priors: Sequence[float], best: int
) -> tuple[float, ...]:
    """What is known about the chosen reading, in the order of `FEATURES`.

    Args:
        readings: one for each passage.
        standing: see `standings`.
        priors: each passage's retrieval score, 0..1.
        best: index of the chosen one.

    Returns:
        The quote's expected overlap with the right one, as log-odds; log-probability that the passage does not say;
        logarithm of the quote's length; the passage's retrieval score as a share of the highest one; the passage's
        lead over the best one that says something else.

    Raises:
        ValueError: the chosen passage has no reading.
    """
    chosen, own = readings[best], standing[best]
    if chosen is None or own is None:
        raise ValueError(f"passage {best} has no reading")
    text = chosen.quotes[0].text.casefold()
    rivals = [
        s
        for r, s in zip(readings, standing, strict=True)
        if r is not None and s is not None and r.quotes[0].text.casefold() != text
    ]
    p = min(max(chosen.expected_overlap, 1e-6), 1 - 1e-6)
    return (
        math.log(p / (1 - p)),
        max(chosen.no_answer, -_LIMIT),
        math.log1p(sum(q.end - q.start for q in chosen.quotes)),
        priors[best] / max(priors) if max(priors) > 0 else 1.0,
        min(own - max(rivals), _LIMIT) if rivals else _LIMIT,
    )


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


# Without a calibration: the overlap that the network expects, and an even chance as the operating point.
_RAW = LanguageCalibration((1.0, *(0.0,) * (len(FEATURES) - 1)), 0.0, 0.5)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of one reader.

    Attributes:
        languages: the fitted model of each language.
        retrieval_weight: how much a passage's retrieval score (0..1) adds to the evidence of its reading when passages
            compete; chosen on held-out training passages (model/LOG.md).
        measured: figures on held-out calibration questions that the operating point was chosen by; for the record.
    """

    languages: dict[Language, LanguageCalibration] = field(default_factory=lambda: {"en": _RAW, "zh": _RAW})
    retrieval_weight: float = 4.0
    measured: dict[Language, dict[str, float]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write `calibration.json`."""
        state = {
            "features": FEATURES,
            "retrieval_weight": self.retrieval_weight,
            "languages": {k: asdict(v) for k, v in self.languages.items()},
            "measured": self.measured,
        }
        (folder / CALIBRATION_FILE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read `calibration.json`; a folder without one gets the network's own expectation and a threshold of 0.5.

        Raises:
            CheckpointError: it is damaged, or was written for other features or languages.
        """
        path = folder / CALIBRATION_FILE
        if not path.exists():
            return cls()
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            found: dict[Language, LanguageCalibration] = {
                lang: LanguageCalibration(tuple(v["weights"]), v["bias"], v["threshold"])
                for lang, v in state["languages"].items()
            }
            fits = tuple(state["features"]) == FEATURES and {"en", "zh"} <= set(found)
            weight = float(state["retrieval_weight"])
            measured = dict(state.get("measured", {}))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path} is damaged ({error!r}): run `rag model calibrate`, or remove it") from error
        if not fits:
            raise CheckpointError(f"{path} was written for another version: run `rag model calibrate`, or remove it")
        return cls(found, weight, measured)
