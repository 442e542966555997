"""One question, several passages: which reading answers, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.reader.calibration import Calibration, features, standings
from model.reader.grounded import GroundedReader
from model.reader.prompt import Turn
from model.reader.reading import Reading, Readings
from model.reader.second_pass import Sentences
from model.reader.word_edges import Segment
from model.text.language import Language, language_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best answer that the passages hold.

    Attributes:
        passage: index of the passage it is quoted from.
        reading: its quotes and probabilities.
        confidence: calibrated probability of being right, 0..1.
        answered: whether the confidence reaches the operating point; otherwise the honest reply is "they do not say".
        features: what the confidence was computed from, see calibration.py.
    """

    passage: int
    reading: Reading
    confidence: float
    answered: bool
    features: tuple[float, ...]


class Answerer:
    """A grounded reader with its calibration."""

    def __init__(self, reader: GroundedReader, calibration: Calibration) -> None:
        self.reader = reader
        self.calibration = calibration

    @classmethod
    def load(cls, folder: Path, segment: Segment | None = None, sentences: Sentences | None = None) -> Answerer:
        """Load a reader's folder; `segment` and `sentences` as in `GroundedReader`.

        Raises:
            CheckpointError: see `GroundedReader.load`.
        """
        return cls(GroundedReader.load(folder, segment, sentences), Calibration.load(folder))

    def answer(
        self,
        question: str,
        passages: Sequence[str],
        *,
        priors: Sequence[float] | None = None,
        min_confidence: float | None = None,
        headings: Sequence[str] | None = None,
        history: Sequence[Turn] = (),
    ) -> tuple[Verdict | None, Readings]:
        """Read the passages and judge.

        Args:
            question: in either language.
            passages: texts to quote from.
            priors: each passage's retrieval score, 0..1; None: the same for all.
            min_confidence: operating point; None: the one stored with the weights.
            headings: where each passage stands; None: nowhere.
            history: earlier questions with their answers, oldest first.

        Returns:
            The verdict (None without any readable passage) and all readings.
        """
        found = self.reader.read(question, passages, headings=headings, history=history)
        return self.judge(language_of(question), found.readings, priors=priors, min_confidence=min_confidence), found

    def judge(
        self,
        lang: Language,
        readings: Sequence[Reading | None],
        *,
        priors: Sequence[float] | None = None,
        min_confidence: float | None = None,
    ) -> Verdict | None:
        """Let readings of one question compete; the arguments are those of `answer`."""
        if priors is None:
            priors = [1.0] * len(readings)
        standing = standings(readings, priors, self.calibration.retrieval_weight)
        scored = [(s, -i) for i, s in enumerate(standing) if s is not None]
        if not scored:
            return None
        best = -max(scored)[1]
        reading = readings[best]
        assert reading is not None  # noqa: S101 - only readings have a standing
        values = features(readings, standing, priors, best)
        calibration = self.calibration.languages[lang]
        confidence = calibration.confidence(values)
        least = calibration.threshold if min_confidence is None else min_confidence
        return Verdict(best, reading, confidence, confidence >= least, values)
