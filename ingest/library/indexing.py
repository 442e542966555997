"""Vectors and keywords of chunks that are stored; a text that has a vector already is not embedded again."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import Catalogue
from ingest.content_hash import chunk_hash, embedded_text
from ingest.documents import Incoming, StoredChunk, number_of_chunk
from ingest.errors import LibraryError
from ingest.library.current_model import CurrentModel

_EMBEDDING_BATCH = 128  # chunks; bounds memory and the time between two reports of progress


class Indexer:
    """Writes to the indexes of a library; the caller holds its writer lock."""

    def __init__(self, catalogue: Catalogue, model: CurrentModel) -> None:
        self._catalogue = catalogue
        self._model = model
        self.embedded = 0  # chunks since the library was opened; the vectors of others were at hand

    def index(self, begun: Sequence[tuple[str, Incoming]], progress: Callable[[int, int], None] | None) -> None:
        """Write vectors and keywords of pending documents in bounded batches, reading their chunks from the disk.

        Args:
            begun: the id of each document, and what it was made of.
            progress: called with the number of chunks that are done and their total.
        """
        total = sum(self._catalogue.documents.get(document_id).chunks for document_id, _ in begun)
        given = {document_id: one.vectors for document_id, one in begun if one.vectors is not None}
        done = 0
        batch: list[StoredChunk] = []
        for document_id, _ in begun:
            last = ""
            while few := self._catalogue.chunks.of_document_after(document_id, last, _EMBEDDING_BATCH - len(batch)):
                last = few[-1].chunk_id
                batch += few
                if len(batch) == _EMBEDDING_BATCH:
                    done += self._index_batch(batch, given)
                    batch = []
                    if progress is not None:
                        progress(done, total)
        if batch:
            done += self._index_batch(batch, given)
            if progress is not None:
                progress(done, total)

    def _index_batch(self, batch: Sequence[StoredChunk], given: Mapping[str, NDArray[np.float32]]) -> int:
        use = self._model.use
        ours = [chunk for chunk in batch if chunk.document_id not in given]
        self.embed(ours)
        theirs = [chunk for chunk in batch if chunk.document_id in given]
        if theirs:
            rows = [given[c.document_id][number_of_chunk(c.chunk_id)] for c in theirs]
            vectors = {chunk_hash(c.heading_path, c.text): row for c, row in zip(theirs, rows, strict=True)}
            have = use.table.have(list(vectors))
            use.table.store({key: row for key, row in vectors.items() if key not in have}, use.index)
        self._catalogue.keywords.add(batch)
        return len(batch)

    def embed(self, chunks: Sequence[StoredChunk]) -> None:
        """Write the vectors of `chunks`, which are few; a text that has one already is not embedded again."""
        use = self._model.use
        texts = {chunk_hash(c.heading_path, c.text): embedded_text(c.heading_path, c.text) for c in chunks}
        have = use.table.have(list(texts))
        missing = {key: text for key, text in texts.items() if key not in have}
        if not missing:
            return
        made = use.embedder.embed_documents(list(missing.values()))
        if made.shape != (len(missing), use.embedder.dimension):
            raise LibraryError(f"the embedding model gave {made.shape}, not {(len(missing), use.embedder.dimension)}")
        use.table.store(dict(zip(missing, made, strict=True)), use.index)
        self.embedded += len(missing)
