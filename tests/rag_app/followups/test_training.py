import json
from pathlib import Path

import pytest

from rag_app.followups.conversation import Turn
from rag_app.followups.rows import Row
from rag_app.followups.training import from_search_engine, lower_cased, says_which

TURNS = (Turn("Who painted it?", "Salvador Dali."),)


def row(question: str, standalone: str, *, dependent: bool) -> Row:
    return Row("1", TURNS, question, standalone, dependent)


@pytest.mark.parametrize(
    ("question", "standalone", "dependent", "kept"),
    [
        ("Where did Dali go to school?", "Where did Salvador Dali go to school?", True, False),
        ("Where did he go to school?", "Where did Salvador Dali go to school?", True, True),
        ("Where was the school?", "Where was the school of Salvador Dali?", True, True),
        ("When did his career begin?", "When did his career begin?", False, False),
        ("Where is Figueres?", "Where is Figueres?", False, True),
    ],
)
def test_labels_that_tell_nothing_are_left_out(question: str, standalone: str, dependent: bool, kept: bool) -> None:
    assert says_which(row(question, standalone, dependent=dependent)) is kept


def test_lower_cased_rows_keep_their_label() -> None:
    (low,) = lower_cased([row("When did Dali die?", "When did Salvador Dali die?", dependent=True)])
    assert (low.question, low.standalone, low.dependent) == (
        "when did dali die", "when did salvador dali die?", True)


def test_only_the_search_engine_s_questions_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    sources = ["MRQA 2019 train: squad", "MRQA 2019 train: naturalquestions", "MRQA 2019 train: naturalquestions"]
    rows = [{"id": str(i), "question": f"who wrote book {i}", "context": str(i), "answers": [], "source": source}
            for i, source in enumerate(sources)]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    assert {r.question for r in from_search_engine(file, seed=0)} == {"who wrote book 1", "who wrote book 2"}
