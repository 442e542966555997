"""Free decoding: the same tokens as the plain loop, cut by the same rules."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.generate import GenerationError, generate, next_token_probabilities, sample_next_token
from model.network.gpt import causal_mask

PROMPT = [3, 14, 15, 9, 26]
SCORES = torch.tensor([[1.0, 3.0, 2.0, 0.0]]).log()  # probabilities 1/6, 3/6, 2/6, 0


@torch.inference_mode()
def plain_loop(gpt, prompt, tokens):
    """Greedy decoding that reads everything again for every token."""
    new = []
    for _ in range(tokens):
        length = len(prompt) + len(new)
        mask = causal_mask(length)
        if gpt.config.attention == "prefix":
            mask[: len(prompt), : len(prompt)] = True
        hidden = gpt(gpt.embed(torch.tensor([[*prompt, *new]])), mask=mask)
        new.append(int(gpt.logits(hidden[0, -1]).argmax()))
    return new


@pytest.mark.parametrize("attention", ["prefix", "causal"])
@pytest.mark.parametrize("position", ["learned", "rotary"])
def test_greedy_equals_the_argmax_loop_without_a_cache(make_gpt, attention, position):
    gpt = make_gpt(attention=attention, position=position, n_kv_head=2, tie_embeddings=False)
    expected = plain_loop(gpt, PROMPT, 20)
    assert len(set(expected)) > 1  # one token for ever would prove little
    assert list(generate(gpt, PROMPT, max_new_tokens=20)) == expected


def test_each_new_token_costs_the_network_one_token(make_gpt):
    gpt, read = make_gpt(), []
    gpt.register_forward_hook(lambda _module, inputs, _output: read.append(inputs[0].size(1)))
    list(generate(gpt, PROMPT, max_new_tokens=4))
    assert read == [5, 1, 1, 1]


def test_tokens_stream_one_by_one(make_gpt):
    gpt, read = make_gpt(), []
    gpt.register_forward_hook(lambda *_: read.append(1))
    next(generate(gpt, PROMPT, max_new_tokens=30))
    assert len(read) == 1


def test_the_callers_gradients_are_untouched_between_tokens(make_gpt):
    stream = generate(make_gpt(), PROMPT, max_new_tokens=3)
    next(stream)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_one_seed_gives_one_answer(make_gpt):
    gpt = make_gpt()
    a, b, c = (list(generate(gpt, PROMPT, max_new_tokens=20, temperature=2.0, seed=s)) for s in (1, 1, 2))
    assert a == b
    assert a != c


def test_top_k_of_one_equals_greedy(make_gpt):
    gpt = make_gpt()
    sampled = list(generate(gpt, PROMPT, max_new_tokens=15, temperature=1.5, top_k=1, seed=9))
    assert sampled == list(generate(gpt, PROMPT, max_new_tokens=15))


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.3, [0, 1, 0, 0]), (0.5, [0, 1, 0, 0]), (0.6, [0, 3 / 5, 2 / 5, 0]), (0.99, [1 / 6, 3 / 6, 2 / 6, 0])],
)
def test_top_p_keeps_the_smallest_set_that_holds_it(top_p, kept):
    torch.testing.assert_close(next_token_probabilities(SCORES, top_p=top_p), torch.tensor([kept]).float())


@given(
    st.lists(st.floats(-20, 20), min_size=1, max_size=30),
    st.floats(0.05, 5),
    st.none() | st.integers(1, 40),
    st.none() | st.floats(0.01, 1),
)
def test_whatever_is_cut_the_best_token_stays_and_all_sums_to_one(scores, temperature, top_k, top_p):
    logits = torch.tensor([scores])
    probabilities = next_token_probabilities(logits, temperature, top_k, top_p)
    assert probabilities.sum().item() == pytest.approx(1, abs=1e-4)
    assert probabilities[0, int(logits.argmax())] > 0
    if top_k is not None:
        assert int((probabilities > 0).sum()) <= top_k


def test_a_lead_too_small_for_a_float_still_wins():
    kept = next_token_probabilities(torch.tensor([[0.0, 1e-12]]), top_p=0.5)
    assert kept.tolist() == [[0.0, 1.0]]


def test_equal_scores_keep_no_more_than_top_k():
    assert int((next_token_probabilities(torch.zeros(1, 8), top_k=3) > 0).sum()) == 3


def test_a_lower_temperature_sharpens():
    cold, warm = (next_token_probabilities(SCORES, t)[0, 1] for t in (0.5, 2.0))
    assert cold > 0.5 > warm


def test_sampling_follows_the_distribution():
    drawn = sample_next_token(SCORES.expand(6000, -1), 1.0, generator=torch.Generator().manual_seed(0))
    shares = drawn.bincount(minlength=4) / 6000
    torch.testing.assert_close(shares, torch.tensor([1, 3, 2, 0]) / 6, atol=0.03, rtol=0)


def test_a_stop_token_ends_the_answer_and_is_not_part_of_it(make_gpt):
    gpt = make_gpt(tie_embeddings=False)
    free = list(generate(gpt, PROMPT, max_new_tokens=10))
    stop = next(t for i, t in enumerate(free) if i and t not in free[:i])
    assert list(generate(gpt, PROMPT, max_new_tokens=10, stop_ids=[stop])) == free[: free.index(stop)]


def test_the_answer_stops_where_positions_end(make_gpt):
    gpt = make_gpt()
    assert len(list(generate(gpt, PROMPT, max_new_tokens=1000))) == gpt.config.max_positions - len(PROMPT)


@pytest.mark.parametrize(
    ("prompt", "changes", "named"),
    [
        ([1] * 40, {}, "40 tokens leaves no room"),
        ([], {}, "empty"),
        ([61], {}, "vocabulary of 61"),
        (PROMPT, {"max_new_tokens": 0}, "max_new_tokens"),
        (PROMPT, {"temperature": -1.0}, "temperature"),
        (PROMPT, {"top_k": 0}, "top_k"),
        (PROMPT, {"top_p": 0.0}, "top_p"),
    ],
)
def test_a_bad_request_is_refused_at_once(make_gpt, prompt, changes, named):
    with pytest.raises(GenerationError, match=named):
        generate(make_gpt(), prompt, **({"max_new_tokens": 5} | changes))


def test_a_network_that_never_learned_to_write_is_refused(make_gpt):
    gpt = make_gpt(language_model=False)
    with pytest.raises(GenerationError, match="not trained to write"):
        generate(gpt, PROMPT, max_new_tokens=5)
    assert len(list(generate(gpt, PROMPT, max_new_tokens=5, allow_untrained=True))) == 5


def test_dropout_would_make_answers_random_so_training_mode_is_refused(make_gpt):
    with pytest.raises(GenerationError, match="eval"):
        generate(make_gpt(dropout=0.1).train(), PROMPT, max_new_tokens=5)
