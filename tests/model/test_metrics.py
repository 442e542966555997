"""Figures that can be worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.metrics import (
    auroc,
    best,
    exact_match,
    expected_calibration_error,
    f1,
    normalize,
    precision_and_coverage,
)


@pytest.mark.parametrize(
    ("text", "lang", "tokens"),
    [
        ("The Price: 2,400 euros!", "en", ["price", "2400", "euros"]),
        ("an apple, a pear", "en", ["apple", "pear"]),
        ("押金２４００元。", "zh", ["押", "金", "2400", "元"]),
        ("WiFi 6 路由器", "zh", ["wifi", "6", "路", "由", "器"]),
        ("…", "zh", []),
    ],
)
def test_what_is_compared(text, lang, tokens):
    assert normalize(text, lang) == tokens


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    assert f1("two free tickets", "two free", "en") == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))
    assert f1("押金三千元", "三千元", "zh") == pytest.approx(2 * 3 / (5 + 3))
    assert f1("red", "blue", "en") == 0.0
    assert f1("the", "a", "en") == 1.0  # nothing is left of either
    assert f1("red", "the", "en") == 0.0


def test_a_repeated_word_counts_as_often_as_it_stands_in_both():
    assert f1("no no no", "no", "en") == pytest.approx(2 * 1 / (3 + 1))


def test_the_most_favourable_reference_counts():
    assert best(exact_match, "30 days", ["a month", "30 Days."], "en") == 1.0
    assert best(f1, "30 days", [], "en") == 0.0


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["en", "zh"]))
def test_f1_is_symmetric_and_exact_answers_have_all_of_it(a, b, lang):
    assert f1(a, b, lang) == f1(b, a, lang)
    assert 0 <= f1(a, b, lang) <= 1
    if exact_match(a, b, lang):
        assert f1(a, b, lang) == 1.0


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    assert auroc([0.9, 0.6, 0.6, 0.1], [True, True, False, False]) == pytest.approx((2 + 0.5 + 1) / 4)
    assert auroc([0.9, 0.1], [True, True]) is None


def test_calibration_error_is_the_weighted_distance_of_confidence_and_accuracy():
    assert expected_calibration_error([0.95, 0.95, 0.15, 0.15], [True, False, False, False]) == pytest.approx(
        0.5 * 0.45 + 0.5 * 0.15
    )
    assert expected_calibration_error([1.0], [True]) == 0.0
    assert expected_calibration_error([], []) == 0.0


def test_equal_confidences_are_answered_together():
    coverage, precision = precision_and_coverage([0.9, 0.5, 0.5, 0.2], [True, True, False, False])
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert precision.tolist() == pytest.approx([1.0, 2 / 3, 0.5])
    assert [x.tolist() for x in precision_and_coverage([], [])] == [[], []]
