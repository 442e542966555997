import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.resources import shipped
from model.json_lines import DataError
from model.training.synthetic.conversations import FILES
from rag_app.evaluation import model_card, plots
from rag_app.evaluation.answers import AskedQuestion, write_details
from rag_app.evaluation.grounding import report
from rag_app.evaluation.model_card import blocks, fill

RECIPE = """
after = "first.toml"
[[stage]]
files = [{ file = "qa/two.jsonl.xz" }, { file = "qa/one.jsonl.xz" }]
practice = [{ kind = "cloze", file = "text/raw.jsonl" }]
"""
FIRST = """
[[stage]]
files = [{ file = "qa/one.jsonl.xz" }]
[vocabulary]
texts = [{ file = "text/raw.jsonl" }]
"""
MANIFEST = """
| file | rows | use |
|---|---|---|
| qa/one.jsonl, qa/other.jsonl | 40 each | train |

| file | rows | repo @ commit : path | licence | use |
|---|---|---|---|---|
| qa/two.jsonl | 7 | them/that@12 | CC0 | train |
| text/raw.jsonl | 9 | us/this@34 | MIT | train |
"""


def outcome(f1: float, answered: bool, confidence: float, rank: int | None = None) -> AskedQuestion:
    return AskedQuestion("1", "q", ("a",), "en", "fact", "c", answered, confidence, f1, float(f1 == 1), rank, 12.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reader.toml").write_text(RECIPE)
    (tmp_path / "first.toml").write_text(FIRST)
    (tmp_path / "MANIFEST.md").write_text(MANIFEST)
    write_details(
        [outcome(1.0, True, 0.9), outcome(0.0, True, 0.8), outcome(0.5, False, 0.1)],
        tmp_path / "docqa_dev.en.reader.jsonl",
    )
    write_details([outcome(1.0, True, 0.9, 1), outcome(0.0, False, 0.2, 3)], tmp_path / "mine.end-to-end.jsonl")
    nothing = report([])
    swap = {"n": 10, "rate": 0.8, "low": 0.49, "high": 0.943}
    measured = {**nothing, "swap": {**nothing["swap"], "follows": swap}}
    (tmp_path / "grounding.json").write_text(json.dumps({"files": {"q.jsonl.xz": measured}, "languages": {}}))
    return tmp_path


def test_tables_hold_what_was_measured(folder: Path) -> None:
    found = blocks(shipped("models/reader"), folder, folder / "reader.toml", folder / "MANIFEST.md")
    assert "| people's questions, English | 3 | 50.0 (0–100) | 33.3 (0–100) |" in found["reader"]
    assert "66.7 % | 50.0 % (9–91) |" in found["reader"]
    assert "people's questions, English: fact" in found["reader"]
    assert found["end-to-end"].endswith("| 50.0 % | 100.0 % | 12 ms |")
    assert "| q | 80.0 % (49–94, n = 10) | – |" in found["grounding"]
    assert found["calibration"].count("\n") == 3
    assert found["data"].splitlines()[2:] == [
        "| `qa/one.jsonl` | 40 | questions | this project | questions: written for this project; passages as their "
        "sources: CC BY(-SA), Apache-2.0, MIT, public domain |",
        "| `text/raw.jsonl` | 9 | counting characters or pieces, cloze made from it | us/this@34 | MIT |",
        "| `qa/two.jsonl` | 7 | questions | them/that@12 | CC0 |",
    ]


def test_shortened_questions_name_the_files_that_they_are_made_from(folder: Path) -> None:
    (folder / "reader.toml").write_text('[[stage]]\nfiles = []\npractice = [{ kind = "shortened", count = 3 }]')
    rows = "".join(f"| qa/{name.removesuffix('.xz')} | {i} | train |\n" for i, name in enumerate(FILES))
    (folder / "MANIFEST.md").write_text(f"| file | rows | use |\n|---|---|---|\n{rows}")
    found = blocks(shipped("models/reader"), None, folder / "reader.toml", folder / "MANIFEST.md")["data"]
    told = [line.split(" | ")[:3] for line in found.splitlines()[2:]]
    assert told == [
        [f"| `qa/{name.removesuffix('.xz')}`", str(i), "questions shortened as in a conversation"]
        for i, name in enumerate(FILES)
    ]


def test_a_file_without_a_licence_line_is_an_error(folder: Path) -> None:
    (folder / "MANIFEST.md").write_text(MANIFEST.replace("qa/two.jsonl", "qa/three.jsonl"))
    with pytest.raises(DataError, match=r"does not list qa/two\.jsonl"):
        blocks(shipped("models/reader"), None, folder / "reader.toml", folder / "MANIFEST.md")


def test_only_given_blocks_change() -> None:
    card = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n"
    assert fill(card, {"x": "new \\1"}) == card.replace("old", "new \\1")
    assert fill(fill(card, {"y": "1"}), {"y": "2"}) == card.replace("<!-- y -->\n", "<!-- y -->\n2\n")
    with pytest.raises(DataError, match="no place for z"):
        fill(card, {"z": ""})


def test_the_shipped_card_has_a_place_for_every_block(folder: Path) -> None:
    reader = folder / "reader"
    shutil.copytree(shipped("models/reader"), reader)
    found = CliRunner().invoke(
        model_card.main,
        [
            "--reader",
            str(reader),
            "--results",
            str(folder),
            "--config",
            str(folder / "reader.toml"),
            "--manifest",
            str(folder / "MANIFEST.md"),
        ],
    )
    assert found.exit_code == 0, found.output
    assert "50.0 (0–100)" in (reader / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_bad_results_are_one_clear_line(folder: Path) -> None:
    (folder / "grounding.json").write_text("[]")
    found = CliRunner().invoke(model_card.main, ["--results", str(folder)])
    assert found.exit_code == 1 and "grounding.json" in found.stderr
    (folder / "docqa_dev.en.reader.jsonl").write_text('{"id": 1}')
    found = CliRunner().invoke(model_card.main, ["--results", str(folder)])
    assert found.exit_code == 1 and "rag eval answers --details" in found.stderr


def test_plots_of_saved_answers(folder: Path) -> None:
    found = CliRunner().invoke(plots.main, [str(folder / "docqa_dev.en.reader.jsonl"), "--out", str(folder / "plots")])
    assert found.exit_code == 0, found.output
    assert sorted(p.name for p in (folder / "plots").iterdir()) == ["precision_coverage.png", "reliability.png"]
