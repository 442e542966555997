"""What the tests of `ingest` share: a small deterministic embedder and a library that uses it."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.documents import DocumentRecord, LoadedDocument
from ingest.library import Library

_WORD = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]")


@cache
def _direction(word: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(HashingEmbedder.dimension, dtype=np.float32)


class HashingEmbedder:
    """A real, if simple, embedder: each word adds a direction that its hash decides."""

    name = "hashing"
    dimension = 64
    fingerprint = "hashing-64"

    def __init__(self) -> None:
        self.calls = 0

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        return np.stack([self._embed(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._embed(text)

    def _embed(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimension, 1e-3, dtype=np.float32)
        for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()):
            vector += _direction(word)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


class ReversedEmbedder(HashingEmbedder):
    """Another model: its vectors are of another length, and mean nothing to the first."""

    name = "reversed"
    dimension = 32
    fingerprint = "reversed-32"

    def _embed(self, text: str) -> NDArray[np.float32]:
        vector = HashingEmbedder()._embed(text)[::-2]
        return (vector / np.linalg.norm(vector)).astype(np.float32)


def plain(text: str, title: str = "note") -> LoadedDocument:
    return LoadedDocument(text=text, mime="text/plain", title=title)


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def library(tmp_path: Path, embedder: HashingEmbedder) -> Iterator[Library]:
    with Library.open(tmp_path / "library", embedder, lock_timeout=1.0) as opened:
        yield opened


@pytest.fixture
def commit(library: Library) -> Callable[..., DocumentRecord]:
    """Commit a plain text under a source name."""

    def _commit(source: str, text: str, title: str = "note") -> DocumentRecord:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return library.commit(source, plain(text, title), sha256, len(text.encode()))

    return _commit
