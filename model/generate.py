"""Free decoding: ordinary next-token sampling, for continuation and for imported language models.

The prompt is read once into a pre-allocated cache; after that a new token costs the network one token. Sampling is a
pure function of the scores, and so can be tested without a network. Quoting from a passage is `grounded.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor

from model.network.cache import KVCache
from model.network.gpt import GPT, causal_mask


class GenerationError(ValueError):
    """A request that this network cannot answer: what is wrong and what to change."""


def next_token_probabilities(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The distribution that sampling draws from, (B, vocabulary) -> (B, vocabulary).

    Args:
        logits: (B, vocabulary)
        temperature: above 0; divides the scores.
        top_k: keep the k best tokens.
        top_p: of those, keep the smallest set of best tokens that holds this much probability, 0..1 (nucleus
            sampling, arXiv 1904.09751); never fewer than one.

    Raises:
        GenerationError: a value out of range.
    """
    _check_sampling(temperature, top_k, top_p)
    if temperature == 0:
        raise GenerationError("temperature 0 has no distribution: it takes the best token")
    # Ranked by the scores as given: after dividing and rounding, another token could tie with the best one.
    order = logits.argsort(dim=-1, descending=True, stable=True)
    ranked = logits.float().gather(-1, order) / temperature
    if top_k is not None:
        ranked[..., top_k:] = -torch.inf
    kept = ranked.softmax(-1)
    if top_p is not None and top_p < 1:
        before = kept.cumsum(-1) - kept  # mass of the better tokens; of the best one exactly 0
        kept = torch.where(before < top_p, kept, 0.0)
        kept = kept / kept.sum(-1, keepdim=True)
    return torch.zeros_like(kept).scatter(-1, order, kept)


def sample_next_token(
    logits: Tensor,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Choose one token a sequence: (B, vocabulary) -> (B,). Temperature 0 takes the best one."""
    if temperature == 0:
        return logits.argmax(-1)
    probabilities = next_token_probabilities(logits, temperature, top_k, top_p)
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]


def generate(
    gpt: GPT,
    prompt_ids: Sequence[int],
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop_ids: Collection[int] = (),
    seed: int = 0,
    allow_untrained: bool = False,
) -> Iterator[int]:
    """Continue a prompt, token by token, as soon as each is known.

    Ends after `max_new_tokens`, before a token of `stop_ids` (it is not returned), or when prompt and answer
    together fill the network's positions.

    Args:
        gpt: the network, in eval mode.
        prompt_ids: at least one token, and fewer than the network's `max_positions`.
        max_new_tokens: the longest answer.
        temperature: 0 takes the best token each time; above 0 samples.
        top_k: see `next_token_probabilities`.
        top_p: see `next_token_probabilities`.
        stop_ids: tokens that end the answer.
        seed: the same tokens for the same seed.
        allow_untrained: continue with a network whose next-token scores were never trained.

    Raises:
        GenerationError: at once, not at the first token; an untrained network, a prompt that does not fit, a value
            out of range.
    """
    _check_sampling(temperature, top_k, top_p)
    config = gpt.config
    if not (config.language_model or allow_untrained):
        raise GenerationError("this network was not trained to write freely: use grounded decoding or a language model")
    if gpt.training and config.dropout:
        raise GenerationError("the network is in training mode, with dropout: call eval() first")
    if max_new_tokens < 1:
        raise GenerationError(f"max_new_tokens={max_new_tokens}: must be at least 1")
    if not prompt_ids:
        raise GenerationError("the prompt is empty: it needs at least one token")
    if min(prompt_ids) < 0 or max(prompt_ids) >= config.vocab_size:
        raise GenerationError(f"a prompt token is outside the vocabulary of {config.vocab_size} tokens")
    room = config.max_positions - len(prompt_ids)
    if room < 1:
        raise GenerationError(
            f"a prompt of {len(prompt_ids)} tokens leaves no room for an answer: "
            f"the network reads at most {config.max_positions} together"
        )
    generator = torch.Generator().manual_seed(seed)

    def choose(logits: Tensor) -> int:
        return int(sample_next_token(logits, temperature, top_k, top_p, generator))

    return _decode(gpt, prompt_ids, min(max_new_tokens, room), choose, frozenset(stop_ids))


def _decode(
    gpt: GPT, prompt_ids: Sequence[int], limit: int, choose: Callable[[Tensor], int], stop: frozenset[int]
) -> Iterator[int]:
    cache = KVCache(gpt.config, batch=1, capacity=len(prompt_ids) + limit - 1)  # the last token is never read
    causal = gpt.config.attention == "causal"
    new = list(prompt_ids)
    for _ in range(limit):
        # entered anew for each token: the mode must not leak into the caller while this generator waits
        with torch.inference_mode():
            mask = causal_mask(len(new), cache.length) if causal and len(new) > 1 else None
            hidden = gpt(gpt.embed(torch.tensor([new])), mask=mask, cache=cache)  # (1, T, C)
            token = choose(gpt.logits(hidden[:, -1]))
        if token in stop:
            return
        yield token
        new = [token]


def _check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    if not 0 <= temperature < float("inf"):
        raise GenerationError(f"temperature={temperature}: must be 0 or more")
    if top_k is not None and top_k < 1:
        raise GenerationError(f"top_k={top_k}: must be at least 1")
    if top_p is not None and not 0 < top_p <= 1:
        raise GenerationError(f"top_p={top_p}: must be above 0 and at most 1")
