"""Which part is looked at again, and what two looks say together."""

from __future__ import annotations

import math

import pytest

from model.reader.second_pass import Candidates, averaged, part_around

SENTENCES = [(0, 10), (11, 20), (22, 30), (31, 40)]


@pytest.mark.parametrize(
    ("quote", "part"),
    [
        ((2, 5), (0, 20)),
        ((12, 14), (0, 30)),
        ((11, 30), (0, 40)),
        ((35, 40), (22, 40)),
        ((20, 22), None),
        ((19, 21), (0, 30)),
        ((20, 23), (11, 40)),
    ],
    ids=["first", "second", "two", "last", "between", "runs out", "runs in"],
)
def test_the_part_is_the_quotes_sentences_and_one_on_either_side(quote, part):
    assert part_around(quote, SENTENCES, 1) == part


def test_more_neighbours_give_a_larger_part():
    assert part_around((2, 5), SENTENCES, 2) == (0, 30)
    assert part_around((23, 25), SENTENCES, 9) == (0, 40)


def test_a_text_without_sentences_has_no_part():
    assert part_around((0, 3), [], 1) is None


def look(silence, **probabilities):
    places = [(int(name[1]), int(name[2])) for name in probabilities]
    return Candidates(places, [math.log(p) for p in probabilities.values()], math.log(silence))


def test_both_looks_count_by_their_share_and_the_first_alone_judges_silence():
    mean = averaged(look(0.2, p12=0.6, p34=0.2), look(0.9, p12=0.01, p56=0.03), 0.5)
    found = dict(zip(mean.places, map(math.exp, mean.log_probabilities), strict=True))
    assert found == pytest.approx({(1, 2): 0.8 * (0.375 + 0.125), (3, 4): 0.8 * 0.125, (5, 6): 0.8 * 0.375})
    assert mean.no_answer == math.log(0.2)


def test_without_a_share_the_second_look_changes_only_the_scale():
    mean = averaged(look(0.5, p12=0.3, p34=0.1), look(0.1, p56=0.9), 0.0)
    assert dict(zip(mean.places, map(math.exp, mean.log_probabilities), strict=True)) == pytest.approx(
        {(1, 2): 0.375, (3, 4): 0.125}
    )
