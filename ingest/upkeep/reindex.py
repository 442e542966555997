"""Go over to another embedding model, or another form of the indexes, while searches go on with what is there.

New vectors are made from the stored text beside those in use, in the same file but under the new model's name, and so
is a new keyword index. Then the keyword index is exchanged in one transaction, and `fingerprint.json` is replaced: from
that moment, other processes search the new vectors. At last the old ones are deleted. A crash at any point leaves one
or the other whole; the same command goes on where it was, and what it made already is not made again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.catalogue import Catalogue
from ingest.content_hash import chunk_hash, embedded_text
from ingest.embedding.embedder import Embedder
from ingest.errors import LibraryDamaged, LibraryError, LibraryNotFound
from ingest.splitting.splitter import SplitterSettings
from ingest.upkeep.fingerprint import Fingerprint
from ingest.upkeep.keyword_rebuild import KeywordRebuild
from ingest.upkeep.migrations import adopt_vectors
from ingest.upkeep.verify import fill_index
from ingest.upkeep.writer_lock import WriterLock
from ingest.vectors.index import IndexPlace, VectorIndex, erase_folder_index, open_index
from ingest.vectors.table import VectorTable, delete_other_models

_BATCH = 512  # chunks held in memory at once; their texts are embedded by length, which saves padding
_TOGETHER = 64  # texts embedded between two reports of progress
_GOING_TO = "reindexing_to"  # a note of the library: the model whose vectors are being made, until all is tidied up

Stage = Literal["vectors", "index", "keywords"]
Progress = Callable[[Stage, int, int], None]


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What was made anew: texts embedded, and chunks in a new keyword index. `moved` is where the index went."""

    chunks: int
    embedded: int
    keywords: int
    moved: IndexPlace | None
    changed: bool


def reindex(
    folder: Path,
    embedder: Embedder,
    *,
    chroma_url: str | None = None,
    lock_timeout: float = 10.0,
    progress: Progress | None = None,
) -> ReindexReport:
    """Make a library fit for a model and for this version of the program.

    Args:
        folder: the library's.
        embedder: the model to go over to.
        chroma_url: of the Chroma server that is to have the index; None: it will be in the folder.
        lock_timeout: how many seconds to wait for another writer.
        progress: called with what is being made, how many are done and how many there are.

    Raises:
        LibraryNotFound: there is none.
        LibraryLocked: another writer keeps it.
        EmbedderError: the model cannot be used.
        ServerUnreachable: there is no Chroma server at the address.
    """
    if not (folder / "library.sqlite3").exists():
        raise LibraryNotFound(f"there is no library in {folder}; make one with `rag ingest`")
    with WriterLock(folder, lock_timeout).hold():
        catalogue = Catalogue(folder / "library.sqlite3", create=False)
        try:
            return _Reindex(folder, catalogue, embedder, chroma_url, progress or _silent).run()
        finally:
            catalogue.close()


def _silent(stage: Stage, done: int, total: int) -> None:
    pass


class _Reindex:
    """One run. The caller holds the writer lock."""

    def __init__(
        self, folder: Path, catalogue: Catalogue, embedder: Embedder, chroma_url: str | None, progress: Progress
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._embedder = embedder
        self._chroma_url = chroma_url
        self._progress = progress
        try:
            self._stored: Fingerprint | None = Fingerprint.read(folder)
        except LibraryDamaged:  # it is made anew
            self._stored = None
        sizes = SplitterSettings(**self._stored.splitter) if self._stored is not None else SplitterSettings()
        self._target = Fingerprint.of(embedder, sizes, chroma_url)
        self._table = VectorTable(catalogue.database, self._target.model_key, embedder.dimension)

    def run(self) -> ReindexReport:
        stored, target = self._stored, self._target
        self._catalogue.abandon()
        chunks = self._catalogue.documents.chunk_count()
        index = open_index(self._folder, self._catalogue.meta.library_id(), target.model_key, self._chroma_url)
        try:
            is_same_model = stored is not None and target.model_key == stored.model_key
            if is_same_model and self._catalogue.meta.get("vectors_to_adopt"):
                adopt_vectors(self._catalogue, self._table, index, self._folder)
            self._catalogue.meta.set("vectors_to_adopt", None)
            if stored is not None and target.agrees_with(stored):
                tidy_up(self._catalogue, index, target, self._folder)
                return ReindexReport(chunks, 0, 0, None, changed=False)
            self._catalogue.meta.set(_GOING_TO, target.model_key)
            embedded = self._make_vectors(index)
            keywords = 0
            if stored is None or stored.keywords != target.keywords:
                rebuild = KeywordRebuild(self._catalogue, target.keywords)
                keywords = rebuild.run(lambda done, total: self._progress("keywords", done, total))
            target.write(self._folder)
            self._catalogue.meta.move_generation()
            tidy_up(self._catalogue, index, target, self._folder)
        finally:
            index.close()
        moved = target.index if stored is None or stored.index is not target.index else None
        return ReindexReport(chunks, embedded, keywords, moved, changed=True)

    def _make_vectors(self, index: VectorIndex) -> int:
        """Embed every text that has no vector of this model yet; return how many were."""
        total, done, embedded, last = self._catalogue.documents.chunk_count(), 0, 0, 0
        wanted: set[bytes] = set()
        while True:
            last, chunks = self._catalogue.chunks.ready_after(last, _BATCH)
            if not chunks:
                break
            texts = {chunk_hash(c.heading_path, c.text): embedded_text(c.heading_path, c.text) for c in chunks}
            wanted.update(texts)
            have = self._table.have(list(texts))
            missing = sorted((key for key in texts if key not in have), key=lambda key: len(texts[key]))
            done += len(chunks) - len(missing)
            for start in range(0, len(missing), _TOGETHER):
                few = missing[start : start + _TOGETHER]
                self._embed({key: texts[key] for key in few}, index)
                done += len(few)
                embedded += len(few)
                self._progress("vectors", done, total)
            self._progress("vectors", done, total)
        # Of an interrupted run, some texts may be gone; of this one, some vectors were made for an index elsewhere.
        self._table.delete(self._table.hashes() - wanted)
        fill_index(self._table, index, lambda done, total: self._progress("index", done, total))
        return embedded

    def _embed(self, texts: dict[bytes, str], index: VectorIndex) -> None:
        vectors = self._embedder.embed_documents(list(texts.values()))
        if vectors.shape != (len(texts), self._embedder.dimension):
            raise LibraryError(
                f"the embedding model gave {vectors.shape}, not {(len(texts), self._embedder.dimension)}"
            )
        self._table.store(dict(zip(texts, vectors, strict=True)), index)


def tidy_up(catalogue: Catalogue, index: VectorIndex, target: Fingerprint, folder: Path) -> None:
    """Delete what was searched before a library went over to `target`. The caller holds the writer lock."""
    delete_other_models(catalogue.database, target.model_key)
    index.drop_others()
    if target.index is IndexPlace.SERVER:
        erase_folder_index(folder)
    catalogue.meta.set(_GOING_TO, None)


def left_untidy(catalogue: Catalogue, target: Fingerprint) -> bool:
    """Whether a crash came between the last step to `target` and tidying up."""
    return catalogue.meta.get(_GOING_TO) == target.model_key
