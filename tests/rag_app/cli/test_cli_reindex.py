"""A library meets another embedding model: what each command says, and what `rag reindex` does about it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.library import Library
from rag_app.cli import main
from rag_app.collection import open_library, reindex_command
from rag_app.settings import Settings
from rag_app.ui.error_messages import explain
from rag_app.ui.strings import strings_for
from tests.ingest.conftest import HashingEmbedder, ReversedEmbedder


@pytest.fixture(autouse=True)
def another_default(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {None: ReversedEmbedder, "hashing": HashingEmbedder}
    monkeypatch.setattr("rag_app.collection.build_embedder", lambda settings: models[settings.embedder]())


def rag(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two collections that were made with the model of before."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The copper kettle holds two litres.")
    home = tmp_path / "home"
    monkeypatch.setenv("RAG_EMBEDDER", "hashing")
    for collection in ("default", "taxes"):
        found = rag("--home", home, "--collection", collection, "ingest", tmp_path / "docs", "--quiet")
        assert found.exit_code == 0, found.output
    monkeypatch.delenv("RAG_EMBEDDER")
    return home


@pytest.mark.parametrize(
    "command",
    [["ingest", "DOCS"], ["ask", "how much?"], ["chat", "--terminal"], ["list"], ["verify"], ["watch", "DOCS"],
     ["remove", "DOCS"], ["export", "FILE"], ["stats"]],
    ids=lambda c: c[0],
)  # fmt: skip
def test_every_command_names_the_one_that_helps_and_it_does(home: Path, tmp_path: Path, command: list[str]) -> None:
    places = {"DOCS": str(tmp_path / "docs"), "FILE": str(tmp_path / "file")}
    found = rag("--home", home, "--collection", "taxes", *(places.get(word, word) for word in command))
    assert found.exit_code == 2
    assert "'hashing'" in found.stderr and "'reversed'" in found.stderr and "Traceback" not in found.output
    assert f"rag --home {home} --collection taxes reindex`" in found.stderr


def test_reindex_makes_a_collection_anew(home: Path, tmp_path: Path) -> None:
    (tmp_path / "docs" / "a.txt").unlink()  # the file is not needed
    found = rag("--home", home, "reindex", "--quiet")
    assert found.exit_code == 0 and found.stdout.startswith("1 passages: 1 texts embedded")
    with open_library(Settings(home=home)) as library:
        assert [c.text for c in library.chunks([library.search_vectors("kettle", 1)[0][0]])] == [
            "The copper kettle holds two litres."
        ]
    assert "nothing to do" in rag("--home", home, "reindex").stdout
    taxes = rag("--home", home, "reindex", "--collection", "taxes", "--json")
    assert json.loads(taxes.stdout)["embedded"] == 1
    assert rag("--home", home, "--collection", "taxes", "list").exit_code == 0


def test_reindex_for_a_named_model_says_how_others_use_it(home: Path) -> None:
    assert rag("--home", home, "reindex").exit_code == 0
    found = rag("--home", home, "reindex", "--embedder", "hashing")
    assert found.exit_code == 0 and "RAG_EMBEDDER=hashing" in found.stderr
    assert rag("--home", home, "list").exit_code == 2


def test_reindex_needs_a_collection_and_shows_progress(home: Path) -> None:
    assert "rag ingest" in rag("--home", home, "--collection", "none", "reindex").stderr
    found = rag("--home", home, "reindex")
    assert "embedding" in found.stderr and "1/1" in found.stderr


def test_interrupted_it_says_that_nothing_is_lost(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ReversedEmbedder, "embed_documents", interrupted)
    found = rag("--home", home, "reindex")
    assert found.exit_code == 130 and "goes on where it was" in found.stderr


def test_the_page_says_it_in_words(home: Path) -> None:
    with pytest.raises(Exception, match="reindex") as raised:
        open_library(Settings(home=home))
    trouble = explain(raised.value, strings_for("en"))
    assert trouble.headline == strings_for("en").trouble_fingerprint
    assert "reindex`" in trouble.advice and "'hashing'" in trouble.advice


def test_the_command_can_be_typed_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_app.collection._program", lambda: "rag")
    monkeypatch.delenv("RAG_HOME", raising=False)
    assert reindex_command(Settings()) == "rag reindex"
    named = Settings(home=tmp_path / "my data", collection="taxes", embedder="a/b c")
    assert reindex_command(named) == f"rag --home '{tmp_path}/my data' --collection taxes reindex --embedder 'a/b c'"


def test_an_unreachable_chroma_server_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", "http://127.0.0.1:9")
    found = rag("--home", home, "reindex")
    assert found.exit_code == 2 and "no Chroma server answers at http://127.0.0.1:9" in found.stderr
    monkeypatch.setenv("RAG_CHROMA_URL", "nonsense")
    assert "RAG_CHROMA_URL='nonsense'" in rag("--home", home, "reindex").stderr
    with Library.open(home / "collections" / "default", HashingEmbedder()) as library:
        assert library.search_vectors("kettle", 1)  # nothing happened to it
