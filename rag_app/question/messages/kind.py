"""Whether a message is talk, asks about the program, or is for the documents.

A softmax regression over character n-grams (ngrams.py), taught by the messages in `examples.jsonl`, which were written
for it, and by questions about documents; `python -m rag_app.question.messages.training` makes its weights again.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Literal

from rag_app.question.messages.ngrams import ngrams_of

MessageKind = Literal["documents", "talk", "about"]
# Probability of talk and about together. Where it is sure, nothing is searched; where it is likely, the documents are
# asked first, and only a good answer keeps a message from being taken for talk (model/LOG.md).
SURE, LIKELY = 0.9, 0.6
MAX_CHARACTERS = 120  # characters; whoever writes more has a matter, which is searched for
WEIGHTS_FILE = "weights.json"


def kind_of(message: str, *, least: float = SURE) -> MessageKind:
    """What a message is; in doubt it is for the documents.

    Args:
        message: as typed.
        least: probability of not being for the documents from which it is not.

    Example:
        >>> kind_of("thanks, that helps a lot!")
        'talk'
        >>> kind_of("Do we thank donors in writing?")
        'documents'
    """
    if len(message) > MAX_CHARACTERS:
        return "documents"
    talk, about = probabilities(message)
    if talk + about < least:
        return "documents"
    return "talk" if talk >= about else "about"


def probabilities(message: str) -> tuple[float, float]:
    """Probability that a message is talk, and that it asks about the program."""
    weights = _weights()
    known = [w for n in ngrams_of(message) if (w := weights.get(n)) is not None]
    bias = weights[""]
    if not known:
        return 0.0, 0.0
    scale = 1 / math.sqrt(len(known))
    talk = math.exp(bias[0] + scale * sum(w[0] for w in known))
    about = math.exp(bias[1] + scale * sum(w[1] for w in known))
    return talk / (1 + talk + about), about / (1 + talk + about)


@cache
def _weights() -> dict[str, tuple[float, float]]:
    """Log-odds against "documents" of each n-gram, and under "" of every message."""
    text = resources.files(__package__).joinpath(WEIGHTS_FILE).read_text(encoding="utf-8")
    return {ngram: (talk, about) for ngram, (talk, about) in json.loads(text).items()}
