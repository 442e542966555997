"""A library is opened only by what made it, and the message says what mends it."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import FingerprintMismatch, LibraryDamaged
from ingest.splitting.splitter import SplitterSettings
from ingest.upkeep.fingerprint import Fingerprint
from ingest.vectors.index import IndexPlace
from tests.ingest.conftest import HashingEmbedder


@pytest.fixture
def made() -> Fingerprint:
    return Fingerprint.of(HashingEmbedder(), SplitterSettings())


def test_what_is_written_is_read(made: Fingerprint, tmp_path: Path) -> None:
    assert not Fingerprint.is_in(tmp_path)
    made.write(tmp_path)
    assert Fingerprint.is_in(tmp_path) and Fingerprint.read(tmp_path) == made
    assert [p.name for p in tmp_path.iterdir()] == ["fingerprint.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": "x", "fingerprint": "y", "dimension": "many"}'])
def test_a_damaged_file_names_the_command_that_mends_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "fingerprint.json").write_text(content, encoding="utf-8")
    with pytest.raises(LibraryDamaged, match="`rag --home x reindex` makes"):
        Fingerprint.read(tmp_path, "rag --home x reindex")


def test_a_missing_file_does_too(tmp_path: Path) -> None:
    with pytest.raises(LibraryDamaged, match="is missing; `rag reindex`"):
        Fingerprint.read(tmp_path)


def test_another_name_of_the_same_model_is_no_difference(made: Fingerprint, tmp_path: Path) -> None:
    renamed = replace(made, model="the same under another name")
    assert renamed.agrees_with(made) and renamed.model_key == made.model_key
    renamed.check(made, tmp_path)


def test_an_older_keyword_index_passes_and_a_newer_one_does_not(made: Fingerprint, tmp_path: Path) -> None:
    made.check(replace(made, keywords=made.keywords - 1), tmp_path)
    with pytest.raises(FingerprintMismatch, match="another version of this program"):
        made.check(replace(made, keywords=made.keywords + 1), tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fingerprint": "sha256:other"}, "but now .* is in use. Run `rag reindex`"),
        ({"dimension": 7}, "7 dimensions"),
        ({"splitter": {"size": 1}}, "size 1, but now"),
        ({"embedded_text": 99}, "embedded text 99"),
        ({"index": IndexPlace.SERVER}, "on a Chroma server"),
    ],
)
def test_each_difference_is_told_in_its_own_words(
    made: Fingerprint, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    with pytest.raises(FingerprintMismatch, match=says):
        made.check(replace(made, **change), tmp_path)  # type: ignore[arg-type]


def test_a_server_asked_for_where_the_vectors_are_in_the_folder(made: Fingerprint, tmp_path: Path) -> None:
    with pytest.raises(FingerprintMismatch, match="RAG_CHROMA_URL is set, but"):
        replace(made, index=IndexPlace.SERVER).check(made, tmp_path)


def test_vectors_of_two_models_have_two_keys(made: Fingerprint) -> None:
    keys = {made.model_key, replace(made, fingerprint="x").model_key, replace(made, embedded_text=99).model_key}
    assert len(keys) == 3
