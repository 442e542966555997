"""The embedding model whose vectors a library is searched with and writes now, and what belongs to that model."""

import threading
from dataclasses import dataclass
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.embedding.embedder import Embedder, EmbedderError, LocalEmbedder
from ingest.splitting.splitter import SplitterSettings
from ingest.upkeep.fingerprint import Fingerprint
from ingest.vectors.index import VectorIndex, open_index
from ingest.vectors.search import VectorSearch
from ingest.vectors.table import VectorTable


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """Everything that changes together when a library goes over to another model."""

    embedder: Embedder
    fingerprint: Fingerprint
    table: VectorTable
    index: VectorIndex
    search: VectorSearch


class CurrentModel:
    """Follows the library from one model to the next. Safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        splitter: SplitterSettings,
        embedder: Embedder,
        *,
        chroma_url: str | None,
        reindex_command: str,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._splitter = splitter
        self._chroma_url = chroma_url
        self._reindex_command = reindex_command
        self._following = threading.Lock()
        self._use = self._vectors_of_model(embedder)

    @property
    def use(self) -> ModelInUse:
        """The model as of the last search or write."""
        return self._use

    def follow(self) -> ModelInUse:
        """Go over to the vectors of another model, if another process has made them meanwhile.

        Raises:
            FingerprintMismatch: when that model is not to be had.
        """
        with self._following:
            stored = Fingerprint.read(self._folder, self._reindex_command)
            if not self._use.fingerprint.agrees_with(stored):
                try:
                    use = self._vectors_of_model(LocalEmbedder(stored.model))
                except (EmbedderError, OSError):
                    use = self._use
                use.fingerprint.check(stored, self._folder, self._reindex_command)
                self._use.index.close()
                self._use = use
            return self._use

    def close(self) -> None:
        """Close the index of the vectors."""
        self._use.index.close()

    def _vectors_of_model(self, embedder: Embedder) -> ModelInUse:
        fingerprint = Fingerprint.of(embedder, self._splitter, self._chroma_url)
        key = fingerprint.model_key
        table = VectorTable(self._catalogue.database, key, embedder.dimension)
        index = open_index(self._folder, self._catalogue.meta.library_id(), key, self._chroma_url)
        search = VectorSearch(self._catalogue, table, index, always_index=self._chroma_url is not None)
        return ModelInUse(embedder, fingerprint, table, index, search)
