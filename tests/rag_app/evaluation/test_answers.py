import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.json_lines import DataError
from rag_app.cli import main
from rag_app.evaluation.answers import Outcome, read_questions, report

KEYS = [
    "n",
    "f1",
    "exact_match",
    "recall_at_1",
    "recall_at_5",
    "answered_rate",
    "precision_answered",
    "auroc",
    "ece",
    "latency_ms",
    "rss_mb",
]


def outcome(*, f1: float, answered: bool, confidence: float, answerable: bool = True, rank: int | None = 1) -> Outcome:
    return Outcome(
        "1", "q", ("a",) if answerable else (), "en", "", "c", answered, confidence, f1, float(f1 == 1), rank, 10.0
    )


def test_metrics_by_hand() -> None:
    found = report(
        [
            outcome(f1=1.0, answered=True, confidence=0.9),
            outcome(f1=0.0, answered=True, confidence=0.8, rank=3),
            outcome(f1=0.6, answered=False, confidence=0.4, rank=7),
            outcome(f1=0.0, answered=False, confidence=0.1, answerable=False, rank=None),
        ],
        "end-to-end",
    )
    assert found["n"] == 4
    assert found["f1"] == pytest.approx(1.6 / 3, abs=1e-4)
    assert found["exact_match"] == pytest.approx(1 / 3, abs=1e-4)
    assert (found["recall_at_1"], found["recall_at_5"]) == (0.25, 0.5)
    assert (found["answered_rate"], found["precision_answered"]) == (0.5, 0.5)
    assert found["auroc"] == 0.75  # right: 0.9 and 0.4; wrong: 0.8 and 0.1


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    rows = [
        {"id": "1", "context": "A is B.", "question": "What is A?", "answers": ["B"], "title": "T"},
        {"context": "Only a document."},
        {"id": "2", "context": "A is B.", "question": "什么是甲？", "answers": [], "is_impossible": True},
    ]
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    questions, contexts = read_questions(file)
    assert [q.id for q in questions] == ["1", "2"]
    assert [q.answerable for q in questions] == [True, False]
    assert [q.lang for q in questions] == ["en", "zh"]
    assert list(contexts) == ["A is B.", "Only a document."]


@pytest.mark.parametrize("line", ["not json", "[1]", '{"question": "no context"}', '{"context": "no question"}'])
def test_a_bad_file_is_a_clear_error(tmp_path: Path, line: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(line)
    with pytest.raises(DataError, match=r"bad\.jsonl"):
        read_questions(file)


@pytest.mark.parametrize("mode", ["end-to-end", "reader"])
def test_the_command_prints_one_json_object(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "q.jsonl"
    rows = [
        {
            "id": "1",
            "context": "The lift is checked in May.",
            "question": "When is the lift checked?",
            "answers": ["in May", "May"],
        },
        {
            "id": "2",
            "context": "The bell was made in Trieste.",
            "question": "Where was the bell made?",
            "answers": ["Trieste"],
        },
        {"context": "An unrelated document about fish."},
    ]
    file.write_text("\n".join(json.dumps(r) for r in rows))
    found = CliRunner().invoke(main, ["eval", "answers", "--file", str(file), "--mode", mode, "--json"])
    assert found.exit_code == 0, found.output
    numbers = json.loads(found.stdout)
    assert list(numbers) == KEYS
    assert numbers["n"] == 2
    assert numbers["f1"] > 0.5
    assert numbers["recall_at_5"] == (1.0 if mode == "end-to-end" else None)


def test_squads_nested_answers_are_understood_and_a_bare_string_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    row = {"context": "A is B.", "question": "What is A?", "answers": {"text": ["B"], "answer_start": [5]}}
    file.write_text(json.dumps(row))
    assert read_questions(file)[0][0].answers == ("B",)
    file.write_text(json.dumps({**row, "answers": "B"}))
    with pytest.raises(DataError, match="list of strings"):
        read_questions(file)
