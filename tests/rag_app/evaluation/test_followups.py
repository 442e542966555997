import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.json_lines import DataError
from rag_app.cli import main
from rag_app.evaluation.followups import Completion, complete, report
from rag_app.followups.conversation import Turn
from rag_app.followups.made import compound, independent, shortened
from rag_app.followups.rows import Row, part_of, read_rows

ROWS = [
    {"id": "c_q1", "history": ["Where is Lake Tana?", "In Ethiopia."], "question": "Which river flows out of it?",
     "rewrite": "Which river flows out of Lake Tana?"},
    {"id": "c_q2", "history": ["Where is Lake Tana?", "In Ethiopia."], "question": "How tall is Ben Nevis in Scotland?",
     "rewrite": "How tall is Ben Nevis in Scotland"},
    {"id": "d_q1", "history": [], "question": "Who wrote Emma?", "rewrite": "Who wrote Emma?"},
    {"id": "e_q1", "history": [{"role": "user", "content": "年假有几天？"}, {"role": "assistant", "content": "十天。"}],
     "question": "怎么申请？", "standalone": "年假怎么申请？", "dependent": True},
]
PASSAGES = [
    {"id": "1", "context": "A", "question": "TiDB 支持哪些临时表？", "answers": ["两种"]},
    {"id": "2", "context": "A", "question": "TiDB 的临时表存在哪里？", "answers": ["内存"]},
    {"id": "3", "context": "B", "question": "Where is the lake called Lake Tana?", "answers": ["Ethiopia"]},
    {"id": "4", "context": "B", "question": "Which river flows out of Lake Tana?", "answers": ["The Nile"]},
]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def test_rows_without_a_history_are_left_out_and_labels_are_found(tmp_path: Path) -> None:
    rows = list(read_rows(written(tmp_path / "rows.jsonl", ROWS)))
    assert [(r.id, r.dependent, r.lang) for r in rows] == [
        ("c_q1", True, "en"), ("c_q2", False, "en"), ("e_q1", True, "zh"),
    ]
    assert rows[0].turns == (Turn("Where is Lake Tana?", "In Ethiopia."),)
    (only_questions, *_) = read_rows(tmp_path / "rows.jsonl", only_questions=True)
    assert only_questions.turns == (Turn("Where is Lake Tana?"), Turn("In Ethiopia."))


def test_a_row_without_a_rewriting_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", [*ROWS, {"question": "why?"}])
    with pytest.raises(DataError, match="line 5"):
        list(read_rows(file))


def test_parts_split_conversations_not_rows() -> None:
    rows = [Row(f"{c}_q{i}", (Turn("?"),), "?", "?", dependent=False) for c in range(10) for i in range(3)]
    first, last = part_of(rows, "first"), part_of(rows, "last")
    assert [len(first), len(last)] == [24, 6]
    assert not {r.id.split("_")[0] for r in first} & {r.id.split("_")[0] for r in last}
    assert part_of(rows, "all") == rows


def test_a_report_tells_right_from_wrong_verdicts() -> None:
    leaning = Row("1", (Turn("Where is Lake Tana?"),), "How deep is it?", "How deep is Lake Tana?", dependent=True)
    alone = Row("2", (Turn("Where is Lake Tana?"),), "Who wrote Emma?", "Who wrote Emma?", dependent=False)
    found = report([
        Completion(leaning, True, "How deep is Lake Tana?"), Completion(leaning, False, "How deep is it?"),
        Completion(alone, False, "Who wrote Emma?"), Completion(alone, True, "Who wrote Lake Tana Emma?"),
    ])
    assert (found["gate"], found["dependent_found"], found["independent_unchanged"]) == (0.5, 0.5, 0.5)
    assert found["f1"]["as_asked"] < found["f1"]["ours"] < 1
    assert found["put_in"] == {"recall": 0.5, "precision": 1.0}


def test_what_the_product_does_is_what_is_measured(tmp_path: Path) -> None:
    done = complete(list(read_rows(written(tmp_path / "rows.jsonl", ROWS))), quiet=True)
    assert [c.standalone for c in done] == [
        "Which river flows out of Lake Tana?", "How tall is Ben Nevis in Scotland?", "年假怎么申请？",
    ]


def test_made_follow_ups_lack_what_was_named_before(tmp_path: Path) -> None:
    file = written(tmp_path / "passages.jsonl", PASSAGES)
    made = [(r, passage) for seed in range(20) for r, passage in shortened(file, seed=seed)]
    assert {r.question for r, _ in made} >= {"Which river flows out of it?", "支持哪些临时表？"}
    assert all(r.dependent and r.question != r.standalone for r, _ in made)
    assert {(r.standalone, passage) for r, passage in made} <= {(p["question"], p["context"]) for p in PASSAGES}
    for row in compound(file, seed=random.Random(1).randrange(9)):
        assert not row.dependent


def test_independent_questions_keep_their_words(tmp_path: Path) -> None:
    file = written(tmp_path / "passages.jsonl", PASSAGES)
    rows = independent(file, same_passage=True)
    assert sorted(r.question for r in rows) == sorted(str(p["question"]) for p in PASSAGES)
    assert all(r.question not in [t.question for t in r.turns] for r in rows)


def test_the_command_prints_what_it_measured(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", ROWS)
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "eval", "followups", "--file", str(file), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["rows.jsonl, en"]["n"] == 2
    assert found["rows.jsonl, zh"]["gate"] == 1


@pytest.mark.parametrize("arguments", [[], ["--file", "missing.jsonl"]])
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "eval", "followups", *arguments])
    assert done.exit_code == 2
    assert "rag: " in done.output
