from pathlib import Path

import numpy as np
import pytest

from model.metrics import precision_and_coverage
from model.training.reader.confidence_plots import Judgements, plot_precision_coverage, plot_reliability

JUDGED = {
    "en": Judgements([0.9, 0.8, 0.7, 0.1, 0.1], [True, True, False, False, True]),
    "zh": Judgements([1.0, 0.0], [True, False]),
}


def test_precision_falls_as_coverage_grows() -> None:
    coverage, precision = precision_and_coverage(JUDGED["en"].confidences, JUDGED["en"].right)
    # the two at 0.1 are answered together or not at all
    np.testing.assert_allclose(coverage, [0.2, 0.4, 0.6, 1.0])
    np.testing.assert_allclose(precision, [1.0, 1.0, 2 / 3, 3 / 5])


def test_nothing_judged_gives_an_empty_curve() -> None:
    assert [len(a) for a in precision_and_coverage([], [])] == [0, 0]


@pytest.mark.parametrize("nothing_answered", [False, True])
def test_pictures_are_written(tmp_path: Path, nothing_answered: bool) -> None:
    answered = dict.fromkeys(JUDGED, 0.0 if nothing_answered else 0.6)
    plot_reliability(JUDGED, tmp_path / "r.png", "Reliability")
    plot_precision_coverage(JUDGED, tmp_path / "p.png", "Precision", answered)
    for name in ("r.png", "p.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
