"""The vectors of a library in Chroma, kept fresh although other processes write.

A Chroma client that lives long keeps answering with vectors that another process deleted and misses those it added
(measured on chromadb 1.5.9). So every search says which generation of the library it wants, and the client is closed
and opened again when that moved. Nor may a process read the index's files while another rewrites them (measured: the
reader dies of a segmentation fault), so every call holds a file lock, for milliseconds.

All libraries of a process that lie in one folder share one client: Chroma itself shares the database by path, and a
client of which only one copy was reopened would stay stale.
"""

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ingest.errors import LibraryDamaged, LibraryLocked

_COLLECTION = "chunks"
_PAGE = 5000  # ids read or deleted in one call; Chroma's own limit is 5461
_FILES_TIMEOUT = 60.0  # seconds; a writer holds the files for one batch, far less than a second
_FILES_POLL = 0.005  # seconds
_Result = TypeVar("_Result")


class _SharedClient:
    """The one Chroma client of a folder in this process. Every use holds its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.files = FileLock(folder.with_name(f"{folder.name}.lock"), _FILES_TIMEOUT, poll_interval=_FILES_POLL)
        self.users = 0
        self.generation: int | None = None  # of the library, when the client was opened or last wrote
        self._client: Any = None
        self._collection: Any = None

    def collection(self) -> Any:
        """Return the open collection."""
        if self._collection is None:
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.PersistentClient(
                path=str(self.folder), settings=Settings(anonymized_telemetry=False)
            )
            # No embedding function: Chroma's default one would download a model.
            self._collection = self._client.get_or_create_collection(
                _COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": 200}}
            )
        return self._collection

    def close(self) -> None:
        """Close the client, and with it (it is the only one) Chroma's cached view of the folder."""
        client, self._client, self._collection, self.generation = self._client, None, None, None
        if client is not None:
            client.close()


_clients: dict[Path, _SharedClient] = {}
_clients_lock = threading.Lock()


class Vectors:
    """One library's use of the shared client of `folder`. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        key = folder.resolve()
        with _clients_lock:
            self._shared = _clients.setdefault(key, _SharedClient(key))
            self._shared.users += 1
        self._closed = False

    def close(self) -> None:
        """Give up the client; the last user closes it. Closing twice is harmless."""
        with _clients_lock:
            if self._closed:
                return
            self._closed = True
            self._shared.users -= 1
            if self._shared.users == 0:
                with self._shared.lock:
                    self._shared.close()
                del _clients[self._shared.folder]

    def refresh(self) -> None:
        """Reopen at the next use: somebody else wrote."""
        with self._shared.lock:
            self._shared.close()

    def wrote(self, before: int, after: int) -> None:
        """Note that this process itself moved the generation, so that its client is fresh."""
        with self._shared.lock:
            if self._shared.generation in {before, None}:
                self._shared.generation = after

    def nearest(self, vector: NDArray[np.float32], k: int, generation: int) -> list[tuple[str, float]]:
        """Return up to `k` `(chunk_id, cosine similarity)`, best first, as of `generation` or later."""
        with self._shared.lock:
            self._be_as_of(generation)
            found = self._patiently(lambda c: c.query(query_embeddings=[vector], n_results=k, include=["distances"]))
        distances = found["distances"][0]
        return [(str(i), 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def upsert(self, chunk_ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store one vector for each id; `vectors` has shape `(len(chunk_ids), dimension)`."""
        with self._shared.lock:
            self._patiently(lambda c: c.upsert(ids=list(chunk_ids), embeddings=vectors))

    def get(self, chunk_ids: Sequence[str], generation: int | None = None) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of these ids, as of `generation` or later; ids without one are left out."""
        vectors: dict[str, NDArray[np.float32]] = {}
        with self._shared.lock:
            if generation is not None:
                self._be_as_of(generation)
            for start in range(0, len(chunk_ids), _PAGE):
                few = list(chunk_ids[start : start + _PAGE])
                found = self._patiently(lambda c, few=few: c.get(ids=few, include=["embeddings"]))  # type: ignore[misc]
                vectors |= {
                    str(i): np.asarray(v, dtype=np.float32)
                    for i, v in zip(found["ids"], found["embeddings"], strict=True)
                }
        return vectors

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Delete the vectors of these ids; ids without one are passed over."""
        with self._shared.lock:
            for start in range(0, len(chunk_ids), _PAGE):
                few = list(chunk_ids[start : start + _PAGE])
                self._patiently(lambda c, few=few: c.delete(ids=few))  # type: ignore[misc]

    def ids(self) -> set[str]:
        """Return the ids of all stored vectors."""
        found: set[str] = set()
        with self._shared.lock:
            while True:
                page = self._patiently(lambda c: c.get(include=[], limit=_PAGE, offset=len(found)))["ids"]
                found.update(page)
                if len(page) < _PAGE:
                    return found

    def erase(self) -> None:
        """Delete everything, the folder included: the last resort for an index that cannot be read."""
        with self._shared.lock, self._shared.files:
            self._shared.close()
            shutil.rmtree(self._shared.folder, ignore_errors=True)

    def _be_as_of(self, generation: int) -> None:
        """Close a client that is older than `generation`: the next use opens it anew."""
        if self._shared.generation is None or self._shared.generation < generation:
            self._shared.close()
            self._shared.generation = generation

    def _patiently(self, action: Callable[[Any], _Result]) -> _Result:
        """Run one Chroma call alone among all processes; after an error, reopen and try once more."""
        import chromadb  # noqa: F401 - takes a second, which must not pass while the files are locked

        try:
            with self._shared.files:
                return self._twice(action)
        except Timeout as error:
            raise LibraryLocked(
                f"another process has been busy with {self._shared.folder} for {_FILES_TIMEOUT:g} s; try again later"
            ) from error

    def _twice(self, action: Callable[[Any], _Result]) -> _Result:
        from chromadb.errors import ChromaError

        # AttributeError: on a damaged database Chroma stumbles over its own half-built client.
        failures = (ChromaError, RuntimeError, ValueError, AttributeError, OSError)
        try:
            return action(self._shared.collection())
        except failures:
            generation = self._shared.generation
            self._shared.close()
            self._shared.generation = generation
        try:
            return action(self._shared.collection())
        except failures as error:
            raise LibraryDamaged(
                f"the vectors in {self._shared.folder} cannot be used ({error}); `rag verify --repair` rebuilds them"
            ) from error
