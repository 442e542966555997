"""How much the vector search counts in the fusion, by the question's language.

Chosen for the embedder that ships where training questions and development sets agree; `rag eval retrieval
--learn-weights` learns them anew, see README.md.
"""

from __future__ import annotations

from model.language import Language

DENSE_WEIGHT: dict[Language, float] = {"en": 0.35, "zh": 0.3}
