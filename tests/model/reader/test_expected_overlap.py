"""Expected overlap is the average F1 with every candidate, weighted by what the network believes."""

from __future__ import annotations

import math

import pytest
import torch

from model.reader.expected_overlap import expected_overlap


def found(*candidates):
    """(probability, first token, last token) of each candidate."""
    p, starts, ends = zip(*candidates, strict=True)
    return expected_overlap(torch.tensor([[math.log(x) for x in p]]), torch.tensor([starts]), torch.tensor([ends]))[
        0
    ].tolist()


def test_by_hand():
    # tokens 2..5 and 4..7 share two of four each; 20..20 shares none
    first, second, third = found((0.4, 2, 5), (0.2, 4, 7), (0.3, 20, 20))
    assert first == pytest.approx(0.4 + 0.2 * 0.5)
    assert second == pytest.approx(0.2 + 0.4 * 0.5)
    assert third == pytest.approx(0.3)


def test_variants_of_one_answer_outweigh_a_likelier_lone_one():
    lone, *variants = found((0.3, 40, 41), (0.2, 10, 12), (0.2, 10, 13), (0.2, 11, 13))
    assert lone == pytest.approx(0.3)
    assert max(variants) > 0.5


def test_it_is_a_share_and_no_more_than_what_is_not_silence():
    values = found((0.5, 1, 3), (0.1, 2, 3), (0.1, 3, 3))
    assert all(0 <= v <= 0.7 + 1e-6 for v in values)


def test_impossible_pairs_of_a_short_passage_leave_the_possible_ones_alone():
    starts, ends = torch.tensor([[2, 5, 6]]), torch.tensor([[3, 4, 0]])
    found = expected_overlap(torch.tensor([[-0.5, -1e4, -1e4]]), starts, ends)
    assert found[0, 0] == pytest.approx(math.exp(-0.5))
    assert not found.isnan().any()
