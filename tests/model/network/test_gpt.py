"""Truth by equivalence: one network against itself read in other ways; import tests hold it to transformers."""

from __future__ import annotations

import pytest
import torch

from model.network.cache import KVCache
from model.network.config import ConfigError, GPTConfig
from model.network.gpt import GPT, causal_mask, prefix_mask

LLAMA = {
    "n_kv_head": 2,
    "norm": "rms",
    "norm_position": "pre",
    "position": "rotary",
    "mlp": "swiglu",
    "bias": False,
    "embedding_norm": False,
    "n_segments": 0,
    "attention": "causal",
    "tie_embeddings": False,
    "copy_head": False,
}
GPT2 = {
    "norm_position": "pre",
    "mlp": "gelu_tanh",
    "embedding_norm": False,
    "n_segments": 0,
    "attention": "causal",
    "copy_head": False,
}
SHAPES = pytest.mark.parametrize("shape", [{}, GPT2, LLAMA], ids=["reader", "gpt2", "llama"])


def ids(*shape: int) -> torch.Tensor:
    return torch.randint(61, shape, generator=torch.Generator().manual_seed(5))


@SHAPES
@torch.inference_mode()
def test_reading_token_by_token_through_the_cache_equals_reading_at_once(make_gpt, shape):
    gpt, tokens = make_gpt(**shape), ids(2, 12)
    at_once = gpt(gpt.embed(tokens), mask=causal_mask(12))
    cache = KVCache(gpt.config, batch=2, capacity=12)
    first = gpt(gpt.embed(tokens[:, :7]), mask=causal_mask(7), cache=cache)
    rest = [gpt(gpt.embed(tokens[:, i : i + 1]), cache=cache) for i in range(7, 12)]
    torch.testing.assert_close(torch.cat((first, *rest), dim=1), at_once, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_several_new_tokens_on_a_cache_need_only_a_causal_mask(make_gpt):
    gpt, tokens = make_gpt(**LLAMA), ids(1, 12)
    at_once = gpt(gpt.embed(tokens), mask=causal_mask(12))
    cache = KVCache(gpt.config, batch=1, capacity=12)
    gpt(gpt.embed(tokens[:, :8]), mask=causal_mask(8), cache=cache)
    rest = gpt(gpt.embed(tokens[:, 8:]), mask=causal_mask(4, past=8), cache=cache)
    torch.testing.assert_close(rest, at_once[:, 8:], atol=1e-5, rtol=0)


@SHAPES
@torch.inference_mode()
def test_a_prompt_in_a_padded_batch_reads_as_it_does_alone(make_gpt, shape):
    gpt, tokens, lengths = make_gpt(**shape), ids(3, 14), torch.tensor([14, 5, 9])
    batch = gpt(gpt.embed(tokens), mask=prefix_mask(lengths, 14))
    for row, length in enumerate(lengths.tolist()):
        alone = gpt(gpt.embed(tokens[row : row + 1, :length]))
        torch.testing.assert_close(batch[row : row + 1, :length], alone, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_prompt_token_sees_later_prompt_tokens(make_gpt):
    gpt, tokens = make_gpt(), ids(1, 8)
    changed = tokens.clone()
    changed[0, -1] = (tokens[0, -1] + 1) % 61
    first = [gpt(gpt.embed(t))[0, 0] for t in (tokens, changed)]
    assert not torch.allclose(*first, atol=1e-3)


@torch.inference_mode()
def test_an_answer_token_never_influences_the_prompt(make_gpt):
    gpt, tokens = make_gpt(), ids(1, 8)
    keys = []
    for answer in (1, 2):
        cache = KVCache(gpt.config, batch=1, capacity=9)
        gpt(gpt.embed(tokens), cache=cache)
        prompt = cache.k[..., :8, :].clone()
        gpt(gpt.embed(torch.tensor([[answer]])), cache=cache)
        assert torch.equal(prompt, cache.k[..., :8, :])
        keys.append(cache.k[..., 8, :])
    assert not torch.equal(*keys)  # while the answer itself is read


@torch.inference_mode()
def test_a_later_answer_token_never_influences_an_earlier_one(make_gpt):
    gpt, tokens = make_gpt(**GPT2), ids(1, 8)
    changed = tokens.clone()
    changed[0, -1] = (tokens[0, -1] + 1) % 61
    a, b = (gpt(gpt.embed(t), mask=causal_mask(8)) for t in (tokens, changed))
    assert torch.equal(a[:, :-1], b[:, :-1])


def test_a_full_cache_says_so(make_gpt):
    gpt = make_gpt()
    with pytest.raises(ValueError, match="cache of 3 tokens cannot take 4"):
        gpt(gpt.embed(ids(1, 4)), cache=KVCache(gpt.config, batch=1, capacity=3))


def test_segments_change_what_a_token_means(make_gpt):
    gpt, tokens = make_gpt(), ids(1, 4)
    assert torch.equal(gpt.embed(tokens), gpt.embed(tokens, torch.zeros_like(tokens)))
    assert not torch.equal(gpt.embed(tokens), gpt.embed(tokens, torch.ones_like(tokens)))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("n_embd", {"n_embd": 30}),
        ("n_kv_head", {"n_kv_head": 5}),
        ("head size", {"position": "rotary", "n_embd": 36}),
        ("mlp", {"mlp": "relu"}),
        ("attention", {"attention": "sideways"}),
        ("n_layer", {"n_layer": 0}),
        ("vocab_size", {"vocab_size": "many"}),
    ],
)
def test_a_shape_that_cannot_be_built_names_its_field(field, changes):
    with pytest.raises(ConfigError, match=field):
        GPTConfig(**({"vocab_size": 10} | changes))


@pytest.mark.parametrize(("values", "named"), [({"vocab_size": 9, "depth": 3}, "depth"), ({}, "vocab_size")])
def test_an_unknown_or_missing_field_is_named(values, named):
    with pytest.raises(ConfigError, match=named):
        GPTConfig.from_dict(values)


def test_a_config_survives_its_file(tmp_path, make_gpt):
    config = make_gpt(**LLAMA).config
    config.save(tmp_path / "config.json")
    assert GPTConfig.load(tmp_path / "config.json") == config


def test_dropout_acts_in_training_only(make_gpt):
    gpt: GPT = make_gpt(dropout=0.5)
    x = gpt.embed(ids(1, 6))
    assert torch.equal(gpt(x), gpt(x))
    gpt.train()
    assert not torch.equal(gpt(x), gpt(x))
