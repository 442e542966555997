import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ingest.resources import shipped
from model.network.precision import number_format
from rag_app.cli import main


def rag(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one collection of two documents."""
    folder = tmp_path_factory.mktemp("cli")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "garage.txt").write_text("The access code of the garage is 4711. It changes every May.")
    (documents / "会议室.txt").write_text("预订三楼会议室需要提前两天。", encoding="gb18030")
    found = rag(folder / "home", "ingest", str(documents), "--json", "--quiet")
    assert found.exit_code == 0, found.output
    assert len(json.loads(found.stdout.splitlines()[-1])["added"]) == 2
    return folder / "home"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from rag_app.cli import main; "
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0; "
        "print([m for m in ('torch', 'chromadb', 'langchain_core', 'streamlit', 'transformers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["ingest", "ask", "chat", "list", "remove", "verify", "doctor", "eval", "model"])
def test_every_command_explains_itself(command: str) -> None:
    found = CliRunner().invoke(main, [command, "--help"])
    assert found.exit_code == 0 and "Usage" in found.output


def test_ask_quotes_and_shows_the_place(home: Path) -> None:
    found = rag(home, "ask", "What is the access code of the garage?")
    assert found.exit_code == 0
    assert "4711" in found.output and "garage.txt" in found.output


def test_ask_emphasises_the_answer_inside_its_sentence(home: Path) -> None:
    found = CliRunner().invoke(main, ["--home", str(home), "ask", "What is the access code of the garage?"], color=True)
    bold = click.style("4711", bold=True, underline=True)
    assert f"The access code of the garage is {bold}.\n" in found.output
    assert "It changes every May" not in found.output


def test_ask_as_json(home: Path) -> None:
    found = rag(home, "ask", "预订三楼会议室需要提前多久？", "--json")
    answer = json.loads(found.stdout)
    assert answer["answered"] is True and found.exit_code == 0
    assert "两天" in answer["citations"][0]["quote"]


def test_ask_what_is_not_there_ends_with_status_1(home: Path) -> None:
    found = rag(home, "ask", "Who was the first person to climb Mount Everest?", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["answered"] is False


def test_ask_may_choose_the_documents(home: Path) -> None:
    question = "What is the access code of the garage?"
    assert rag(home, "ask", question, "--language", "en", "--type", "txt", "--source", "gar*").exit_code == 0
    documents = str(home.parent / "documents")
    assert rag(home, "ask", question, "--folder", documents, "--since", "2000-01-01").exit_code == 0
    elsewhere = rag(home, "ask", question, "--source", "会议室.txt")
    assert elsewhere.exit_code == 1
    assert "searched only in source 会议室.txt" in elsewhere.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tag", "legal"], "no document has the tag 'legal'; none has any"),
        (["--folder", ""], "folder ''"),
        (["--folder", "nowhere"], "nowhere'; there are "),
        (["--type", "exe"], "type 'exe' is not one that can be read"),
        (["--since", "soon"], "since 'soon' is no day; write it as 2024-12-31"),
        (["--until", "1999-12-31"], "the files were changed between"),
    ],
)
def test_choosing_what_is_not_there_is_one_clear_line(home: Path, options: list[str], message: str) -> None:
    found = rag(home, "ask", "What is the access code of the garage?", *options)
    assert found.exit_code == 2
    assert message in found.stderr and found.stderr.count("\n") == 1


def test_chat_in_the_terminal_searches_the_chosen_documents(home: Path) -> None:
    asked = ["--home", str(home), "chat", "--terminal", "--language", "zh"]
    found = CliRunner().invoke(main, asked, input="What is the access code of the garage?\n\n")
    assert "searching only in language zh" in found.output and "4711" not in found.output
    assert rag(home, "chat", "--language", "zh").exit_code == 2  # the page has its own choice


def test_a_place_inside_an_archive_names_both(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("inner/cellar.md", "The key of the cellar hangs behind the mirror.")
    rag(tmp_path / "home", "ingest", str(tmp_path / "bundle.zip"), "--quiet")
    found = rag(tmp_path / "home", "ask", "Where does the key of the cellar hang?")
    assert "[1] bundle.zip › inner/cellar.md" in found.output
    nearest = rag(tmp_path / "home", "ask", "Who was the president of Brazil in 1975?")
    assert "bundle.zip › inner/cellar.md: The key" in nearest.output


def test_a_reranker_that_is_not_there_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_RERANKER", "nobody/nothing")
    found = rag(home, "ask", "What is the access code of the garage?")
    assert found.exit_code == 2 and "nothing is downloaded unasked" in found.stderr


def test_an_unknown_collection_is_a_clear_error(home: Path) -> None:
    found = rag(home, "--collection", "nowhere", "ask", "What is the code?")
    assert found.exit_code == 2
    assert "rag ingest" in found.stderr


def test_a_bad_collection_name_is_a_usage_error(home: Path) -> None:
    found = rag(home, "--collection", "../escape", "list")
    assert found.exit_code == 2 and "collection" in found.stderr


def test_a_bad_file_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("The roof was mended in 2019.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 but no more")
    found = rag(tmp_path / "home", "ingest", str(tmp_path), "--quiet")
    assert found.exit_code == 1
    assert "bad.pdf" in found.stderr and "1 added" in found.stdout
    listed = json.loads(rag(tmp_path / "home", "list", "--json").stdout)
    assert {Path(r["source"]).name: r["state"] for r in listed} == {"good.txt": "ready", "bad.pdf": "failed"}


def test_remove_and_verify(tmp_path: Path) -> None:
    (tmp_path / "roof.txt").write_text("The roof was mended in 2019.")
    home = tmp_path / "home"
    rag(home, "ingest", str(tmp_path / "roof.txt"), "--quiet")
    assert rag(home, "verify").exit_code == 0
    assert rag(home, "remove", str(tmp_path / "roof.txt")).exit_code == 0
    assert json.loads(rag(home, "list", "--json").stdout) == []
    assert rag(home, "remove", "nothing").exit_code == 1
    assert rag(home, "verify").exit_code == 0


def test_doctor_finds_nothing_wrong(home: Path) -> None:
    found = rag(home, "doctor")
    assert found.exit_code == 0, found.output
    assert "WRONG" not in found.output
    dtype, reason = number_format()
    assert f"computes in {str(dtype).removeprefix('torch.')} ({reason})" in found.output


def test_doctor_names_what_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAG_READER", str(tmp_path))
    found = rag(home, "doctor")
    assert found.exit_code == 1 and "WRONG reader" in found.stderr


def test_damaged_calibration_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reader = tmp_path / "reader"
    shutil.copytree(shipped("models/reader"), reader)
    (reader / "calibration.json").write_text("{}")
    monkeypatch.setenv("RAG_READER", str(reader))
    found = rag(home, "ask", "What is the access code of the garage?")
    assert found.exit_code == 2
    assert "calibration.json" in found.stderr and "Traceback" not in found.stderr


def test_an_impossible_home_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    found = rag(tmp_path / "file" / "home", "ingest", str(tmp_path / "file"))
    assert found.exit_code == 2 and "rag: " in found.stderr
