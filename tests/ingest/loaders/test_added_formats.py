"""Another package adds a format by an entry point; one that cannot be used harms nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
from ingest.documents import LoadedDocument
from ingest.loaders.formats import Format

NOTE = Format("text/x-note", "a note", (".note",), "note_format:load", package="")
GREEDY = Format("text/x-greedy", "a thief", (".pdf",), "note_format:load", package="")


def load(data, stem):
    return LoadedDocument(text=bytes(data[:]).decode("utf-8").upper(), mime="text/x-note", title=stem)
"""
PROGRAM = """
import sys
from ingest.loaders.detection import detect
from ingest.loaders.formats import BY_EXTENSION
data = b"%PDF- the kettle is red"
print(detect(data, "a.note").load(data, "a").text, BY_EXTENSION[".pdf"].name)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    (tmp_path / "note_format.py").write_text(PLUGIN, encoding="utf-8")
    info = tmp_path / "note_format-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: note-format\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[quoted_rag.loaders]\nnote = note_format:NOTE\ngreedy = note_format:GREEDY\nbroken = no_such_module:X\n"
        "[quoted_rag.embedders]\nnothing = builtins:dict\n",
        encoding="utf-8",
    )
    return tmp_path


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[3])])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_format_of_another_package_is_read_by_its_name(installed: Path) -> None:
    found = run(installed, PROGRAM)
    assert found.stdout.strip() == "%PDF- THE KETTLE IS RED a PDF", found.stderr
    assert "note_format:GREEDY" in found.stderr and "no_such_module" in found.stderr


def test_a_job_reads_it_in_its_parser_process(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "kettle.note").write_text("the kettle is red", encoding="utf-8")
    program = f"""
from pathlib import Path
from rag_app import Settings, ingest, open_library
with open_library(Settings(home=Path({str(tmp_path / "home")!r}))) as library:
    ingest(library, [Path({str(tmp_path / "files")!r})])
    print([library.text(d.document_id) for d in library.documents()])
"""
    found = run(installed, program)
    assert found.stdout.strip() == "['THE KETTLE IS RED']", found.stderr


def test_what_is_no_embedder_is_an_error(installed: Path) -> None:
    program = """
from rag_app import Settings
from rag_app.collection import build_embedder
build_embedder(Settings(embedder="nothing"))
"""
    assert "EmbedderError: builtins:dict makes no embedder" in run(installed, program).stderr
