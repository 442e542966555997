"""How much the vector search counts in the fusion, by the question's language.

Learned for the embedder that ships, by `rag eval retrieval --learn-weights` on development data; see README.md.
"""

from __future__ import annotations

from model.language import Language

# all-MiniLM-L6-v2 is blind in Chinese, so there keywords carry the search.
DENSE_WEIGHT: dict[Language, float] = {"en": 0.3, "zh": 0.05}
