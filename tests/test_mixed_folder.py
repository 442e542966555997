"""The benchmark's folder is the same each time, and every file in it can be read."""

import json
import lzma
from pathlib import Path

import pytest

from benchmarks.ingest import Record
from benchmarks.ingest_programs import OURS, THEIRS, Result
from benchmarks.ingest_report import plot, table
from benchmarks.mixed_folder import make_folder
from ingest.loaders import load


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, words in (("en", "The harbour opens at six. "), ("zh", "港口六点开放。")):
        with lzma.open(folder / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
            for n in range(40):
                text = f"# Title {n}\n\n" + f"{words}{n}\n\n" * 60
                file.write(json.dumps({"text": text, "lang": name}) + "\n")
    return folder


def test_the_folder_is_the_same_each_time_and_readable(texts: Path, tmp_path: Path) -> None:
    counts = make_folder(tmp_path / "one", texts, 60)
    assert counts == make_folder(tmp_path / "two", texts, 60)
    assert sum(counts.values()) == 60 and all(counts[kind] for kind in (".md", ".txt", ".html", ".docx", ".pdf"))
    one, two = (sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).rglob("*.*")) for n in ("one", "two"))
    assert one == two and len(one) == 60
    for path in one:
        text = load(tmp_path / "one" / path).text
        assert "harbour opens at six" in text or "港口六点开放" in text, path


def test_too_few_texts_are_an_error(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few"):
        make_folder(tmp_path / "one", texts, 81)


@pytest.fixture
def results() -> dict[str, Result]:
    ours = Result(1000, 100.0, 120.0, {"embedding": 80.0, "writing": 20.0}, 2.0, {"loading": 9.0}, 900)
    theirs = Result(800, 200.0, 200.0, {"loading": 10.0, "embedding": 190.0}, None, {}, 1500)
    return {OURS: ours, THEIRS: theirs}


def test_the_table_states_what_was_measured(results: dict[str, Result]) -> None:
    shown = table(results)
    assert "| this program | 1,000 | 100.0 | 10.0 | 80% | 120.0 s | 900 MB | 2.0 s (50×) |" in shown
    assert "embedding 80.0 s (80%), writing 20.0 s (20%); in processes beside it: loading 9.0 s." in shown
    assert "Chunks a second beside LangChain quick start: 2.50×; per second of processor time 2.08×" in shown


def test_finished_programs_are_kept_for_the_same_setting_only(results: dict[str, Result], tmp_path: Path) -> None:
    Record(tmp_path, {"cores": 1}).add(OURS, results[OURS])
    assert Record(tmp_path, {"cores": 1}).results == {OURS: results[OURS]}
    assert Record(tmp_path, {"cores": 2}).results == {}


def test_the_plot_is_a_picture(results: dict[str, Result], tmp_path: Path) -> None:
    plot(results, tmp_path / "ingest.png")
    assert (tmp_path / "ingest.png").read_bytes().startswith(b"\x89PNG")
