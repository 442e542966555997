"""Cases for the confidence: reserved documents, asked through retrieval and reading as the product asks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from model.reader.calibration import FEATURES
from model.reader.grounded import GroundedReader
from model.reader.prompt import Turn
from model.reader.reading import Quote, Reading, Readings
from model.training.examples import context_key, for_calibration
from model.training.reader.calibrate import Judged
from model.training.recipe import FileShare, Optimizer, Recipe, Stage
from rag_app.evaluation import calibration
from rag_app.evaluation.calibration import PASSAGES, judged_cases
from rag_app.retrieval.fusion import Ranking
from rag_app.retrieval.retriever import LibraryRetriever

EN, ZH = "qa/private_train.en.jsonl", "qa/docqa_train.zh.jsonl"
PLACES = ("castle", "harbour", "abbey", "museum", "theatre", "garden")
SHARE = 0.5  # of the contexts, reserved


class Letters:
    """Embeds a text as how often each of its characters occurs."""

    name = "letters"
    dimension = 64
    fingerprint = "letters"

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for c in text.casefold():
                found[row, ord(c) % self.dimension] += 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self.embed_documents([text])[0]


class Reader:
    """Quotes "noon" or 八点 where it stands, else the first letters; remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, list[str], list[str], list[Turn]]] = []

    def read(
        self, question: str, passages: Sequence[str], *, headings: Sequence[str], history: Iterable[Turn]
    ) -> Readings:
        self.given.append((question, list(passages), list(headings), list(history)))
        return Readings([self._reading(p) for p in passages], 0, 0)

    @staticmethod
    def _reading(passage: str) -> Reading:
        for wanted in ("noon", "八点"):
            start = passage.find(wanted)
            if start >= 0:
                return Reading((Quote(start, start + len(wanted), wanted),), -0.1, -3.0, 0.9)
        return Reading((Quote(0, 3, passage[:3]),), -2.0, -0.2, 0.2)


def row(place: str, hour: str, **more: Any) -> dict[str, Any]:
    chinese = not place.isascii()
    return {
        "id": place,
        "lang": "zh" if chinese else "en",
        "title": f"Guide to the {place}",
        "context": f"{place}早上{hour}开门，周末不休息。" if chinese else f"The gate of the {place} opens at {hour}.",
        "question": f"{place}几点开门？" if chinese else f"When does the gate of the {place} open?",
        "answers": [hour],
        **more,
    }


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        seed=1,
        vocabulary=None,
        held_out=["dev.jsonl"],
        optimizer=Optimizer(steps=1),
        calibration_share=SHARE,
        stages=[Stage(1.0, [FileShare(EN, documents=True), FileShare(ZH), FileShare("qa/squad_train.en.jsonl")])],
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path / EN, *(row(place, "noon") for place in PLACES))
    write(tmp_path / ZH, *(row(place, "八点") for place in ("书店", "邮局", "诊所", "礼堂", "食堂", "操场")))
    write(tmp_path / "dev.jsonl", row("tower", "noon"))
    return tmp_path


def write(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def judge(recipe: Recipe, data: Path) -> tuple[list[Judged], Reader, list[str]]:
    reader, said = Reader(), list[str]()
    return judged_cases(recipe, data, cast(GroundedReader, reader), Letters(), said.append), reader, said


def contexts(data: Path, *names: str) -> set[str]:
    return {json.loads(line)["context"] for n in names for line in (data / n).read_text("utf-8").splitlines()}


def test_only_reserved_documents_are_asked_and_searched(recipe: Recipe, data: Path) -> None:
    reserved = {c for c in contexts(data, EN, ZH) if for_calibration(c, SHARE)}
    assert 0 < len(reserved) < len(contexts(data, EN, ZH))
    cases, reader, said = judge(recipe, data)
    assert {c.group for c in cases} == {context_key(c) for c in reserved}
    assert {p for _, passages, _, _ in reader.given for p in passages} == reserved
    assert [line.partition(":")[0] for line in said] == [EN, ZH], "files of other questions are not asked"


def test_all_reserved_documents_of_a_file_compete_and_a_quote_from_the_wrong_one_may_be_right(
    recipe: Recipe, data: Path
) -> None:
    cases, reader, _ = judge(replace(recipe, calibration_share=1.0), data)
    assert all(len(passages) == 6 <= PASSAGES for _, passages, _, _ in reader.given)
    answerable = [c for c in cases if c.answerable]
    assert len(answerable) == 12 and all(c.right for c in answerable)
    assert {c.lang for c in cases} == {"en", "zh"}
    assert all(len(c.features) == len(FEATURES) for c in cases)


def test_a_wrong_quote_is_not_right(recipe: Recipe, data: Path) -> None:
    write(data / EN, *(row(place, "six") for place in PLACES))
    cases, _, _ = judge(replace(recipe, calibration_share=1.0), data)
    assert {(c.lang, c.right) for c in cases if c.answerable} == {("en", False), ("zh", True)}


def test_some_questions_are_asked_again_without_what_answers_them(
    recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "WITHOUT", 1.0)
    write(data / EN, *(row(place, "noon" if i == 2 else f"{i} p.m.") for i, place in enumerate(PLACES)))
    write(data / ZH, row("书店", "八点"))
    cases, _, _ = judge(replace(recipe, calibration_share=1.0), data)
    again = [c for c in cases if not c.answerable]
    # the only Chinese document answers: nothing is left to ask of
    assert [c.lang for c in again] == ["en"] * len(PLACES)
    assert not any(c.right for c in again)
    (mine,) = [c for c in cases if c.answerable and c.group == context_key(row("abbey", "noon")["context"])]
    assert mine.right
    monkeypatch.setattr(calibration, "WITHOUT", 0.0)
    assert all(c.answerable for c in judge(replace(recipe, calibration_share=1.0), data)[0])


def test_what_a_document_does_not_say_is_a_wrong_answer(recipe: Recipe, data: Path) -> None:
    write(data / EN, row("castle", "noon"), row("castle", "noon", id="x", question="Who built it?", is_impossible=True))
    cases, _, _ = judge(replace(recipe, calibration_share=1.0), data)
    assert sorted((c.answerable, c.right) for c in cases if c.lang == "en") == [(False, False), (True, True)]


def test_held_out_documents_are_left_out_even_where_they_are_reserved(recipe: Recipe, data: Path) -> None:
    write(data / "dev.jsonl", row("castle", "noon"))
    cases, reader, _ = judge(replace(recipe, calibration_share=1.0), data)
    held = row("castle", "noon")["context"]
    assert context_key(held) not in {c.group for c in cases}
    assert held not in {p for _, passages, _, _ in reader.given for p in passages}


def test_the_reader_gets_headings_and_conversation(recipe: Recipe, data: Path) -> None:
    history = [["Where is the castle?", "on the hill"]]
    write(data / EN, row("castle", "noon", question="When does its gate open?", history=history))
    write(data / ZH, row("书店", "八点"))
    _, reader, _ = judge(replace(recipe, calibration_share=1.0), data)
    assert reader.given[0] == (
        "When does its gate open?",
        [row("castle", "noon")["context"]],
        ["Guide to the castle"],
        [("Where is the castle?", "on the hill")],
    )
    assert reader.given[1][3] == []


def test_a_follow_up_is_searched_with_its_conversation(
    recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    search = LibraryRetriever.search

    def remembering(retriever: LibraryRetriever, query: str, k: int, **rest: Any) -> Ranking:
        queries.append(query)
        return search(retriever, query, k, **rest)

    monkeypatch.setattr(LibraryRetriever, "search", remembering)
    history = [["Where is the castle?", "on the hill"]]
    write(data / EN, row("castle", "noon", question="When does its gate open?", history=history))
    write(data / ZH, row("书店", "八点"))
    judge(replace(recipe, calibration_share=1.0), data)
    assert queries == [
        "When does its gate open?",
        "Where is the castle? on the hill When does its gate open?",
        "书店几点开门？",
    ]


def test_the_same_recipe_gives_the_same_cases(recipe: Recipe, data: Path) -> None:
    whole = replace(recipe, calibration_share=1.0)
    assert judge(whole, data)[0] == judge(whole, data)[0]
