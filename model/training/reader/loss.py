"""The reader's loss: the log-probability of the right copy instructions, response only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model.network.cache import TapeCache
from model.network.copy_head import CopyHead
from model.network.gpt import GPT
from model.training.reader.mixture import Batch


def reader_loss(gpt: GPT, batch: Batch) -> Tensor:
    """Mean over examples of -log P(first instruction) - log P(the later ones | those before).

    The prompt is read once, bidirectionally; the quotes, known in advance, are then fed as decoder inputs in one
    causal pass over the cached prompt (teacher forcing).

    Raises:
        ValueError: the network has no copy head.
    """
    head = gpt.copy_head
    if head is None:
        raise ValueError("this network has no copy head: set copy_head in its config")
    cache = TapeCache()
    memory = gpt(gpt.embed(batch.ids, batch.segments), cache=cache)  # (B, L, C)
    stop = memory.size(1)
    quotes = batch.quotes
    given = quotes[..., 0] >= 0  # (B, Q)
    safe = quotes.clamp_min(0)

    decision = memory[:, -1]
    loss = F.cross_entropy(
        head.start_scores(decision, memory, batch.allowed).float(),
        torch.where(given[:, 0], safe[:, 0, 0], stop),
    )
    loss = loss + _end_loss(head, decision, memory, batch.allowed, quote=safe[:, 0], given=given[:, 0])

    inputs = head.instruction(memory, safe[..., 0], safe[..., 1])  # (B, Q, C)
    q = inputs.size(1)
    mask = torch.ones(q, stop + q, dtype=torch.bool, device=memory.device).tril(stop)
    after = gpt(inputs, mask=mask, cache=cache)  # (B, Q, C)
    for i in range(q):
        decision, here = after[:, i], given[:, i]
        more = given[:, i + 1] if i + 1 < q else torch.zeros_like(here)
        following = safe[:, min(i + 1, q - 1)]
        start = F.cross_entropy(
            head.start_scores(decision, memory, batch.allowed).float(),
            torch.where(more, following[:, 0], stop),
            reduction="none",
        )
        loss = loss + _mean_where(start, here)
        loss = loss + _end_loss(head, decision, memory, batch.allowed, quote=following, given=more)
    return loss


def _end_loss(
    head: CopyHead, decision: Tensor, memory: Tensor, allowed: Tensor, *, quote: Tensor, given: Tensor
) -> Tensor:
    scores = head.end_scores(decision, memory, quote[:, :1], allowed)[:, 0]
    return _mean_where(F.cross_entropy(scores.float(), quote[:, 1], reduction="none"), given)


def _mean_where(loss: Tensor, keep: Tensor) -> Tensor:
    """Sum over the kept examples, divided by the size of the batch: every example weighs the same."""
    return torch.where(keep, loss, 0.0).sum() / loss.size(0)
