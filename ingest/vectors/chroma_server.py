"""An index on a Chroma server, which several processes and computers share.

The server answers for what all of them wrote, so nothing needs to be reopened. Connections are made only to the address
that the user set, and nothing is told to anyone else.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ingest.errors import LibraryDamaged, LibraryError, ServerUnreachable
from ingest.vectors import chroma_collection

_Result = TypeVar("_Result")


class ChromaServer:
    """One collection on the server at `url`; see `VectorIndex`.

    Raises:
        LibraryError: when `url` is not `http://HOST[:PORT]` or `https://HOST[:PORT]`.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._host, self._port, self._ssl = _parts(url)
        self._name = name
        self._lock = threading.RLock()
        self._client: Any = None
        self._collection: Any = None

    def nearest(self, vector: NDArray[np.float32], k: int, generation: int) -> list[tuple[bytes, float]]:  # noqa: ARG002
        """Return up to `k` `(hash, cosine similarity)`, best first."""
        return self._ask(lambda c: chroma_collection.nearest(c, vector, k))

    def upsert(self, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Store one vector for each text; `vectors` has shape `(len(hashes), dimension)`."""
        self._ask(lambda c: chroma_collection.upsert(c, hashes, vectors), create=True)

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of these texts; texts without one are left out."""
        found = self._ask(lambda c: chroma_collection.vectors(c, [key.hex() for key in hashes]), create=True)
        return {bytes.fromhex(key): vector for key, vector in found.items()}

    def delete(self, hashes: Sequence[bytes]) -> None:
        """Delete the vectors of these texts; texts without one are passed over."""
        self._ask(lambda c: chroma_collection.delete(c, hashes), create=True)

    def hashes(self) -> set[bytes]:
        """Return the hashes of all that is stored."""
        return self._ask(chroma_collection.hashes, create=True)

    def drop_others(self) -> None:
        """Delete the collections of the same library's other models."""
        library = self._name.rpartition("-")[0] + "-"

        def delete() -> None:
            for name in chroma_collection.names(self._connected()):
                if name.startswith(library) and name != self._name:
                    self._connected().delete_collection(name)

        with self._lock:
            self._explained(delete)

    def erase(self) -> None:
        """Delete the collection: the server's own files are not ours to mend."""
        from chromadb.errors import NotFoundError

        def delete() -> None:
            with contextlib.suppress(NotFoundError):
                self._connected().delete_collection(self._name)

        with self._lock:
            self._collection = None
            self._explained(delete)

    def refresh(self) -> None:
        """Look the collection up anew at the next use: another process may have replaced it."""
        with self._lock:
            self._collection = None

    def wrote(self, before: int, after: int) -> None:
        """Do nothing: the server knows."""

    def close(self) -> None:
        """Close the connection. Closing twice is harmless."""
        with self._lock:
            client, self._client, self._collection = self._client, None, None
            if client is not None:
                client.close()

    def _connected(self) -> Any:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.HttpClient(
                host=self._host, port=self._port, ssl=self._ssl, settings=Settings(anonymized_telemetry=False)
            )
        return self._client

    def _ask(self, action: Callable[[Any], _Result], *, create: bool = False) -> _Result:
        """Run one call; a collection that was replaced meanwhile is looked up once more."""
        from chromadb.errors import NotFoundError

        def call() -> _Result:
            if self._collection is None:
                self._collection = chroma_collection.open_collection(self._connected(), self._name, create=create)
            return action(self._collection)

        def call_twice() -> _Result:
            try:
                return call()
            except NotFoundError:
                self._collection = None
                return call()

        with self._lock:
            return self._explained(call_twice)

    def _explained(self, action: Callable[[], _Result]) -> _Result:
        """Turn Chroma's and the connection's errors into ours, which say what to do."""
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        try:
            return action()
        except NotFoundError as error:
            raise LibraryDamaged(
                f"the Chroma server at {self._url} has no vectors of this library (collection {self._name}); "
                "`rag verify --repair` writes them again"
            ) from error
        except (httpx.HTTPError, ConnectionError, OSError) as error:
            raise self._unreachable(error) from error
        except (ChromaError, ValueError, RuntimeError, KeyError) as error:
            if self._client is None:  # Chroma wraps the failure of its first connection in a ValueError
                raise self._unreachable(error) from error
            raise LibraryError(f"the Chroma server at {self._url} refused ({error}); see its own messages") from error

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        return ServerUnreachable(
            f"no Chroma server answers at {self._url} ({error}); start it with `chroma run --host {self._host} "
            f"--port {self._port} --path FOLDER`, or correct or unset RAG_CHROMA_URL"
        )


def _parts(url: str) -> tuple[str, int, bool]:
    """Return host, port and whether the connection is encrypted."""
    wrong = LibraryError(f"RAG_CHROMA_URL={url!r}: give http://HOST:PORT or https://HOST:PORT, and nothing after it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise wrong
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise wrong
    return parts.hostname, port or (443 if parts.scheme == "https" else 8000), parts.scheme == "https"
