from pathlib import Path

import numpy as np
import pytest
import pytest_socket

from ingest.embedding.embedder import Embedder, EmbedderError, LocalEmbedder
from ingest.library import Library


@pytest.fixture(scope="module")
def minilm() -> LocalEmbedder:
    return LocalEmbedder("all-MiniLM-L6-v2")


def test_what_is_known_before_loading(minilm: LocalEmbedder) -> None:
    assert isinstance(minilm, Embedder)
    assert (minilm.name, minilm.dimension) == ("all-MiniLM-L6-v2", 384)
    assert minilm.fingerprint == LocalEmbedder("all-MiniLM-L6-v2").fingerprint


def test_minilm_answers_offline_with_unit_vectors(minilm: LocalEmbedder, tmp_path: Path) -> None:
    pytest_socket.disable_socket(allow_unix_socket=True)
    try:
        vectors = minilm.embed_documents(["The cat sleeps on the sofa.", "Interest rates rose in March."])
        query = minilm.embed_query("a sleeping pet")
    finally:
        pytest_socket.enable_socket()
    assert vectors.shape == (2, 384) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert query.shape == (384,)
    assert query @ vectors[0] > query @ vectors[1] + 0.2
    assert minilm.embed_documents([]).shape == (0, 384)


def test_the_same_model_by_path_has_its_own_fingerprint_and_the_same_vectors(
    minilm: LocalEmbedder,
) -> None:
    by_path = LocalEmbedder(str(minilm.folder))
    assert by_path.dimension == 384
    assert by_path.fingerprint.startswith("sha256:")
    assert np.allclose(by_path.embed_query("same"), minilm.embed_query("same"), atol=1e-6)


def test_the_vectors_of_the_last_questions_are_remembered(
    minilm: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.embedding.embedder._QUERIES", 2)
    first = minilm.embed_query("first")
    asked: list[str] = []
    embed = minilm._loaded().embed_query

    def watched(text: str) -> object:
        asked.append(text)
        return embed(text)

    monkeypatch.setattr(minilm._loaded(), "embed_query", watched)
    for text in ("second", "first", "third", "first", "second"):
        minilm.embed_query(text)
    assert asked == ["second", "third", "second"]
    assert (minilm.embed_query("first") == first).all()
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_the_shipped_model_finds_across_languages() -> None:
    shipped = LocalEmbedder()
    assert (shipped.name, shipped.dimension) == ("bilingual-minilm", 384)
    question = shipped.embed_query("图书馆几点开门？")
    vectors = shipped.embed_documents(
        [
            "The library opens at eight in the morning.",
            "The soup costs three euros.",
            "圖書館早上八點開門。",
            "汤三欧元。",
        ]
    )
    near = vectors @ question
    assert min(near[0], near[2]) > max(near[1], near[3]) + 0.2


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model", "not a name!"])
def test_a_model_that_is_not_here_is_an_error_that_says_what_to_do(name: str) -> None:
    with pytest.raises(EmbedderError, match="hf download"):
        LocalEmbedder(name)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="holds no"):
        LocalEmbedder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        LocalEmbedder(str(tmp_path)).embed_query("x")


def test_a_library_finds_by_meaning(minilm: LocalEmbedder, tmp_path: Path) -> None:
    from ingest.job import ingest

    (tmp_path / "cat.txt").write_text("The kitten purred on the couch.")
    (tmp_path / "bank.txt").write_text("The central bank raised its rate.")
    with Library.open(tmp_path / "library", minilm) as library:
        ingest(library, [tmp_path])
        (best, similarity), *_ = library.search_vectors("a young cat", 5)
        assert library.chunks([best])[0].title == "cat"
        assert 0.3 < similarity < 1.0
