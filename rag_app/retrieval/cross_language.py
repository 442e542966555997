"""Which hits a keyword search cannot find, because they are in the other language than the question."""

from __future__ import annotations

from ingest.library import Library
from model.text.language import language_of
from rag_app.retrieval.fusion import Ranking

_BEGINNING = 400  # characters of a chunk by which its language is told


def in_other_language(library: Library, query: str, hits: Ranking) -> frozenset[str]:
    """The ids of those hits whose text is Chinese where the query is English, or the other way round."""
    asked_in = language_of(query)
    chunks = library.chunks([chunk_id for chunk_id, _ in hits])
    return frozenset(c.chunk_id for c in chunks if language_of(c.text[:_BEGINNING]) != asked_in)
