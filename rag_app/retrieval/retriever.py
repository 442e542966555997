"""`LibraryRetriever`: the library's passages for LangChain code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import islice
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from ingest.documents import StoredChunk
from ingest.library import Library
from model.language import Language, language_of
from rag_app.retrieval.fusion import Ranking, fuse

# How much the vector search counts, by the question's language. The shipped encoder is blind in Chinese, so there
# keywords carry the search.
DENSE_WEIGHT: dict[Language, float] = {"en": 0.5, "zh": 0.1}
SPARE = 24          # hits beyond k that replace passages with the same text
CANDIDATES = 50     # hits of each search that enter the fusion


class SearchMode(StrEnum):
    """Which search answers."""

    FUSED = "fused"        # both, see fusion.py: the default
    DENSE = "dense"        # vectors only
    KEYWORD = "keyword"    # BM25 only


class LibraryRetriever(BaseRetriever):
    """Passages of one library, best first.

    Each `Document` has the passage as `page_content`, the chunk id as `id`, and as metadata `source`, `title`,
    `document_id`, `chunk_id`, `start`, `end` (character offsets into the stored text), `page`, `heading_path` and
    `score` (0..1 in fused mode).

    Example:
        >>> retriever = LibraryRetriever(library=library, k=4)  # doctest: +SKIP
        >>> retriever.invoke("How long is the warranty?", k=2)  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Library = Field(exclude=True)
    k: int = Field(default=8, ge=1)
    mode: SearchMode = SearchMode.FUSED

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the interface's
        k: int | None = None,
        **_: Any,
    ) -> list[Document]:
        wanted = self.k if k is None else k
        hits = self.search(query, wanted + SPARE)
        scores = dict(hits)
        chunks: dict[str, StoredChunk] = {}
        for chunk in self.library.chunks([chunk_id for chunk_id, _ in hits]):
            chunks.setdefault(chunk.text, chunk)    # a passage that stands in several documents is read once
        return [
            Document(
                id=chunk.chunk_id,
                page_content=chunk.text,
                metadata={
                    "source": chunk.source,
                    "title": chunk.title,
                    "document_id": chunk.document_id,
                    "chunk_id": chunk.chunk_id,
                    "start": chunk.start,
                    "end": chunk.end,
                    "page": chunk.page,
                    "heading_path": list(chunk.heading_path),
                    "score": scores[chunk.chunk_id],
                },
            )
            for chunk in islice(chunks.values(), wanted)
        ]

    def search(self, query: str, k: int) -> Ranking:
        """Best chunk ids with their scores, in the configured mode."""
        if not query.strip():
            return []
        if self.mode is SearchMode.DENSE:
            return self.library.dense(query, k)
        if self.mode is SearchMode.KEYWORD:
            return self.library.keyword(query, k)
        depth = max(CANDIDATES, k)
        with ThreadPoolExecutor(max_workers=1) as other:
            keyword = other.submit(self.library.keyword, query, depth)
            dense = self.library.dense(query, depth)
            return fuse(dense, keyword.result(), DENSE_WEIGHT[language_of(query)], k)
