import random

import pytest

from rag_app.evaluation.intervals import bootstrap, rate


def test_wilson_by_the_book() -> None:
    # Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662 without continuity correction
    found = rate([True] * 81 + [False] * 182)
    assert (found["n"], found["rate"]) == (263, pytest.approx(81 / 263, abs=1e-4))
    assert (found["low"], found["high"]) == (0.2553, 0.3662)


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.1611), (20, 0.8389, 1.0)])
def test_all_or_none_is_not_certain(hits: int, low: float, high: float) -> None:
    found = rate([True] * hits + [False] * (20 - hits))
    assert (found["low"], found["high"]) == (low, high)


def test_no_cases_no_rate() -> None:
    assert rate([]) == {"n": 0, "rate": None, "low": None, "high": None}
    assert bootstrap([], lambda drawn: float(len(drawn))) is None
    assert bootstrap([1], lambda _: None) is None


def test_bootstrap_agrees_with_the_normal_interval_of_a_mean() -> None:
    rng = random.Random(1)
    values = [rng.gauss(5, 2) for _ in range(400)]
    interval = bootstrap(values, lambda drawn: sum(drawn) / len(drawn))
    assert interval == bootstrap(values, lambda drawn: sum(drawn) / len(drawn))
    assert interval is not None
    mean = sum(values) / 400
    assert interval == pytest.approx((mean - 0.196, mean + 0.196), abs=0.03)
