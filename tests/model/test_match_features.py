"""Match features say what the question and the passage share, however long the run, and nothing else."""

from __future__ import annotations

import random

import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.match_features import LONGEST, match_features


def by_hand(ids, segments):
    """The definition, slowly."""
    sides = {s: [i for i, x in enumerate(segments) if x == s] for s in (0, 1)}
    found = []
    for i, here in enumerate(segments):
        best = 0
        for size in range(1, LONGEST + 1):
            for first in range(i - size + 1, i + 1):
                window = range(first, first + size)
                if first < 0 or first + size > len(ids) or any(segments[k] != here for k in window):
                    continue
                want = [ids[k] for k in window]
                others = sides[1 - here]
                if any([ids[k] for k in range(j, j + size)] == want for j in others
                       if j + size <= len(ids) and all(segments[k] == 1 - here for k in range(j, j + size))):
                    best = size
        found.append(best + (LONGEST + 1) * here)
    return found


def test_runs_are_found_on_both_sides():
    #       question  | passage
    ids = [1, 5, 6, 7, 2, 9, 5, 6, 8, 7, 3]
    segments = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert match_features(torch.tensor([ids]), torch.tensor([segments]))[0].tolist() == [
        0, 2, 2, 1, 0, 4, 6, 6, 4, 5, 4,
    ]


def test_equal_to_the_definition_on_random_prompts():
    rng = random.Random(3)
    for _ in range(60):
        length, asked = 24, rng.randint(2, 12)
        ids = [rng.randrange(5) for _ in range(length)]
        segments = [0] * asked + [1] * (length - asked)
        found = match_features(torch.tensor([ids]), torch.tensor([segments]))[0].tolist()
        assert found == by_hand(ids, segments)


def test_padding_changes_nothing():
    ids = torch.tensor([[1, 5, 2, 5, 5, 3]])
    segments = torch.tensor([[0, 0, 0, 1, 1, 1]])
    padded = match_features(torch.nn.functional.pad(ids, (0, 4)), torch.nn.functional.pad(segments, (0, 4)))
    assert padded[0, :6].tolist() == match_features(ids, segments)[0].tolist()


def test_new_match_features_change_nothing_until_they_are_trained():
    torch.manual_seed(0)
    shape = {"vocab_size": 20, "n_layer": 1, "n_head": 2, "n_kv_head": 2, "n_embd": 8, "n_inner": 16}
    without, with_them = GPT(GPTConfig(**shape)), GPT(GPTConfig(**shape, match_features=True))
    with_them.load_state_dict(without.state_dict(), strict=False)
    ids, segments = torch.randint(0, 20, (2, 9)), torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1]] * 2)
    before = without.embed(ids, segments)
    assert torch.equal(with_them.embed(ids, segments), before)
    torch.nn.init.ones_(with_them.matches.weight)
    assert torch.equal(with_them.embed(ids, segments), before + 1)
    assert torch.equal(with_them.embed(ids), without.embed(ids)), "without segments there is nothing to match"


@pytest.mark.parametrize("masked", [False, True])
def test_attention_while_training_equals_the_fused_kernel(masked):
    torch.manual_seed(1)
    gpt = GPT(GPTConfig(vocab_size=20, n_layer=2, n_head=2, n_kv_head=2, n_embd=8, n_inner=16)).eval()
    x = torch.randn(2, 7, 8)
    mask = torch.ones(7, 7, dtype=torch.bool).tril() if masked else None
    training = gpt(x, mask=mask)
    with torch.inference_mode():
        assert torch.allclose(training, gpt(x, mask=mask), atol=1e-6)
