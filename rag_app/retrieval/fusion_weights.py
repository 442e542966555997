"""How much the vector search counts in the fusion, by the question's language.

Chosen for the embedder that ships on development sets and the questions about the samples; `rag eval retrieval
--learn-weights` learns them from the former alone, see docs/evaluation.md.
"""

from __future__ import annotations

from model.text.language import Language

DENSE_WEIGHT: dict[Language, float] = {"en": 0.4, "zh": 0.35}
