"""The copy head: the GPT answers with copy instructions instead of vocabulary tokens.

One instruction is one decoding step: "copy the prompt from token s to token e", or "stop". Stopping at the
first step means: the passage does not say. The decoder's hidden state at the last token (the decision state) asks
for the start; the end is asked for by the decision state together with the start's own hidden state, so that all
(start, end) pairs of a passage can be scored exactly from a single step of the network. The chosen pair, embedded
from the hidden states at its two ends, is the input of the next step.

Pointer networks: arXiv 1506.03134; an end conditioned on the start: XLNet's and ALBERT's SQuAD heads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = -1e4  # a score no softmax will choose; finite in bfloat16, so that a fully masked row stays a number
FIRST_STARTS = 8  # starts whose ends are scored at first; nearly always enough to prove the likeliest pair


class Pairs(NamedTuple):
    """The K likeliest (start, end) pairs of each of B passages, the likeliest first, and what they compete with."""

    starts: Tensor  # (B, K) first tokens
    ends: Tensor  # (B, K) last tokens, inclusive
    log_probabilities: Tensor  # (B, K) float32, among all pairs and stopping
    instructions: Tensor  # (B, L + 1) float32 log-probabilities: of each start, whatever its end; of stopping


class CopyHead(nn.Module):
    """Scores copy instructions. B sequences, L prompt tokens, C channels."""

    def __init__(self, width: int) -> None:
        """`width` is the network's n_embd, C."""
        super().__init__()
        self.scale = 1 / math.sqrt(width)
        self.start_query = nn.Linear(width, width)
        self.start_key = nn.Linear(width, width)
        self.end_query = nn.Linear(width, width)
        self.end_from_start = nn.Linear(width, width, bias=False)
        self.end_key = nn.Linear(width, width)
        self.prior = nn.Linear(width, 2)  # how much a token looks like a start, like an end, whoever asks
        self.stop = nn.Linear(width, 1)
        self.quote = nn.Linear(2 * width, width)

    def start_scores(self, decision: Tensor, memory: Tensor, allowed: Tensor) -> Tensor:
        """Scores of every start and, in the last column, of stopping.

        Args:
            decision: (B, C) hidden state of the last token.
            memory: (B, L, C) hidden states of the prompt.
            allowed: (B, L) bool, True for the passage's tokens.

        Returns:
            (B, L + 1)
        """
        scores = self._scores(self.start_query(decision)[:, None], memory, self.start_key, 0)[:, 0]
        return torch.cat((scores.masked_fill(~allowed, NEVER), self.stop(decision)), dim=1)

    def end_scores(self, decision: Tensor, memory: Tensor, starts: Tensor, allowed: Tensor) -> Tensor:
        """Scores of every end for each of N starts.

        Args:
            decision: (B, C)
            memory: (B, L, C)
            starts: (B, N) token indices.
            allowed: (B, L) bool.

        Returns:
            (B, N, L); an end before its start scores `NEVER`.
        """
        at_start = memory.gather(1, starts[..., None].expand(-1, -1, memory.size(2)))  # (B, N, C)
        query = self.end_query(decision)[:, None] + self.end_from_start(at_start)
        scores = self._scores(query, memory, self.end_key, 1)
        place = torch.arange(memory.size(1), device=memory.device)
        fits = allowed[:, None] & (place >= starts[..., None])
        return scores.masked_fill(~fits, NEVER)

    def likeliest_pairs(self, decision: Tensor, memory: Tensor, allowed: Tensor, count: int = 1) -> Pairs:
        """The likeliest pairs of all, exactly, without scoring all.

        A pair is never likelier than its start alone. So starts are tried from the likeliest on, and the search ends
        when the next start alone is not likelier than the last pair found.

        Args:
            decision: (B, C)
            memory: (B, L, C)
            allowed: (B, L) bool. Where fewer pairs are possible than asked for, impossible ones follow, near `NEVER`.
            count: K; fewer come back if there are fewer than K of L x L.
        """
        instructions = F.log_softmax(self.start_scores(decision, memory, allowed).float(), dim=-1)
        ranked = instructions[:, :-1].sort(dim=-1, descending=True)
        b, length = allowed.shape
        every = torch.arange(length, device=memory.device)
        starts = ends = ranked.indices[:, :0]
        best = ranked.values[:, :0]
        tried, more = 0, max(FIRST_STARTS, count)
        while tried < length:
            new = ranked.indices[:, tried : tried + more]
            after = F.log_softmax(self.end_scores(decision, memory, new, allowed).float(), dim=-1)  # (B, N, L)
            scores = torch.cat((best, (ranked.values[:, tried : tried + more, None] + after).flatten(1)), dim=1)
            best, place = scores.topk(min(count, scores.size(1)), dim=1)
            starts = torch.cat((starts, new.repeat_interleave(length, dim=1)), dim=1).gather(1, place)
            ends = torch.cat((ends, every.repeat(b, new.size(1))), dim=1).gather(1, place)
            tried, more = tried + more, 2 * more
            if tried < length and bool((ranked.values[:, tried] <= best[:, -1]).all()) and best.size(1) == count:
                break
        return Pairs(starts, ends, best, instructions)

    def instruction(self, memory: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """Input embedding of "copied from start to end" for the next step: (B, N) and (B, N) -> (B, N, C)."""

        def at(index: Tensor) -> Tensor:
            return memory.gather(1, index[..., None].expand(-1, -1, memory.size(2)))

        return self.quote(torch.cat((at(starts), at(ends)), dim=-1))  # type: ignore[no-any-return]

    def _scores(self, asked: Tensor, memory: Tensor, key: nn.Linear, prior: int) -> Tensor:
        """(B, N, C) questions to (B, L, C) states: (B, N, L) scores.

        asked · (K m + b) is computed as (asked K) · m + asked · b: N questions go through the matrix, not L tokens. The
        prior is linear in m too, and rides along.
        """
        query = asked @ key.weight * self.scale + self.prior.weight[prior]
        constant = asked @ key.bias * self.scale + self.prior.bias[prior]
        return query @ memory.transpose(1, 2) + constant[..., None]
