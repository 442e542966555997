"""A reader quotes what a follow-up means; the quote goes where the pronoun stands or something is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.errors import CheckpointError
from model.follow_up_prompt import FOLLOW_UP_MARK
from model.grounded import Quote, Reading, Readings
from rag_app.cli import main
from rag_app.followups.conversation import Turn
from rag_app.followups.gpt_rewriter import FILE, GPTRewriter, measured_least_evidence
from rag_app.followups.rewriter import RuleRewriter
from rag_app.history import standalone_after

BAND = [Turn("Who played with the Mothers of Invention in Berlin?", "Frank Zappa and Moon Martin.")]
LENS = [Turn("镜头坏了怎么送修？", "联系苏州服务中心。")]


class QuotesWords:
    """Reads like a reader: quotes given words where they stand in the conversation."""

    def __init__(self, *words: str, no_answer: float = -5.0) -> None:
        self.words = words
        self.no_answer = no_answer
        self.asked: list[tuple[str, str]] = []

    def read(self, question: str, passages: Sequence[str], *, max_quotes: int = 3) -> Readings:
        (passage,) = passages
        self.asked.append((question, passage))
        places = [passage.index(w) for w in self.words[:max_quotes]]
        quotes = tuple(Quote(p, p + len(w), w) for p, w in zip(places, self.words, strict=False))
        return Readings([Reading(quotes, -0.1, self.no_answer, -0.1, 0.9)], 1, 1)


def rewritten(question: str, turns: list[Turn], *words: str, no_answer: float = -5.0, least: float = 0.0) -> str:
    reader = QuotesWords(*words, no_answer=no_answer)
    return GPTRewriter(reader, {"en": least, "zh": least}).rewrite(question, turns)


@pytest.mark.parametrize(
    ("question", "words", "standalone"),
    [
        ("When was he born?", ["Moon Martin"], "When was Moon Martin born?"),
        ("What was his first record?", ["Moon Martin"], "What was Moon Martin's first record?"),
        ("When did he join them?", ["Moon Martin", "Mothers of Invention"],
         "When did Moon Martin join Mothers of Invention?"),
        ("Were there any other concerts?", ["Mothers of Invention"],
         "Were there any other concerts for Mothers of Invention?"),
    ],
)
def test_quotes_go_where_english_leaves_something_out(question: str, words: list[str], standalone: str) -> None:
    assert rewritten(question, BAND, *words) == standalone


@pytest.mark.parametrize(
    ("question", "word", "standalone"),
    [
        ("它在哪里？", "苏州服务中心", "苏州服务中心在哪里？"),
        ("几点开门？", "苏州服务中心", "苏州服务中心几点开门？"),
        ("该中心周末开门吗？", "苏州服务中心", "苏州服务中心周末开门吗？"),
    ],
)
def test_quotes_go_where_chinese_leaves_something_out(question: str, word: str, standalone: str) -> None:
    assert rewritten(question, LENS, word) == standalone


def test_an_article_comes_with_a_common_noun() -> None:
    turns = [Turn("Who checks the boiler room?", "The caretaker.")]
    assert rewritten("How large is it?", turns, "boiler room") == "How large is the boiler room?"


def test_a_reader_that_would_rather_quote_nothing_leaves_it_to_the_rules() -> None:
    unsure = rewritten("When was he born?", BAND, "Moon Martin", no_answer=-0.01, least=1.0)
    assert unsure == RuleRewriter().rewrite("When was he born?", BAND)
    assert "Moon Martin" in rewritten("When was he born?", BAND, "Moon Martin", least=1.0)


def test_a_language_without_a_limit_is_left_to_the_rules_and_costs_nothing() -> None:
    reader = QuotesWords("苏州服务中心")
    assert GPTRewriter(reader, {"en": 0.0, "zh": None}).rewrite("它在哪里？", LENS) == RuleRewriter().rewrite(
        "它在哪里？", LENS)
    assert reader.asked == []


def test_the_reader_sees_the_mark_and_the_conversation() -> None:
    reader = QuotesWords("Moon Martin")
    standalone_after("When was he born?", BAND, rewriter=GPTRewriter(reader, {"en": 0.0, "zh": 0.0}))
    assert reader.asked == [(FOLLOW_UP_MARK + "When was he born?", f"{BAND[0].question}\n{BAND[0].answer}")]


def test_a_question_that_stands_alone_is_not_even_read() -> None:
    reader = QuotesWords("Moon Martin")
    question = "How many days of paid leave do employees in Suzhou get?"
    assert standalone_after(question, BAND, rewriter=GPTRewriter(reader, {"en": 0.0, "zh": 0.0})) == question
    assert reader.asked == []


def test_a_quote_that_the_question_has_already_adds_nothing() -> None:
    assert rewritten("Was Moon Martin a singer?", BAND, "Moon Martin").count("Moon Martin") == 1


def test_a_reader_is_only_used_where_it_was_measured(tmp_path: Path) -> None:
    assert measured_least_evidence(tmp_path) is None
    (tmp_path / FILE).write_text(json.dumps({"least_evidence": {"en": 1.5, "zh": None}}), encoding="utf-8")
    assert measured_least_evidence(tmp_path) == {"en": 1.5, "zh": None}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"least_evidence": {"en": 1}}', '{"least_evidence": {"en": "x", "zh": 1}}']
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match="delete it"):
        measured_least_evidence(tmp_path)


def test_measuring_a_folder_without_a_reader_is_an_error(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "Why?", "standalone": "Why so?", "history": ["Is it?"]}), encoding="utf-8")
    result = CliRunner().invoke(
        main, ["eval", "followups", "--file", str(rows), "--rewriter", "gpt", "--reader", str(tmp_path)])
    assert result.exit_code != 0
    assert "config.json" in result.output
