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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = -1e4   # a score no softmax will choose; finite in bfloat16, so that a fully masked row stays a number


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
        self.prior = nn.Linear(width, 2)   # how much a token looks like a start, like an end, whoever asks
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
        scores = torch.einsum("bc,blc->bl", self.start_query(decision), self.start_key(memory)) * self.scale
        scores = scores + self.prior(memory)[..., 0]
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
        at_start = memory.gather(1, starts[..., None].expand(-1, -1, memory.size(2)))           # (B, N, C)
        query = self.end_query(decision)[:, None] + self.end_from_start(at_start)
        scores = torch.einsum("bnc,blc->bnl", query, self.end_key(memory)) * self.scale
        scores = scores + self.prior(memory)[:, None, :, 1]
        place = torch.arange(memory.size(1), device=memory.device)
        fits = allowed[:, None] & (place >= starts[..., None])
        return scores.masked_fill(~fits, NEVER)  # type: ignore[no-any-return]

    def pair_log_probabilities(self, decision: Tensor, memory: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
        """Exact log-probabilities of every instruction: pairs (B, L, L) indexed [start, end], and stop (B,)."""
        start = F.log_softmax(self.start_scores(decision, memory, allowed).float(), dim=-1)
        b, length = allowed.shape
        every = torch.arange(length, device=memory.device).expand(b, length)
        end = F.log_softmax(self.end_scores(decision, memory, every, allowed).float(), dim=-1)
        return start[:, :-1, None] + end, start[:, -1]

    def instruction(self, memory: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """Input embedding of "copied from start to end" for the next step: (B, N) and (B, N) -> (B, N, C)."""
        def at(index: Tensor) -> Tensor:
            return memory.gather(1, index[..., None].expand(-1, -1, memory.size(2)))

        return self.quote(torch.cat((at(starts), at(ends)), dim=-1))  # type: ignore[no-any-return]
