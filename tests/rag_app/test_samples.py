"""The shipped weights answer the 40 questions about the sample documents at least as well as recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embedding.embedder import LocalEmbedder
from ingest.job import ingest
from ingest.library import Library
from ingest.resources import shipped
from model.metrics import RIGHT, best, f1
from rag_app.answers.answer import Answer
from rag_app.chain import build_chain
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.settings import Settings

# The weights of 2026-11-22 (third reader, two looks) reach 0.469, 34 and 0 in bfloat16; processors without it
# round a little differently, hence the margin. Raise these when better weights ship.
# With the present weights 10 of 30 are answered rightly and 2 of 10 wrongly (model/LOG.md, section 14); another number
# format may move one answer across the operating point.
RECORDED = {"f1": 0.43, "right_document_first": 33, "rightly_answered": 9, "wrongly_answered": 3}

Asked = list[tuple[dict[str, object], Answer]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, embedder: LocalEmbedder, reader: ChatLocalGPT) -> Iterator[Asked]:
    with Library.open(tmp_path_factory.mktemp("samples"), embedder) as library:
        documents = sorted(p for p in shipped("samples").iterdir() if p.suffix != ".jsonl")
        assert ingest(library, documents).exit_status == 0
        chain = build_chain(Settings(), library=library, model=reader)
        rows = [json.loads(line) for line in shipped("samples/questions.jsonl").read_text("utf-8").splitlines()]
        yield [(row, chain.invoke({"question": row["question"]})) for row in rows]


def test_there_are_40_questions_in_two_languages(asked: Asked) -> None:
    assert len(asked) == 40
    assert sum(row["lang"] == "zh" for row, _ in asked) == 20
    assert sum(bool(row["is_impossible"]) for row, _ in asked) == 10


def test_answers_are_as_good_as_recorded(asked: Asked) -> None:
    scores = [
        best(f1, answer.answer if answer.answered else answer.withheld or "", row["answers"], row["lang"])  # type: ignore[arg-type]
        for row, answer in asked
        if not row["is_impossible"]
    ]
    assert sum(scores) / len(scores) >= RECORDED["f1"]


def test_as_many_are_answered_rightly_as_recorded(asked: Asked) -> None:
    right = sum(
        answer.answered and best(f1, answer.answer, row["answers"], row["lang"]) >= RIGHT  # type: ignore[arg-type]
        for row, answer in asked
        if not row["is_impossible"]
    )
    assert right >= RECORDED["rightly_answered"]


def test_the_right_document_is_found_as_often_as_recorded(asked: Asked) -> None:
    first = sum(Path(answer.passages[0].source).name == row["source"] for row, answer in asked)
    assert first >= RECORDED["right_document_first"]


def test_unanswerable_questions_are_refused_as_often_as_recorded(asked: Asked) -> None:
    assert sum(answer.answered for row, answer in asked if row["is_impossible"]) <= RECORDED["wrongly_answered"]


def test_questions_with_one_answer_get_one(asked: Asked) -> None:
    """Further answers are for documents that disagree; these do not, two sites with rules of their own aside."""
    assert sum(len(answer.answers) > 1 for _, answer in asked) <= 2


def test_every_citation_stands_in_its_document(asked: Asked) -> None:
    for _, answer in asked:
        for citation in answer.citations:
            assert any(citation.quote in p.text for p in answer.passages if p.chunk_id == citation.chunk_id)
