"""`LibraryRetriever`: the library's passages for LangChain code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, field_validator

from ingest.catalogue.document_filter import DocumentFilter
from ingest.documents import StoredChunk
from ingest.library import Library
from ingest.sources.display_name import source_names
from model.text.language import Language, language_of
from rag_app.retrieval.cross_language import in_other_language
from rag_app.retrieval.fusion import CANDIDATES, Ranking, fuse, normalize
from rag_app.retrieval.fusion_weights import DENSE_WEIGHT
from rag_app.retrieval.passages import RankedPassage, passages_of
from rag_app.retrieval.rerank import Reranker

SPARE = 24  # hits beyond k that take the place of copies and of neighbours that were joined
RERANKED = 30  # hits that a reranker judges
IN_CONVERSATION = 2  # more passages for a question in a conversation: two searches share them (model/LOG.md)
# Characters of a passage joined from neighbours, by the question's language: what the reader reads in one window. On
# 120 questions of SQuAD over two long documents it got F1 61.7 so, as without joining; 51.5 with 1600 characters.
MAX_PASSAGE: dict[Language, int] = {"en": 1000, "zh": 250}


class SearchMode(StrEnum):
    """Which search answers."""

    FUSED = "fused"  # both, see fusion.py: the default
    DENSE = "dense"  # vectors only
    KEYWORD = "keyword"  # BM25 only


class LibraryRetriever(BaseRetriever):
    """Passages of one library, best first.

    Each `Document` has the passage as `page_content`, the id of its best chunk as `id`, and as metadata `source`,
    `source_name` (for people), `title`, `document_id`, `chunk_id`, `start`, `end` (character offsets into the stored
    text), `page`, `heading_path`, `score` (0..1 in fused mode) and `chunk_ids`, all chunks that it is made of, see
    passages.py.

    Attributes:
        k: passages.
        mode: which search.
        filter: the documents to look into, as `DocumentFilter` or its values; a `filter` given with a call takes its
            place. A filter never empties the result while documents fit it.
        longest_passage: characters of a passage joined from neighbours; None: `MAX_PASSAGE`; 0: none are joined.
        reranker: orders the best hits anew, or None.

    Raises:
        FilterError: no document fits the filter, or a value of it is one that no document has.

    Example:
        >>> retriever = LibraryRetriever(library=library, k=4)  # doctest: +SKIP
        >>> retriever.invoke("How long is the warranty?", k=2)  # doctest: +SKIP
        >>> retriever.invoke("How long is the warranty?", filter={"folder": "/data/manuals"})  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Library = Field(exclude=True)
    k: int = Field(default=8, ge=1)
    mode: SearchMode = SearchMode.FUSED
    filter: DocumentFilter = DocumentFilter()
    longest_passage: int | None = Field(default=None, ge=0)
    reranker: Reranker | None = Field(default=None, exclude=True)

    @field_validator("filter", mode="before")
    @classmethod
    def _as_filter(cls, given: DocumentFilter | Mapping[str, Any] | None) -> DocumentFilter:
        return DocumentFilter.from_any(given)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the interface's
        k: int | None = None,
        filter: DocumentFilter | Mapping[str, Any] | None = None,
        conversation: str = "",
    ) -> list[Document]:
        wanted = self.k if k is None else k
        if wanted < 1:
            raise ValueError(f"k={wanted}: ask for one passage at least")
        if conversation.strip():
            wanted += IN_CONVERSATION
        chosen = self.filter if filter is None else DocumentFilter.from_any(filter)
        among = self.library.choose(chosen) if chosen else None
        hits = dict(self._search_both(query, conversation, max(wanted + SPARE, RERANKED), among))
        ranked = [(chunk, hits[chunk.chunk_id]) for chunk in self.library.chunks(list(hits))]
        if self.reranker is not None:
            ranked = self._reranked(self.reranker, query, ranked)
        longest = MAX_PASSAGE[language_of(query)] if self.longest_passage is None else self.longest_passage
        passages = passages_of(ranked, wanted, longest=longest, between=self.library.text_between)
        # Of a copy that has several paths, the one that was chosen.
        paths = self.library.paths_chosen(chosen, [p.best.document_id for p in passages])
        sources = [paths.get(p.best.document_id, p.best.source) for p in passages]
        names = source_names(sources, self.library)
        return [_document(p, source, names[source]) for p, source in zip(passages, sources, strict=True)]

    def _search_both(self, query: str, conversation: str, k: int, among: Collection[str] | None) -> Ranking:
        """Best hits of the query as it is and of the query behind its conversation, whichever likes a chunk better.

        A question that stands alone is found by the first, one that leans on what was said by the second. The best of
        each scores 1, so both lead.
        """
        alone = self.search(query, k, among=among)
        if not conversation.strip():
            return alone
        scores = dict(alone)
        for chunk, score in self.search(f"{conversation} {query}", k, among=among):
            scores[chunk] = max(score, scores.get(chunk, 0.0))
        return sorted(scores.items(), key=lambda hit: -hit[1])[:k]

    def search(self, query: str, k: int, *, among: Collection[str] | None = None) -> Ranking:
        """Best chunk ids with their scores, in the configured mode; with `among`, of these documents."""
        if not query.strip():
            return []
        if self.mode is SearchMode.DENSE:
            return self.library.search_vectors(query, k, among=among)
        if self.mode is SearchMode.KEYWORD:
            return self.library.search_keywords(query, k, among=among)
        depth = max(CANDIDATES, k)
        with ThreadPoolExecutor(max_workers=1) as other:
            keyword = other.submit(self.library.search_keywords, query, depth, among=among)
            dense = self.library.search_vectors(query, depth, among=among)
            foreign = in_other_language(self.library, query, dense)
            return fuse(dense, keyword.result(), DENSE_WEIGHT[language_of(query)], k, foreign)

    @staticmethod
    def _reranked(
        reranker: Reranker, query: str, ranked: Sequence[tuple[StoredChunk, float]]
    ) -> list[tuple[StoredChunk, float]]:
        """The best hits in the reranker's order, its scores stretched to 0..1 as fused ones are."""
        chunks = {chunk.chunk_id: chunk for chunk, _ in ranked[:RERANKED]}
        judged = reranker.scores(query, [chunk.text for chunk in chunks.values()])
        scores = normalize(list(zip(chunks, judged, strict=True)))
        return sorted(((chunks[i], score) for i, score in scores.items()), key=lambda hit: -hit[1])


def _document(passage: RankedPassage, source: str, name: str) -> Document:
    best = passage.best
    return Document(
        id=best.chunk_id,
        page_content=passage.text,
        metadata={
            "source": source,
            "source_name": name,
            "title": best.title,
            "document_id": best.document_id,
            "chunk_id": best.chunk_id,
            "chunk_ids": [chunk.chunk_id for chunk in passage.chunks],
            "start": passage.start,
            "end": passage.end,
            "page": passage.chunks[0].page,
            "heading_path": list(best.heading_path),
            "score": passage.score,
        },
    )
