import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.resources import shipped
from model.json_lines import DataError
from model.reader.answering import Verdict
from model.reader.reading import Quote, Reading
from model.training.examples import for_calibration
from model.training.recipe import load_recipe
from rag_app.cli import main
from rag_app.evaluation.answers import Question
from rag_app.evaluation.grounding import ask_changed, report, unseen, without_answer

PLACES = ("castle", "harbour", "abbey", "museum", "station")
QUESTIONS = [
    Question(
        str(i),
        f"When was the {place} built?",
        f"The {place} stands on a hill. The {place} was built in {1800 + i}. Dogs wait outside.",
        "",
        (str(1800 + i),),
        "en",
        "",
    )
    for i, place in enumerate(PLACES)
]


class Fake:
    """An answerer that is sure of the year that stands in the passage, or of one that it remembers."""

    def __init__(self, remembers: bool) -> None:
        self.remembers = remembers

    def answer(self, question, passages, *, priors=None, min_confidence=None, headings=None, history=()):
        asked = next(p for p in PLACES if p in question)
        years = [(i, m) for i, p in enumerate(passages) if asked in p for m in re.finditer(r"\d{4}", p)]
        known = str(1800 + PLACES.index(asked))
        if self.remembers or not years:
            said, confidence = known, 0.9 if self.remembers else 0.1
        else:
            said, confidence = years[0][1][0], 0.9
        reading = Reading((Quote(0, 4, said),), -0.1, -2.0, 0.9)
        return Verdict(0, reading, confidence, confidence >= 0.5, ()), None


def rates(remembers: bool) -> dict[str, dict[str, dict[str, float]]]:
    return report(ask_changed(Fake(remembers), QUESTIONS, None, quiet=True))  # type: ignore[arg-type]


def test_a_reader_that_follows_the_passage_passes() -> None:
    found = rates(remembers=False)
    assert found["swap"]["follows"]["rate"] == found["swap"]["follows_if_right_before"]["rate"] == 1.0
    assert found["swap"]["follows"]["n"] == 5
    assert found["removal"]["answered_before"]["rate"] == found["removal"]["refused"]["rate"] == 1.0
    assert found["removal"]["mean_confidence_fall"]["mean"] == pytest.approx(0.8)
    assert found["wrong_passages"]["refused_if_answered_before"] == found["removal"]["refused_if_answered_before"]


def test_a_reader_that_remembers_fails() -> None:
    found = rates(remembers=True)
    assert found["swap"]["right_before"]["rate"] == 1.0 and found["swap"]["follows"]["rate"] == 0.0
    assert found["removal"]["refused"]["rate"] == found["removal"]["confidence_fell"]["rate"] == 0.0
    assert found["wrong_passages"]["refused"]["rate"] == 0.0


def test_rows_that_were_swapped_before_are_only_asked() -> None:
    rows = [replace(q, counterfactual=True, answers=("1700",)) for q in QUESTIONS]
    found = report(ask_changed(Fake(remembers=False), rows, None, quiet=True))  # type: ignore[arg-type]
    assert found["swap"]["follows"]["n"] == 5 and found["swap"]["follows"]["rate"] == 0.0
    assert found["swap"]["right_before"]["n"] == found["removal"]["refused"]["n"] == 0


def test_a_limit_asks_fewer_and_always_the_same() -> None:
    first, again = (ask_changed(Fake(remembers=False), QUESTIONS, 2, quiet=True) for _ in range(2))  # type: ignore[arg-type]
    assert first == again and sum(c.test == "removal" for c in first) == 2


@pytest.mark.parametrize(
    ("context", "answers", "rest"),
    [
        ("One. Two is it. Three.", ("Two",), "One. Three."),
        ("一。二在这里。三。", ("二",), "一。三。"),
        ("It is two. One. Again two.", ("two",), "One."),
        ("One is two. Two is three.", ("two. Two",), None),
        ("One. Two.", ("four",), None),
    ],
)
def test_sentences_with_the_answer_are_deleted(context: str, answers: tuple[str, ...], rest: str | None) -> None:
    assert without_answer(context, answers) == rest


def test_of_training_files_only_reserved_contexts_are_asked() -> None:
    recipe = replace(load_recipe(shipped("recipes/reader.toml")), calibration_share=0.5)
    name = Path(recipe.stages[0].files[0].file).name
    found = unseen(QUESTIONS, name, recipe)
    assert 0 < len(found) < len(QUESTIONS)
    assert all(for_calibration(q.context, 0.5) for q in found)
    assert unseen(QUESTIONS, name, replace(recipe, stages=[], after=recipe)) == found
    assert unseen(QUESTIONS, "other.jsonl", recipe) == QUESTIONS
    with pytest.raises(DataError, match="use another file"):
        unseen(QUESTIONS, name, replace(recipe, calibration_share=0.0))


def test_the_command_asks_the_shipped_reader(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    rows = [{"id": q.id, "context": q.context, "question": q.question, "answers": list(q.answers)} for q in QUESTIONS]
    file.write_text("\n".join(json.dumps(r) for r in rows))
    found = CliRunner().invoke(main, ["eval", "grounding", "--file", str(file), "--limit", "3", "--json"])
    assert found.exit_code == 0, found.output
    numbers = json.loads(found.stdout)
    assert numbers["files"]["q.jsonl"] == numbers["languages"]["en"]
    assert numbers["languages"]["en"]["swap"]["follows"]["rate"] == 1.0
    assert numbers["languages"]["en"]["removal"]["confidence_fell"]["rate"] == 1.0


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["eval", "grounding", "--file", str(tmp_path / "no.jsonl")])
    assert found.exit_code == 2 and "no.jsonl" in found.stderr
