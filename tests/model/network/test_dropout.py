"""Pooled dropout keeps what dropout promises: the rate, the mean, and the same noise for the same generator state."""

from __future__ import annotations

import pytest
import torch

from model.network import dropout


def test_elements_are_zeroed_at_the_rate_and_the_mean_stays():
    torch.manual_seed(0)
    y = dropout.drop(torch.ones(400, 500), 0.1)
    assert (y == 0).float().mean().item() == pytest.approx(0.1, abs=0.005)
    assert y.mean().item() == pytest.approx(1.0, abs=0.01)


def test_two_calls_differ_and_a_restored_generator_repeats():
    x = torch.ones(64, 64)
    state = torch.get_rng_state()
    first, second = dropout.drop(x, 0.3), dropout.drop(x, 0.3)
    assert not torch.equal(first, second)
    torch.set_rng_state(state)
    assert torch.equal(dropout.drop(x, 0.3), first)


def test_gradients_pass_only_through_what_was_kept():
    x = torch.ones(100, 100, requires_grad=True)
    y = dropout.drop(x, 0.5)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


def test_what_is_too_long_for_the_pool_is_dropped_all_the_same(monkeypatch):
    monkeypatch.setattr(dropout, "POOL", 64)
    y = dropout.drop(torch.ones(1000), 0.5)
    assert 0.4 < (y == 0).float().mean().item() < 0.6
