"""What can be asked of a library: its documents, their texts and chunks, and what is near a question."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import Catalogue, Source
from ingest.catalogue.document_filter import DocumentFilter
from ingest.catalogue.facets import Facets, choose, containers_of, facets_of, paths_chosen
from ingest.documents import DocumentRecord, Heading, PageSpan, StoredChunk
from ingest.embedding.embedder import Embedder
from ingest.errors import LibraryError
from ingest.keywords.terms import query_terms
from ingest.library.current_model import CurrentModel, ModelInUse

_RETRIES = 3  # of a search during which the library changed


class LibraryReader:
    """The reading side of a library. Safe to share between threads."""

    def __init__(self, folder: Path, catalogue: Catalogue, model: CurrentModel) -> None:
        self.folder = folder
        self._catalogue = catalogue
        self._model = model

    @property
    def embedder(self) -> Embedder:
        """The model whose vectors are searched and written now."""
        return self._use.embedder

    @property
    def _use(self) -> ModelInUse:
        return self._model.use

    @property
    def generation(self) -> int:
        """A counter that moves with every change of what can be found, by any process."""
        return self._catalogue.meta.generation()

    def count(self) -> int:
        """Return the number of chunks that answer questions."""
        return self._catalogue.documents.chunk_count()

    def documents(self) -> list[DocumentRecord]:
        """Return all documents, failed ones too, by source."""
        return self._catalogue.documents.all()

    def document(self, document_id: str) -> DocumentRecord:
        """Return one document's record, or raise DocumentNotFound."""
        return self._catalogue.documents.get(document_id)

    def find_source(self, source: str) -> DocumentRecord | None:
        """Return the ready or failed document to which a path leads, or None."""
        return self._catalogue.documents.of_source(source)

    def find_content(self, sha256: str) -> list[DocumentRecord]:
        """Return the ready documents that were made of a file with this hash."""
        return self._catalogue.documents.with_content(sha256)

    def sources(self, document_id: str | None = None) -> list[Source]:
        """Return all paths of one document, or of all: identical copies are stored once with all their paths."""
        return self._catalogue.sources.all(document_id)

    def members(self, container: str) -> list[tuple[str, str, str]]:
        """Return `(source, sha256, state)` of what was found inside a file."""
        return self._catalogue.sources.members(container)

    def text(self, document_id: str) -> str:
        """Return a document's stored text, which all offsets index, or raise DocumentNotFound."""
        return self._catalogue.documents.text(document_id)

    def text_between(self, document_id: str, start: int, end: int) -> str:
        """Return `text(document_id)[start:end]`; "" for an unknown id."""
        return self._catalogue.documents.text_between(document_id, start, end)

    def pages(self, document_id: str) -> tuple[PageSpan, ...]:
        """Return the pages of a document's stored text (none for formats without), or raise DocumentNotFound."""
        return self._catalogue.documents.pages(document_id)

    def headings(self, document_id: str) -> tuple[Heading, ...]:
        """Return the headings of a document's stored text in order, or raise DocumentNotFound.

        There are none for a document that an earlier version of this program stored.
        """
        return self._catalogue.documents.headings(document_id)

    def modified_at(self, document_id: str) -> str | None:
        """Return when a document's file was changed last (ISO 8601, UTC), the latest of several; None if unknown."""
        return max((s.modified_at for s in self._catalogue.sources.all(document_id) if s.modified_at), default=None)

    def chunks(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return these chunks in the order asked; those that no ready document has are left out."""
        return self._catalogue.chunks.get(chunk_ids)

    def document_chunks(self, document_id: str) -> list[StoredChunk]:
        """Return all chunks of a document in the order of its text; none for an unknown id."""
        return self._catalogue.chunks.of_document(document_id)

    def vectors_of(self, chunk_ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of chunks, of shape `(len(chunk_ids), dimension)`.

        Raises:
            LibraryError: when one is missing.
        """
        if not chunk_ids:
            return np.zeros((0, self.embedder.dimension), dtype=np.float32)
        hashes = self._catalogue.chunks.hashes(chunk_ids)
        found = self._use.table.get(list(set(hashes.values())))
        if not all(i in hashes and hashes[i] in found for i in chunk_ids):
            raise LibraryError("passages have no vector; `rag verify --repair` makes them again")
        return np.stack([found[hashes[chunk_id]] for chunk_id in chunk_ids])

    def facets(self) -> Facets:
        """Return the folders, types, languages, tags and days that there are to filter by."""
        return facets_of(self._catalogue)

    def choose(self, chosen: DocumentFilter) -> list[str]:
        """Return the ids of the ready documents that fit a filter, for `among`.

        Raises:
            FilterError: when none fits, or one of its values is one that no document has.
        """
        return choose(self._catalogue, chosen)

    def paths_chosen(self, chosen: DocumentFilter, document_ids: Sequence[str]) -> dict[str, str]:
        """Return, for few documents, a path of each that fits a filter: its own where that one does."""
        return paths_chosen(self._catalogue, chosen, document_ids)

    def containers_of(self, sources: Sequence[str]) -> dict[str, str]:
        """Return, of few paths, the files (archives, e-mails) in which those lie that lie in one."""
        return containers_of(self._catalogue, sources)

    def search_keywords(self, query: str, k: int, *, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, share of the highest possible BM25 score, 0..1)`, the largest first.

        Args:
            query: any text; nothing in it is syntax.
            k: how many at most.
            among: ids of the documents to search in; None: all. Unknown ids are passed over.
        """
        terms = query_terms(query) if k > 0 else []
        return self._catalogue.keywords.search(terms, k, among) if terms else []

    def search_vectors(self, query: str, k: int, *, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, cosine similarity)`, the most similar first.

        Args:
            query: any text.
            k: how many at most.
            among: ids of the documents to search in; None: all. The best `k` of *their* chunks are found, however
                low they stand among all: a filter never empties the result. Unknown ids are passed over.
        """
        if k <= 0 or not query.strip() or not self._catalogue.documents.has_chunks():
            return []
        for attempt in range(_RETRIES):
            generation = self.generation
            use = self._model.follow()
            try:
                hits = use.search.nearest(use.embedder.embed_query(query), k, generation, among)
            except LibraryError:
                if self.generation == generation or attempt == _RETRIES - 1:
                    raise
                continue  # what was searched is no longer there
            if self.generation == generation:
                break
        return hits
