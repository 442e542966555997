from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_app.evaluation.cached_embedder import CachedEmbedder


class Counting:
    """Embeds a text as its length and remembers what it was asked."""

    name = "counting"
    dimension = 2

    def __init__(self, fingerprint: str = "one") -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(t), 1.0] for t in texts], dtype=np.float32).reshape(-1, 2)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        return np.array([len(text), 2.0], dtype=np.float32)


def test_a_text_is_embedded_once_even_by_another_process(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    made = CachedEmbedder(first, tmp_path).embed_documents(["a", "bb", "a"])
    again = CachedEmbedder(second, tmp_path).embed_documents(["bb", "ccc", "a"])
    assert made.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert again.tolist() == [[2, 1], [3, 1], [1, 1]]
    assert (first.asked, second.asked) == (["a", "bb"], ["ccc"])


def test_queries_and_other_models_have_vectors_of_their_own(tmp_path: Path) -> None:
    CachedEmbedder(Counting(), tmp_path).embed_documents(["a"])
    asked = CachedEmbedder(Counting(), tmp_path)
    assert asked.embed_query("a").tolist() == asked.embed_query("a").tolist() == [1, 2]
    other = Counting("two")
    CachedEmbedder(other, tmp_path).embed_documents(["a"])
    assert other.asked == ["a"]


def test_no_texts_give_no_vectors(tmp_path: Path) -> None:
    assert CachedEmbedder(Counting(), tmp_path).embed_documents([]).shape == (0, 2)
