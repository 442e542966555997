import math
import random

import numpy as np
import pytest

from model.json_lines import DataError
from model.training.reader.calibrate import (
    FOLDS,
    Judged,
    OperatingRule,
    calibration_of,
    fit,
    measure,
    operating_point,
    weights_of,
)


def judged(confidence=0.5, right=True, *, answerable=True, lang="en", group="0", features=(0.0,) * 5):
    return Judged(lang, group, answerable, features, right, confidence)


def many(n, lang="en", seed=0, group=None):
    """Cases whose first feature tells how likely they are right."""
    rng = random.Random(seed)
    found = []
    for i in range(n):
        z = rng.gauss(0, 2)
        right = rng.random() < 1 / (1 + math.exp(-z))
        features = (z, rng.gauss(0, 1), 1.0, 1.0, rng.gauss(0, 1))
        found.append(judged(right=right, lang=lang, group=group or f"{i % 40:x}", features=features))
    return found


CASES = [
    judged(c, r, answerable=a)
    for c, r, a in (
        (0.95, True, True),
        (0.9, True, True),
        (0.8, False, True),
        (0.7, True, True),
        (0.6, False, False),
        (0.5, True, True),
        (0.4, False, True),
        (0.3, False, False),
    )
]


def test_the_operating_point_is_the_smallest_threshold_that_is_precise_enough():
    # answered from 0.95 down: 1/1, 2/2, 2/3, 3/4, 3/5, 4/6, ...
    assert operating_point(CASES, OperatingRule(0.75, 0.0, 0.0)) == 0.7
    assert operating_point(CASES, OperatingRule(1.0, 0.0, 0.0)) == 0.9


def test_a_share_of_few_cases_is_not_taken_at_its_word():
    few = [judged(1 - i / 100, i % 10 != 9) for i in range(20)]  # 18 of 20 right
    many_more = [judged(1 - i / 1e5, i % 20 != 19) for i in range(2000)]  # 95 % right
    assert operating_point(few, OperatingRule(0.9, 0.0, 0.0)) == 0.81
    assert operating_point(few, OperatingRule(0.9, 0.0, 1.0)) > 0.9
    assert operating_point(many_more, OperatingRule(0.9, 0.0, 1.0)) == 0.98


def test_but_enough_answerable_questions_are_answered():
    # answerable ones answered: 1, 2, 3, 4, 4, 5 of 6
    assert operating_point(CASES, OperatingRule(1.0, 0.5, 0.0)) == 0.8
    assert operating_point(CASES, OperatingRule(1.0, 0.8, 0.0)) == 0.5
    assert operating_point(CASES, OperatingRule(0.75, 0.1, 0.0)) == 0.7


def test_figures_at_the_operating_point():
    found = measure(CASES, 0.7)
    assert (found["precision"], found["answered"]) == (0.75, 0.5)
    assert found["answered_of_answerable"] == pytest.approx(4 / 6, abs=1e-4)
    assert found["cases"] == 8


def test_languages_weigh_the_same():
    weights = weights_of([*[judged()] * 100, *[judged(lang="zh")] * 5])
    assert weights.mean() == pytest.approx(1.0)
    assert weights[:100].sum() == pytest.approx(weights[100:].sum())
    assert len(set(weights[:100])) == len(set(weights[100:])) == 1


def test_fitting_finds_what_tells_right_from_wrong():
    rows = [*many(600), *many(600, "zh", seed=1)]
    fitted = fit(rows)
    weights, _ = fitted["en"]
    assert weights == fitted["zh"][0]
    assert weights[0] == pytest.approx(1.0, abs=0.25)
    assert max(abs(weights[1]), abs(weights[4])) < 0.2


def test_one_kind_of_answer_cannot_be_fitted():
    with pytest.raises(ValueError, match="right and wrong"):
        fit([judged(), judged(lang="zh")])


def test_held_out_confidence_comes_from_other_passages():
    """One passage contradicts all others: a model that had seen it would be less wrong about it."""
    rng = np.random.default_rng(0)
    odd = [
        judged(right=i % 2 == 0, group="3", features=(0.0, 0.0, 0.0, 0.0, 4.0 if i % 2 else -4.0)) for i in range(60)
    ]
    usual = [
        judged(
            right=bool(i % 2),
            group="4" if i % 3 else "5",
            features=(0.0, 0.0, 0.0, 0.0, float(4 * (i % 2 * 2 - 1) + rng.normal())),
        )
        for i in range(60)
    ]
    others = many(60, "zh")
    _, found = calibration_of([*odd, *usual, *others], OperatingRule(), lambda _: None)
    assert int("3", 16) % FOLDS != int("4", 16) % FOLDS
    assert [j.right for j in found[:60]] == [j.confidence < 0.5 for j in found[:60]]


def test_a_calibration_has_both_languages_and_says_what_was_measured():
    said = []
    found, cases = calibration_of([*many(200), *many(100, "zh", seed=1)], OperatingRule(), said.append)
    assert {c.lang for c in cases} == {"en", "zh"} == set(found.languages)
    assert all(0 < c.confidence < 1 for c in cases)
    assert all(0 <= m.threshold <= 1 for m in found.languages.values())
    assert found.measured["en"]["target_precision"] == 0.9 and found.measured["zh"]["cases"] == 100
    assert len(said) == 2 and all("operating point" in line for line in said)


@pytest.mark.parametrize("chinese", [[], [judged(lang="zh")] * 9], ids=["none", "only right ones"])
def test_too_few_cases_of_a_language_are_a_clear_error(chinese):
    with pytest.raises(DataError, match=f"zh.*there are {len(chinese)} cases.*calibration_share"):
        calibration_of([*many(60), *chinese], OperatingRule(), lambda _: None)
