from pathlib import Path

import pytest

from rag_app.settings import Settings, SettingsError


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "a..b", "x" * 65, "a\\b", "a\nb"])
def test_a_collection_name_can_never_be_a_path(name: str) -> None:
    with pytest.raises(SettingsError, match="collection"):
        Settings(collection=name)


@pytest.mark.parametrize("name", ["default", "项目文档", "a.b-c_d", "2026"])
def test_ordinary_names_work(name: str, tmp_path: Path) -> None:
    assert Settings(home=tmp_path, collection=name).library_folder == tmp_path / "collections" / name


def test_arguments_beat_the_environment_which_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_COLLECTION", "from-environment")
    monkeypatch.setenv("RAG_PASSAGES", "5")
    assert Settings.from_environment().collection == "from-environment"
    assert Settings.from_environment(collection="given").collection == "given"
    assert Settings.from_environment().passages == 5


def test_a_bad_number_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PASSAGES", "many")
    with pytest.raises(SettingsError, match="RAG_PASSAGES"):
        Settings.from_environment()
