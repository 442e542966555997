"""How much the vector search counts in the fusion, by the question's language.

Learned for the embedder that ships, by `rag eval retrieval --learn-weights` on development data; see README.md.
"""

from __future__ import annotations

from model.language import Language

DENSE_WEIGHT: dict[Language, float] = {"en": 0.5, "zh": 0.5}
