import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.json_lines import DataError
from rag_app.cli import main
from rag_app.evaluation.dialogues import made_dialogues, read_dialogues, recall

TANA = ["Where is Lake Tana?", "In Ethiopia, on the plateau in the north.",
        "Which river flows out of it?", "The Blue Nile leaves it at Bahir Dar.",
        "How deep is it?", "I don't know."]
EMMA = ["Who wrote Emma?", "Jane Austen wrote the novel in 1815.", "Was it a success?", "It sold slowly at first."]


def dialogue(name: str, title: str, said: Sequence[str], rewritten: dict[int, str]) -> list[dict[str, object]]:
    """Rows as CANARD has them: one a question, with what was said before it."""
    return [
        {"id": f"{name}_q{i // 2 + 1}", "title": title, "history": said[:i], "question": said[i],
         "rewrite": rewritten.get(i, said[i])}
        for i in range(0, len(said), 2)
    ]


ROWS = [
    *dialogue("a", "Lake Tana", [*TANA, "Is it fished?"],
              {2: "Which river flows out of Lake Tana?", 4: "How deep is Lake Tana?"}),
    *dialogue("b", "Emma", [*EMMA, "Who read it first?"], {2: "Was Emma a success?"}),
]
PASSAGES = [
    {"id": "1", "history": ["年假有几天？", "十天。"], "question": "怎么申请？", "title": "年假",
     "context": "年假在系统里填表申请。"},
    {"id": "2", "history": [], "question": "病假怎么申请？", "title": "病假", "context": "病假要交医院证明。"},
    {"id": "3", "history": ["Where is Lake Tana?", "In Ethiopia."], "question": "How deep is it?",
     "contexts": ["Lake Tana is 14 m deep.", "It is 84 km long."]},
]


def written(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def test_a_dialogue_without_passages_is_a_document_of_its_answers(tmp_path: Path) -> None:
    found = read_dialogues(written(tmp_path / "rows.jsonl", ROWS), "all")
    assert list(found.documents.values()) == [
        ("Lake Tana", f"{TANA[1]}\n{TANA[3]}"), ("Emma", f"{EMMA[1]}\n{EMMA[3]}"),
    ]
    # no history, no answer in the text, or nobody knows the answer: not judged
    assert [a.row.id for a in found.asked] == ["a_q2", "b_q2"]
    assert [[found.documents[d][0] for d in a.documents] for a in found.asked] == [["Lake Tana"], ["Emma"]]
    assert all(a.by_people for a in found.asked)


def test_a_part_has_the_documents_of_the_whole_file(tmp_path: Path) -> None:
    rows = [r for n in range(5) for r in dialogue(f"d{n}", f"Lake {n}", [*TANA[:3], f"River {n}.", "Why?"], {})]
    file = written(tmp_path / "rows.jsonl", rows)
    last = read_dialogues(file, "last")
    assert [a.row.id for a in last.asked] == ["d4_q2"]
    assert len(last.documents) == len(read_dialogues(file, "first").documents) == 5


def test_passages_of_rows_are_the_documents(tmp_path: Path) -> None:
    found = read_dialogues(written(tmp_path / "rows.jsonl", PASSAGES), "all")
    assert len(found.documents) == 4
    assert [[found.documents[d][1] for d in sorted(a.documents)] for a in found.asked] == [
        ["年假在系统里填表申请。"], ["Lake Tana is 14 m deep.", "It is 84 km long."],
    ]
    assert not any(a.by_people for a in found.asked)


def test_follow_ups_are_made_from_questions_on_passages(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "context": "A", "question": "Where is the lake called Lake Tana?", "answers": ["Ethiopia"]},
        {"id": "2", "context": "A", "question": "Which river flows out of Lake Tana?", "answers": ["The Nile"]},
        {"id": "3", "context": "B", "question": "Who wrote Emma?", "answers": ["Jane Austen"]},
    ]
    found = made_dialogues(written(tmp_path / "rows.jsonl", rows))
    assert {t for t, in zip(text for _, text in found.documents.values())} == {"A", "B"}
    assert all(found.documents[d][1] == "A" for a in found.asked for d in a.documents)


def test_recall_compares_the_question_as_asked_completed_and_rewritten(tmp_path: Path) -> None:
    found = read_dialogues(written(tmp_path / "rows.jsonl", ROWS), "all")
    calls: list[str] = []

    def find(question: str) -> list[str]:
        """The documents whose title the question names."""
        calls.append(question)
        return [name for name, (title, _) in found.documents.items() if title in question]

    measured = recall(found.asked, find, quiet=True)
    for group in ("all", "dependent"):
        rates = {k: v["rate"] for k, v in measured[group].items() if v}
        assert rates == {"raw": 0, "rewritten": 1, "by_people": 1}
    assert len(calls) == len(set(calls))


def test_what_no_person_rewrote_is_not_reported_as_such(tmp_path: Path) -> None:
    found = read_dialogues(written(tmp_path / "rows.jsonl", PASSAGES), "all")
    measured = recall(found.asked, lambda _: list(found.documents), quiet=True)
    assert measured["all"]["by_people"] is None
    assert "dependent" not in measured
    raw = measured["all"]["raw"]
    assert raw is not None
    assert (raw["n"], raw["rate"]) == (2, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "x_q1", "history": [], "question": "Who wrote Emma?"}], "no question with a history"),
        ([{"id": "1", "history": ["a", "b"], "question": "Why?", "contexts": "text"}], "line 1"),
        ([{"id": "1", "history": ["a", "b"], "question": 7, "context": "text"}], "line 1"),
    ],
)
def test_what_cannot_be_judged_is_an_error(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_dialogues(written(tmp_path / "rows.jsonl", rows), "all")


def test_the_command_measures_recall_and_keeps_vectors(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", ROWS)
    arguments = ["--home", str(tmp_path), "eval", "followups", "--dialogues", str(file), "--cache",
                 str(tmp_path / "cache"), "--json"]
    first, again = (CliRunner().invoke(main, arguments) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout) == json.loads(again.stdout)
    found = json.loads(first.stdout)["rows.jsonl, recall at 5"]
    assert found["documents"] == 2
    assert found["dependent"]["by_people"] == {"n": 2, "rate": 1.0, "low": 0.3424, "high": 1.0}
    assert (tmp_path / "cache" / "vectors.sqlite3").exists()
