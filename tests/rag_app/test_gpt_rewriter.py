"""A reader quotes what a follow-up means; the quote goes where the pronoun stands or something is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.errors import CheckpointError
from model.follow_up_prompt import FOLLOW_UP_MARK
from model.reading import Quote, Reading, Readings
from rag_app.cli import main
from rag_app.followups.conversation import Turn
from rag_app.followups.gate import judge
from rag_app.followups.gpt_rewriter import FILE, GPTRewriter, Limits, in_doubt, log_odds, measured_limits, rewriter_of
from rag_app.followups.rewriter import RuleRewriter
from rag_app.followups.rows import Row
from rag_app.followups.training_gpt import Case, cases, fit, measured
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
        return Readings([Reading(quotes, -0.1, self.no_answer, 0.9)], 1, 1)


def limits(least: float | None, *, omissions: float | None = -99.0, silence: float = 0.0) -> Limits:
    return Limits(least, least if omissions == -99.0 else omissions, silence, threshold=0.0)


def rewritten(question: str, turns: list[Turn], *words: str, no_answer: float = -5.0, least: float = 0.0) -> str:
    reader = QuotesWords(*words, no_answer=no_answer)
    return GPTRewriter(reader, {"en": limits(least), "zh": limits(least)}).rewrite(question, turns)


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
    rewriter = GPTRewriter(reader, {"en": limits(0.0), "zh": limits(None)})
    assert rewriter.rewrite("它在哪里？", LENS) == RuleRewriter().rewrite("它在哪里？", LENS)
    assert reader.asked == []


def test_the_reader_sees_the_mark_and_the_conversation() -> None:
    reader = QuotesWords("Moon Martin")
    standalone_after("When was he born?", BAND, rewriter=GPTRewriter(reader, {"en": limits(0.0), "zh": limits(0.0)}))
    assert reader.asked == [(FOLLOW_UP_MARK + "When was he born?", f"{BAND[0].question}\n{BAND[0].answer}")]


def test_a_question_that_stands_alone_is_not_even_read() -> None:
    reader = QuotesWords("Moon Martin")
    question = "How many days of paid leave do employees in Suzhou get?"
    rewriter = GPTRewriter(reader, {"en": limits(0.0), "zh": limits(0.0)})
    assert standalone_after(question, BAND, rewriter=rewriter) == question
    assert reader.asked == []


def test_a_quote_that_the_question_has_already_adds_nothing() -> None:
    assert rewritten("Was Moon Martin a singer?", BAND, "Moon Martin").count("Moon Martin") == 1


def test_pronouns_and_omissions_have_limits_of_their_own() -> None:
    only_pronouns = limits(0.0, omissions=None)
    rewriter = GPTRewriter(QuotesWords("苏州服务中心"), {"en": only_pronouns, "zh": only_pronouns})
    assert rewriter.rewrite("它在哪里？", LENS) == "苏州服务中心在哪里？"
    assert rewriter.rewrite("几点开门？", LENS) == RuleRewriter().rewrite("几点开门？", LENS)


@pytest.mark.parametrize(("no_answer", "depends"), [(-0.001, False), (-6.0, True)])
def test_the_reader_decides_where_the_gate_is_in_doubt(no_answer: float, depends: bool) -> None:
    question = "What year did the singer die?"
    probability = judge(question, BAND).probability
    assert in_doubt(probability, "en")
    doubtful = Limits(None, None, silence=0.5, threshold=log_odds(probability))
    rewriter = GPTRewriter(QuotesWords("Berlin", no_answer=no_answer), {"en": doubtful, "zh": doubtful})
    assert rewriter.depends(question, BAND) is depends


def test_a_sure_gate_is_not_overruled() -> None:
    reader = QuotesWords("Moon Martin", no_answer=-0.001)
    assert not in_doubt(judge("What about him?", BAND).probability, "en")
    never = Limits(None, None, silence=0.5, threshold=99.0)
    assert GPTRewriter(reader, {"en": never, "zh": never}).depends("What about him?", BAND)
    assert reader.asked == []


@pytest.mark.parametrize(("question", "turns"), [("thanks", BAND), ("Who is he?", [])])
def test_thanks_and_first_questions_depend_on_nothing(question: str, turns: list[Turn]) -> None:
    assert not GPTRewriter(QuotesWords(), {"en": limits(0.0), "zh": limits(0.0)}).depends(question, turns)


def test_a_reader_is_only_used_where_it_was_measured(tmp_path: Path) -> None:
    assert measured_limits(tmp_path) is None
    one = {"for_pronouns": 1.5, "for_omissions": None, "silence": 0.3, "threshold": -1.0}
    (tmp_path / FILE).write_text(json.dumps({"limits": {"en": one, "zh": one}}), encoding="utf-8")
    assert measured_limits(tmp_path) == dict.fromkeys(("en", "zh"), Limits(1.5, None, 0.3, -1.0))


def test_a_folder_s_reader_is_loaded_when_it_is_first_asked(tmp_path: Path) -> None:
    loaded: list[QuotesWords] = []

    def load() -> QuotesWords:
        loaded.append(QuotesWords("Moon Martin"))
        return loaded[-1]

    assert isinstance(rewriter_of(tmp_path, load), RuleRewriter)
    one = {"for_pronouns": 0.0, "for_omissions": None, "silence": 0.0, "threshold": -1.0}
    (tmp_path / FILE).write_text(json.dumps({"limits": {"en": one, "zh": one}}), encoding="utf-8")
    rewriter = rewriter_of(tmp_path, load)
    assert loaded == []
    assert standalone_after("When was he born?", BAND, rewriter=rewriter) == "When was Moon Martin born?"
    assert len(loaded) == 1


_NO_THRESHOLD = {"for_pronouns": 1, "for_omissions": None, "silence": 0.3, "threshold": None}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"limits": {"en": 1}}', json.dumps({"limits": {"en": _NO_THRESHOLD, "zh": _NO_THRESHOLD}})]
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match="delete it"):
        measured_limits(tmp_path)


def test_measuring_a_folder_without_a_reader_is_an_error(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "Why?", "standalone": "Why so?", "history": ["Is it?"]}), encoding="utf-8")
    result = CliRunner().invoke(
        main, ["eval", "followups", "--file", str(rows), "--rewriter", "gpt", "--reader", str(tmp_path)])
    assert result.exit_code != 0
    assert "config.json" in result.output


def case(standalone: str, by_rule: str, by_reader: str, probability: float, no_answer: float) -> Case:
    row = Row("1", tuple(BAND), "When was he born?", standalone, dependent=standalone != "When was he born?")
    return Case(row, probability, Reading((Quote(0, 1, "x"),), -0.1, no_answer, 0.9), by_rule, by_reader)


RIGHT = "When was Moon Martin born?"


def test_limits_trust_a_reader_that_completes_better_and_knows_what_stands_alone() -> None:
    dependent = [case(RIGHT, "When was Berlin born?", RIGHT, probability=0.7, no_answer=-5.0) for _ in range(9)]
    alone = [case("When was he born?", "-", "-", probability=0.7, no_answer=-0.01) for _ in range(9)]
    fitted = fit(dependent, dependent, alone, "en")
    assert fit(dependent, [], alone, "en").silence == 0     # it may only know what it was trained on
    assert fitted.for_pronouns is not None
    assert fitted.for_omissions is None     # nothing to measure it on
    assert fitted.silence > 0
    found = measured(fitted, dependent, alone, "en")
    assert (found["dependent_found"], found["unchanged_by_gate"], found["unchanged"]) == (1.0, 0.0, 1.0)
    assert found["f1"] == 1.0 > found["f1_by_rule"]


def test_limits_leave_a_poor_reader_out() -> None:
    dependent = [case(RIGHT, RIGHT, "When was Berlin born?", probability=0.9, no_answer=-0.01) for _ in range(9)]
    alone = [case("When was he born?", "-", "-", probability=0.1, no_answer=-5.0) for _ in range(9)]
    fitted = fit(dependent, dependent, alone, "en")
    assert (fitted.for_pronouns, fitted.for_omissions, fitted.silence) == (None, None, 0.0)


def test_rows_are_read_with_their_earlier_questions_completed() -> None:
    turns = (BAND[0], Turn("What about Moon Martin?", "A singer."))
    row = Row("1", turns, "When was he born?", RIGHT, dependent=True)
    (found,) = cases(QuotesWords("Moon Martin"), [row], quiet=True)
    assert found.by_reader == RIGHT
