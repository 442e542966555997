import json
import math
from pathlib import Path

import pytest

from model.errors import CheckpointError
from model.reader.answering import Answerer
from model.reader.calibration import CALIBRATION_FILE, FEATURES, Calibration, LanguageCalibration, features, standings
from model.reader.reading import Quote, Reading


def reading(text: str, expected: float, none: float) -> Reading:
    return Reading((Quote(3, 3 + len(text), text),), math.log(0.2), math.log(none), expected)


def test_features_by_hand() -> None:
    readings = [reading("May", 0.6, 0.2), None, reading("June", 0.3, 0.3), reading("may", 0.5, 0.25)]
    priors = [0.4, 0.9, 0.8, 0.2]
    standing = standings(readings, priors, 2.0)
    assert standing == [pytest.approx(math.log(3) + 0.8), None, pytest.approx(1.6), pytest.approx(math.log(2) + 0.4)]
    found = dict(zip(FEATURES, features(readings, standing, priors, 0), strict=True))
    assert found["overlap_odds"] == pytest.approx(math.log(1.5))
    assert found["no_answer"] == pytest.approx(math.log(0.2))
    assert found["length"] == pytest.approx(math.log(4))
    assert found["prior"] == pytest.approx(0.4 / 0.9)
    # "may" says the same, so the rival is "June"
    assert found["margin"] == pytest.approx(math.log(3) + 0.8 - 1.6)


def test_features_stay_finite() -> None:
    sure = Reading((Quote(0, 1, "x"),), 0.0, -200.0, 1.0)
    assert all(math.isfinite(v) for v in features([sure], [200.0], [0.0], 0))
    with pytest.raises(ValueError, match="passage 1"):
        features([sure, None], [1.0, None], [1.0, 1.0], 1)


def test_a_retrieval_score_can_decide_between_passages_and_none_means_equal_ones() -> None:
    answerer = Answerer(None, Calibration())  # type: ignore[arg-type]
    readings = [reading("May", 0.5, 0.4), reading("June", 0.5, 0.3)]
    for priors, chosen in ((None, 1), ([1.0, 0.0], 0), ([0.05, 0.0], 1)):
        verdict = answerer.judge("en", readings, priors=priors)
        assert verdict is not None and verdict.passage == chosen
    assert answerer.judge("en", [None]) is None


def test_the_operating_point_decides_and_can_be_overridden() -> None:
    model = LanguageCalibration((0.0,) * len(FEATURES), 0.0, 0.6)
    answerer = Answerer(None, Calibration({"en": model, "zh": model}))  # type: ignore[arg-type]
    for least, answered in ((None, False), (0.5, True), (0.51, False)):
        verdict = answerer.judge("zh", [reading("五月", 0.5, 0.4)], min_confidence=least)
        assert verdict is not None and verdict.confidence == 0.5 and verdict.answered is answered


def test_calibration_survives_its_file(tmp_path: Path) -> None:
    model = LanguageCalibration((0.1, 0.2, 0.3, 0.4, 0.5), -1.0, 0.7)
    written = Calibration({"en": model, "zh": model}, 1.5, {"en": {"auroc": 0.8}})
    written.save(tmp_path)
    assert Calibration.load(tmp_path) == written


def test_no_file_means_the_networks_own_expectation(tmp_path: Path) -> None:
    found = Calibration.load(tmp_path).languages["en"]
    assert found.confidence((math.log(4), -3.0, 2.0, 1.0, 5.0)) == pytest.approx(0.8)


@pytest.mark.parametrize("change", [{"features": ["other"]}, {"languages": {}}, {"retrieval_weight": None}])
def test_a_file_that_does_not_fit_says_what_to_do(tmp_path: Path, change: dict[str, object]) -> None:
    Calibration().save(tmp_path)
    path = tmp_path / CALIBRATION_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match="rag model calibrate"):
        Calibration.load(tmp_path)
