"""The copy head's scores are probabilities of instructions, and only of possible ones; the search finds the best."""

from __future__ import annotations

import pytest
import torch

from model.network.copy_head import FIRST_STARTS, NEVER, CopyHead

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


def every_pair(head, decision, memory, allowed):
    """By brute force: log-probabilities of pairs (B, L, L), indexed [start, end], and of stopping (B,)."""
    b, length = allowed.shape
    starts = head.start_scores(decision, memory, allowed).log_softmax(-1)
    ends = head.end_scores(decision, memory, torch.arange(length).expand(b, length), allowed).log_softmax(-1)
    return starts[:, :-1, None] + ends, starts[:, -1]


def possible(allowed):
    """(B, L, L): both ends allowed, the end not before its start."""
    return (allowed[:, :, None] & allowed[:, None]).triu()


def test_all_possible_pairs_and_stopping_sum_to_one(scene):
    head, decision, memory, allowed = scene
    pairs, stop = every_pair(head, decision, memory, allowed)
    total = (pairs.exp() * possible(allowed)).sum((1, 2)) + stop.exp()
    torch.testing.assert_close(total, torch.ones(BATCH))


def test_an_end_before_its_start_is_never_chosen(scene):
    head, decision, memory, allowed = scene
    pairs, _ = every_pair(head, decision, memory, allowed)
    assert pairs.exp()[:, 5, 2:5].max() < 1e-30


def test_a_token_outside_the_passage_is_never_chosen(scene):
    head, decision, memory, allowed = scene
    pairs, _ = every_pair(head, decision, memory, allowed)
    assert pairs.exp()[~possible(allowed)].max() < 1e-30


def test_a_passage_without_allowed_tokens_can_only_stop(scene):
    head, decision, memory, allowed = scene
    pairs, stop = every_pair(head, decision, memory, torch.zeros_like(allowed))
    torch.testing.assert_close(stop.exp(), torch.ones(BATCH))
    assert torch.isfinite(pairs).all()


def test_scores_are_scaled_products_of_queries_and_keys_plus_the_tokens_prior(scene):
    head, decision, memory, allowed = scene
    wanted = torch.einsum("bc,blc->bl", head.start_query(decision), head.start_key(memory)) / WIDTH**0.5
    scores = head.start_scores(decision, memory, allowed)
    torch.testing.assert_close(scores[:, :-1][allowed], (wanted + head.prior(memory)[..., 0])[allowed])
    torch.testing.assert_close(scores[:, -1:], head.stop(decision))
    starts = torch.tensor([[2, 5]] * BATCH)
    query = head.end_query(decision)[:, None] + head.end_from_start(memory[:, [2, 5]])
    wanted = torch.einsum("bnc,blc->bnl", query, head.end_key(memory)) / WIDTH**0.5
    ends = head.end_scores(decision, memory, starts, allowed)
    torch.testing.assert_close(ends[:, :, 5:7], (wanted + head.prior(memory)[:, None, :, 1])[:, :, 5:7])


@pytest.fixture
def tuned(monkeypatch):
    """A head of width 2 that obeys the states: channel 0 says how likely a start is, channel 1 how sharply its end.

    With it, a list that tells how many starts each call of `end_scores` was asked about.
    """
    head = CopyHead(2).requires_grad_(False)
    for parameter in head.parameters():
        parameter.zero_()
    head.prior.weight[0, 0] = 1.0
    head.end_from_start.weight[1, 1] = 1.0
    head.end_key.weight[1, 1] = 50.0
    calls, real = [], head.end_scores

    def counting(decision, memory, starts, allowed):
        calls.append(starts.size(1))
        return real(decision, memory, starts, allowed)

    monkeypatch.setattr(head, "end_scores", counting)
    return head, calls


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("sharpness", [0.0, 0.3, 3.0], ids=["flat", "middling", "sharp"])
@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_pairs_are_those_of_brute_force(seed, sharpness, count):
    torch.manual_seed(seed)
    length = 70
    head = CopyHead(WIDTH).requires_grad_(False)
    for name, parameter in head.named_parameters():
        torch.nn.init.normal_(parameter, std=sharpness if "start_" in name or name == "prior.weight" else 0.5)
    decision, memory = torch.randn(BATCH, WIDTH), torch.randn(BATCH, length, WIDTH)
    allowed = torch.rand(BATCH, length) < 0.8
    pairs, stop = every_pair(head, decision, memory, allowed)
    wanted = pairs.flatten(1).topk(count).values
    found = head.likeliest_pairs(decision, memory, allowed, count)
    torch.testing.assert_close(found.log_probabilities, wanted)
    torch.testing.assert_close(pairs.flatten(1).gather(1, found.starts * length + found.ends), wanted)
    torch.testing.assert_close(found.instructions[:, -1], stop)
    torch.testing.assert_close(found.instructions[:, :-1][allowed], pairs.logsumexp(2)[allowed])


def test_an_unlikely_start_with_a_certain_end_beats_many_likelier_starts(tuned):
    """The likeliest pair begins at the very last start tried: a search that ends earlier misses it."""
    head, calls = tuned
    memory = torch.zeros(1, 60, 2)
    memory[0, :, 0] = torch.linspace(0.5, 0.0, 60)
    memory[0, -1] = torch.tensor([-0.1, 5.0])
    found = head.likeliest_pairs(torch.zeros(1, 2), memory, torch.ones(1, 60, dtype=torch.bool))
    assert (found.starts.item(), found.ends.item()) == (59, 59)
    assert sum(calls) == 60


def test_a_clear_start_ends_the_search_at_once(tuned):
    head, calls = tuned
    memory = torch.zeros(1, 60, 2)
    memory[0, 20, 0] = 10.0
    found = head.likeliest_pairs(torch.zeros(1, 2), memory, torch.ones(1, 60, dtype=torch.bool))
    assert found.starts.item() == 20
    assert calls == [FIRST_STARTS]


def test_fewer_pairs_than_asked_for_are_all_pairs(scene):
    head, decision, memory, allowed = scene
    found = head.likeliest_pairs(decision, memory, allowed, count=1000)
    assert found.starts.shape == (BATCH, LENGTH * LENGTH)
    assert (found.log_probabilities.exp() > 1e-30).sum(1).tolist() == possible(allowed).sum((1, 2)).tolist()


def test_the_end_depends_on_the_start(scene):
    head, decision, memory, allowed = scene
    after_2, after_3 = head.end_scores(decision, memory, torch.tensor([[2, 3]] * BATCH), allowed)[:, :, 5:7].unbind(1)
    assert not torch.allclose(after_2.softmax(-1), after_3.softmax(-1), atol=1e-3)


def test_one_prompts_scores_do_not_depend_on_its_neighbours_in_the_batch(scene):
    head, decision, memory, allowed = scene
    pairs, stop = every_pair(head, decision, memory, allowed)
    alone, stop_alone = every_pair(head, decision[1:2], memory[1:2], allowed[1:2])
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
