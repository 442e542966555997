"""An index in a folder, by Chroma inside this process, kept fresh although other processes write.

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
from ingest.vectors import chroma_collection

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
        self._collections: dict[str, Any] = {}

    def client(self) -> Any:
        """Return the open client."""
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.PersistentClient(
                path=str(self.folder), settings=Settings(anonymized_telemetry=False)
            )
        return self._client

    def collection(self, name: str, *, create: bool) -> Any:
        """Return a collection of the open client."""
        if name not in self._collections:
            self._collections[name] = chroma_collection.open_collection(self.client(), name, create=create)
        return self._collections[name]

    def forget(self, name: str) -> None:
        """Forget a collection that is deleted."""
        self._collections.pop(name, None)

    def close(self) -> None:
        """Close the client, and with it (it is the only one) Chroma's cached view of the folder."""
        client, self._client, self.generation = self._client, None, None
        self._collections.clear()
        if client is not None:
            client.close()


_clients: dict[Path, _SharedClient] = {}
_clients_lock = threading.Lock()


class ChromaFolder:
    """One library's use of the shared client of `folder`; see `VectorIndex`."""

    def __init__(self, folder: Path, name: str) -> None:
        key = folder.resolve()
        with _clients_lock:
            self._shared = _clients.setdefault(key, _SharedClient(key))
            self._shared.users += 1
        self._name = name
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

    def nearest(self, vector: NDArray[np.float32], k: int, generation: int) -> list[tuple[bytes, float]]:
        """Return up to `k` `(hash, cosine similarity)`, best first, as of `generation` or later."""
        with self._shared.lock:
            if self._shared.generation is None or self._shared.generation < generation:
                self._shared.close()
                self._shared.generation = generation
            return self._patiently(lambda c: chroma_collection.nearest(c, vector, k))

    def upsert(self, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Store one vector for each text; `vectors` has shape `(len(hashes), dimension)`."""
        with self._shared.lock:
            self._patiently(lambda c: chroma_collection.upsert(c, hashes, vectors), create=True)

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of these texts; texts without one are left out."""
        with self._shared.lock:
            found = self._patiently(lambda c: chroma_collection.vectors(c, [key.hex() for key in hashes]), create=True)
        return {bytes.fromhex(key): vector for key, vector in found.items()}

    def delete(self, hashes: Sequence[bytes]) -> None:
        """Delete the vectors of these texts; texts without one are passed over."""
        with self._shared.lock:
            self._patiently(lambda c: chroma_collection.delete(c, hashes), create=True)

    def hashes(self) -> set[bytes]:
        """Return the hashes of all that is stored."""
        with self._shared.lock:
            return self._patiently(chroma_collection.hashes, create=True)

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return vectors by their ids, whatever these are; ids without one, or all of no collection, are left out."""
        from chromadb.errors import NotFoundError

        def get(collection: Any) -> dict[str, NDArray[np.float32]]:
            return chroma_collection.vectors(collection, ids)

        with self._shared.lock:
            if not self._shared.folder.exists():
                return {}
            try:
                return self._patiently(get)
            except LibraryDamaged as error:
                if isinstance(error.__cause__, (NotFoundError, ValueError)):
                    return {}
                raise

    def drop_others(self) -> None:
        """Delete all other collections of the folder."""
        from chromadb.errors import ChromaError

        with self._shared.lock, self._shared.files:
            if not self._shared.folder.exists():
                return
            try:
                for name in chroma_collection.names(self._shared.client()):
                    if name != self._name:
                        self._shared.forget(name)
                        self._shared.client().delete_collection(name)
            except (ChromaError, RuntimeError, ValueError, AttributeError, OSError) as error:
                raise self._damaged(error) from error

    def erase(self) -> None:
        """Delete everything, the folder included: the last resort for an index that cannot be read."""
        with self._shared.lock, self._shared.files:
            self._shared.close()
            shutil.rmtree(self._shared.folder, ignore_errors=True)

    def _patiently(self, action: Callable[[Any], _Result], *, create: bool = False) -> _Result:
        """Run one Chroma call alone among all processes; after an error, reopen and try once more."""
        import chromadb  # noqa: F401 - takes a second, which must not pass while the files are locked

        try:
            with self._shared.files:
                return self._twice(action, create=create)
        except Timeout as error:
            raise LibraryLocked(
                f"another process has been busy with {self._shared.folder} for {_FILES_TIMEOUT:g} s; try again later"
            ) from error

    def _twice(self, action: Callable[[Any], _Result], *, create: bool) -> _Result:
        from chromadb.errors import ChromaError

        # AttributeError: on a damaged database Chroma stumbles over its own half-built client.
        failures = (ChromaError, RuntimeError, ValueError, AttributeError, OSError)
        try:
            return action(self._shared.collection(self._name, create=create))
        except failures:
            generation = self._shared.generation
            self._shared.close()
            self._shared.generation = generation
        try:
            return action(self._shared.collection(self._name, create=create))
        except failures as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> LibraryDamaged:
        return LibraryDamaged(
            f"the vectors in {self._shared.folder} cannot be used ({error}); `rag verify --repair` rebuilds them"
        )
