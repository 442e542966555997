"""What the embedder learns from: closeness to the teacher, and the right passage among wrong ones.

Distillation through parallel text is Reimers and Gurevych 2020 (arXiv 2004.09813), the contrastive part is InfoNCE over
the batch in both directions, with passages of earlier batches as further wrong ones (Wang et al. 2020, arXiv
1912.06798): a batch that a laptop can hold is small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from model.network.gpt import GPT
from model.network.pooling import pooled
from model.training.embedder.recipe import Weights
from model.training.embedder.tasks import Batch, PairBatch, ParallelBatch, RetentionBatch

Teacher = Callable[[Sequence[str]], Tensor]  # texts -> vectors (N, C) of length 1, without gradients


@dataclass
class Queue:
    """Passages of earlier batches: vectors (N, C) and the hashes of `PairBatch`."""

    size: int
    vectors: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    keys: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    documents: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    def push(self, vectors: Tensor, keys: Tensor, documents: Tensor) -> None:
        """Add a batch; the oldest beyond `size` go."""
        if self.size == 0:
            return
        vectors = vectors.detach()
        before = self.vectors if len(self.vectors) else vectors[:0]
        self.vectors = torch.cat((before, vectors))[-self.size :]
        self.keys = torch.cat((self.keys, keys))[-self.size :]
        self.documents = torch.cat((self.documents, documents))[-self.size :]


def embedder_loss(gpt: GPT, teacher: Teacher, batch: Batch, weights: Weights, queues: dict[str, Queue]) -> Tensor:
    """Scalar loss of a batch; a `PairBatch` is added to its language's queue."""
    if isinstance(batch, ParallelBatch):
        return _parallel_loss(gpt, teacher, batch, weights)
    if isinstance(batch, RetentionBatch):
        return weights.retention * _distance(pooled(gpt, batch.english), teacher(batch.texts))
    return _pair_loss(gpt, batch, weights, queues[batch.lang])


def _distance(vectors: Tensor, wanted: Tensor) -> Tensor:
    return (1 - (vectors * wanted).sum(1)).mean()


def _parallel_loss(gpt: GPT, teacher: Teacher, batch: ParallelBatch, weights: Weights) -> Tensor:
    """Both languages at the teacher's vector of the English side, and nearer to it than to the other sentences."""
    n = len(batch.english)
    vectors, wanted = pooled(gpt, [*batch.english, *batch.chinese]), teacher(batch.texts)
    same = _same(batch.texts)
    scores = weights.scale * vectors[n:] @ wanted.T
    among = F.cross_entropy(scores.masked_fill(same, -torch.inf), torch.arange(n))
    return weights.distance * (_distance(vectors[:n], wanted) + _distance(vectors[n:], wanted)) + among


def _pair_loss(gpt: GPT, batch: PairBatch, weights: Weights, queue: Queue) -> Tensor:
    n = len(batch.queries)
    vectors = pooled(gpt, [*batch.queries, *batch.passages, *batch.negatives])
    query, passage = vectors[:n], vectors[n : 2 * n]
    keys, documents = torch.tensor(batch.keys), torch.tensor(batch.documents)
    titled = torch.tensor(batch.titled)
    own = torch.eye(n, dtype=torch.bool)

    def alike(other_keys: Tensor, other_documents: Tensor) -> Tensor:
        """Passages that answer a query as well as its own does, as far as one can know: (n, others)."""
        return (keys[:, None] == other_keys) | (titled[:, None] & (documents[:, None] == other_documents))

    in_batch = alike(keys, documents) & ~own
    columns, hidden = [vectors[n:]], [in_batch, torch.zeros(n, len(batch.negatives), dtype=torch.bool)]
    if len(queue.vectors):
        columns.append(queue.vectors)
        hidden.append(alike(queue.keys, queue.documents))
    scores = weights.scale * query @ torch.cat(columns).T
    right = torch.arange(n)
    forward = F.cross_entropy(scores.masked_fill(torch.cat(hidden, 1), -torch.inf), right)
    backward = F.cross_entropy((weights.scale * passage @ query.T).masked_fill(in_batch.T, -torch.inf), right)
    queue.push(passage, keys, documents)
    return (forward + backward) / 2


def _same(texts: Sequence[str]) -> Tensor:
    """Where two different places hold one text: (N, N) bool."""
    number = {t: i for i, t in enumerate(dict.fromkeys(texts))}
    index = torch.tensor([number[t] for t in texts])
    return (index[:, None] == index) & ~torch.eye(len(texts), dtype=torch.bool)
