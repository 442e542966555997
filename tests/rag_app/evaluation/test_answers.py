import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from numpy.typing import NDArray

from model.json_lines import DataError
from model.reader.answering import Answerer
from model.reader.calibration import Calibration
from model.reader.grounded import GroundedReader
from model.reader.reading import Quote, Reading, Readings
from rag_app.answers.answer import Answer
from rag_app.cli import main
from rag_app.evaluation import end_to_end
from rag_app.evaluation.answers import AskedQuestion, Question, ask_reader, read_questions, report
from rag_app.settings import Settings

KEYS = [
    "n",
    "f1",
    "exact_match",
    "recall_at_1",
    "recall_at_5",
    "answered_rate",
    "answered_of_answerable",
    "answered_of_others",
    "precision_answered",
    "auroc",
    "ece",
    "f1_by_kind",
    "latency_ms",
    "rss_mb",
]


def outcome(
    *, f1: float, answered: bool, confidence: float, answerable: bool = True, rank: int | None = 1
) -> AskedQuestion:
    return AskedQuestion(
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
    assert (found["answered_of_answerable"], found["answered_of_others"]) == (pytest.approx(2 / 3, abs=1e-4), 0.0)
    assert found["f1_by_kind"] == {}
    assert found["auroc"] == 0.75  # right: 0.9 and 0.4; wrong: 0.8 and 0.1


def test_f1_is_told_by_kind() -> None:
    asked = [
        replace(outcome(f1=f, answered=True, confidence=0.5), kind=kind)
        for f, kind in ((1.0, "fact"), (0.5, "fact"), (0.2, "polar"))
    ]
    assert report(asked, "reader")["f1_by_kind"] == {"fact": 0.75, "polar": 0.2}


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


def read(tmp_path: Path, **more: object) -> Question:
    """The question of one row."""
    file = tmp_path / "q.jsonl"
    row = {"context": "A is B and C.", "question": "What is A?", "answers": ["B", "C"], **more}
    file.write_text(json.dumps(row, ensure_ascii=False))
    ((question,), _) = read_questions(file)
    return question


def test_of_alternatives_any_is_right_of_needed_answers_only_all_together(tmp_path: Path) -> None:
    assert read(tmp_path).answers == ("B", "C")
    assert read(tmp_path, all_answers=False).answers == ("B", "C")
    assert read(tmp_path, all_answers=True).answers == ("B\nC",)
    assert read(tmp_path, all_answers=True, answers=[]).answers == ()


def test_a_question_may_be_asked_in_a_conversation(tmp_path: Path) -> None:
    history = [["What is A for?", "nothing"], ["甲呢？", "没有"]]
    assert read(tmp_path, history=history).history == (("What is A for?", "nothing"), ("甲呢？", "没有"))
    assert read(tmp_path).history == read(tmp_path, history=[]).history == read(tmp_path, history=None).history == ()


@pytest.mark.parametrize(
    "history", ["What?", ["What?"], [["What?"]], [["What?", "that", "x"]], [["What?", None]], {"What?": "that"}, 7]
)
def test_a_conversation_of_another_form_is_a_clear_error(tmp_path: Path, history: object) -> None:
    with pytest.raises(DataError, match=r'q\.jsonl, row 1: "history" must be a list of \[question, answer\]'):
        read(tmp_path, history=history)


class Recorder:
    """A reader that quotes its passages' first letter, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[object] = []

    def read(self, question: str, passages: Sequence[str], *, headings: object, history: object) -> Readings:
        self.given.append((question, list(passages), headings, history))
        return Readings([Reading((Quote(0, 1, p[0]),), -0.1, -3.0, 0.9) for p in passages], 0, 0)


def test_the_reader_alone_gets_title_and_conversation_too(tmp_path: Path) -> None:
    question = read(tmp_path, title="Letters", history=[["What is A for?", "nothing"]])
    recorder = Recorder()
    reply = ask_reader(Answerer(cast(GroundedReader, recorder), Calibration()), question)
    assert recorder.given == [("What is A?", ["A is B and C."], ["Letters"], (("What is A for?", "nothing"),))]
    assert (reply.candidate, reply.answered) == ("A", True)


def test_the_whole_product_gets_the_conversation_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []

    def remembering(asked: dict[str, object]) -> Answer:
        given.append(asked)
        return Answer("What is A?", "Not in your documents.", False, 0.1, withheld="B")

    monkeypatch.setattr(end_to_end, "build_chain", lambda *_, **__: RunnableLambda(remembering))
    monkeypatch.setattr(end_to_end, "build_embedder", lambda _: Length())
    question = read(tmp_path, history=[["What is A for?", "nothing"]])
    with end_to_end.product_over({question.context: ""}, Settings(), quiet=True) as (ask, _):
        reply = ask(question)
    assert given == [
        {
            "question": "What is A?",
            "chat_history": [HumanMessage("What is A for?"), AIMessage("nothing")],
        }
    ]
    assert (reply.candidate, reply.answered, reply.confidence) == ("B", False, 0.1)


class Length:
    """Embeds a text as its length."""

    name = fingerprint = "length"
    dimension = 2

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[len(t), 1.0] for t in texts], dtype=np.float32).reshape(-1, 2)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self.embed_documents([text])[0]


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
