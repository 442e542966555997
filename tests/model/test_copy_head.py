"""The copy head's scores are probabilities of instructions, and only of possible ones."""

from __future__ import annotations

import pytest
import torch

from model.copy_head import NEVER, CopyHead

WIDTH, LENGTH, BATCH = 16, 9, 3


@pytest.fixture
def scene():
    """A head with random weights, a decision state, prompt states; tokens 2..6 allowed, but 4 (a gap)."""
    torch.manual_seed(1)
    head = CopyHead(WIDTH)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    allowed = torch.zeros(BATCH, LENGTH, dtype=torch.bool)
    allowed[:, [2, 3, 5, 6]] = True
    return head.requires_grad_(False), torch.randn(BATCH, WIDTH), torch.randn(BATCH, LENGTH, WIDTH), allowed


def possible(allowed):
    """(B, L, L): both ends allowed, the end not before its start."""
    return (allowed[:, :, None] & allowed[:, None]).triu()


def test_all_possible_pairs_and_stopping_sum_to_one(scene):
    head, decision, memory, allowed = scene
    pairs, stop = head.pair_log_probabilities(decision, memory, allowed)
    total = (pairs.exp() * possible(allowed)).sum((1, 2)) + stop.exp()
    torch.testing.assert_close(total, torch.ones(BATCH))


def test_an_end_before_its_start_is_never_chosen(scene):
    head, decision, memory, allowed = scene
    pairs, _ = head.pair_log_probabilities(decision, memory, allowed)
    assert pairs.exp()[:, 5, 2:5].max() < 1e-30


def test_a_token_outside_the_passage_is_never_chosen(scene):
    head, decision, memory, allowed = scene
    pairs, _ = head.pair_log_probabilities(decision, memory, allowed)
    assert pairs.exp()[~possible(allowed)].max() < 1e-30


def test_a_passage_without_allowed_tokens_can_only_stop(scene):
    head, decision, memory, allowed = scene
    pairs, stop = head.pair_log_probabilities(decision, memory, torch.zeros_like(allowed))
    torch.testing.assert_close(stop.exp(), torch.ones(BATCH))
    assert torch.isfinite(pairs).all()


def test_pairs_are_start_times_end_given_start(scene):
    head, decision, memory, allowed = scene
    pairs, stop = head.pair_log_probabilities(decision, memory, allowed)
    starts = head.start_scores(decision, memory, allowed).log_softmax(-1)
    ends = head.end_scores(decision, memory, torch.full((BATCH, 1), 3), allowed)[:, 0].log_softmax(-1)
    torch.testing.assert_close(stop, starts[:, -1])
    torch.testing.assert_close(pairs[:, 3], starts[:, 3, None] + ends)


def test_the_end_depends_on_the_start(scene):
    head, decision, memory, allowed = scene
    after_2, after_3 = head.end_scores(decision, memory, torch.tensor([[2, 3]] * BATCH), allowed)[:, :, 5:7].unbind(1)
    assert not torch.allclose(after_2.softmax(-1), after_3.softmax(-1), atol=1e-3)


def test_one_prompts_scores_do_not_depend_on_its_neighbours_in_the_batch(scene):
    head, decision, memory, allowed = scene
    pairs, stop = head.pair_log_probabilities(decision, memory, allowed)
    alone, stop_alone = head.pair_log_probabilities(decision[1:2], memory[1:2], allowed[1:2])
    torch.testing.assert_close(pairs[1:2], alone)
    torch.testing.assert_close(stop[1:2], stop_alone)


def test_a_forbidden_score_stays_finite_in_half_precision():
    assert torch.isfinite(torch.tensor(NEVER, dtype=torch.bfloat16))
    assert torch.isfinite(torch.tensor(NEVER, dtype=torch.float16))


def test_an_instruction_is_made_of_the_states_at_its_two_ends(scene):
    head, _, memory, _ = scene
    starts, ends = torch.tensor([[2], [3], [5]]), torch.tensor([[6], [3], [6]])
    before = head.instruction(memory, starts, ends)
    elsewhere = memory.clone()
    elsewhere[:, [0, 1, 4, 7, 8]] += 1
    assert torch.equal(head.instruction(elsewhere, starts, ends), before)
    assert not torch.allclose(head.instruction(memory, ends, starts)[0], before[0])
