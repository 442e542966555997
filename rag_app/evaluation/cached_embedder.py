"""An embedder that remembers on disk what it embedded, so that a measurement can be repeated in seconds."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.embedder import Embedder


class CachedEmbedder:
    """Vectors of another embedder, kept in one SQLite file by its fingerprint and the sha256 of the text."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = embedder.name
        self.fingerprint = embedder.fingerprint
        self._embedder = embedder
        self._lock = threading.Lock()
        self._file = sqlite3.connect(folder / "vectors.sqlite3", check_same_thread=False, isolation_level=None)
        self._file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        return self._embedder.dimension

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), dimension)`; only new texts are embedded."""
        keys = [self._key("document", text) for text in texts]
        found = {key: vector for key in dict.fromkeys(keys) if (vector := self._stored(key)) is not None}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if new:
            made = self._embedder.embed_documents(list(new.values()))
            for key, vector in zip(new, made, strict=True):
                self._store(key, vector)
                found[key] = vector
        return np.stack([found[key] for key in keys]) if keys else self._embedder.embed_documents(texts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(dimension,)`."""
        key = self._key("query", text)
        vector = self._stored(key)
        if vector is None:
            vector = self._embedder.embed_query(text)
            self._store(key, vector)
        return vector

    def _key(self, kind: str, text: str) -> bytes:
        return hashlib.sha256(f"{self.fingerprint}\0{kind}\0{text}".encode("utf-8", "surrogatepass")).digest()

    def _stored(self, key: bytes) -> NDArray[np.float32] | None:
        with self._lock:
            row = self._file.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype=np.float32)

    def _store(self, key: bytes, vector: NDArray[np.float32]) -> None:
        row = (key, vector.astype(np.float32).tobytes())
        with self._lock:
            self._file.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", row)
