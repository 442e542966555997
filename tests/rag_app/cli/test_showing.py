"""What `rag ask` and `rag chat --terminal` print."""

from __future__ import annotations

import click
import pytest

from ingest.embedding.embedder import LocalEmbedder
from ingest.library import Library
from rag_app.answers.answer import Answer, Citation, QuotedAnswer, Unproven
from rag_app.cli.showing import print_answer
from tests.rag_app.conftest import add


def cited(library: Library, source: str, quote: str) -> Citation:
    """A citation whose sentence is the whole document."""
    document = next(d for d in library.documents() if d.source == source)
    text = library.text(document.document_id)
    start = text.index(quote)
    return Citation(
        source, document.document_id, source, start, start + len(quote), quote, None, 0.5, text, 0, len(text)
    )


def shown(answer: Answer, library: Library, capsys: pytest.CaptureFixture[str]) -> str:
    print_answer(answer, library)
    return click.unstyle(capsys.readouterr().out)


def given(*answers: QuotedAnswer) -> Answer:
    return Answer("?", answers[0].text, True, answers[0].confidence, answers, searched_for="?")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: LocalEmbedder) -> Library:
    opened = Library.open(tmp_path_factory.mktemp("showing"), embedder)
    add(opened, "old.txt", "A password has 10 characters.")
    add(opened, "new.txt", "A password has 14 characters.")
    add(opened, "copy.txt", "Note: a password has 14 characters.")
    add(opened, "evil.txt", "The code is 12\x1b[31m34\u202e\x07.")
    return opened


def test_one_answer_is_its_sentence_and_its_place(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    answer = given(QuotedAnswer("10 characters", 0.8, (cited(library, "old.txt", "10 characters"),)))
    assert shown(answer, library, capsys) == "A password has 10 characters.\n[1] old.txt\nconfidence 80%\n\n"


def test_several_answers_are_a_list_numbered_through(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    answer = given(
        QuotedAnswer("14", 0.8, (cited(library, "new.txt", "14"),), (cited(library, "copy.txt", "14"),)),
        QuotedAnswer("10", 0.6, (cited(library, "old.txt", "10"),)),
    )
    assert shown(answer, library, capsys) == (
        "Your documents give 2 different answers. Check which one applies to you:\n\n"
        "1. A password has 14 characters.\n   [1] new.txt\n   also in [2] copy.txt\n   confidence 80%\n\n"
        "2. A password has 10 characters.\n   [3] old.txt\n   confidence 60%\n\n"
    )


def test_a_possible_answer_is_said_to_be_less_certain(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    possible = QuotedAnswer("10 characters", 0.5, (cited(library, "old.txt", "10 characters"),))
    answer = Answer("?", "No certain answer in your documents.", False, 0.5, searched_for="?", possible=possible)
    assert shown(answer, library, capsys) == (
        "A password has 10 characters.\n[1] old.txt\nless certain; check the passage: confidence 50%\n\n"
    )


def test_another_chat_model_states_no_confidence(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    answer = given(QuotedAnswer("10 characters", 1.0, (cited(library, "old.txt", "10 characters"),)))
    print_answer(answer, library, numbered_by_passage=True)
    out = click.unstyle(capsys.readouterr().out)
    assert "this model states no confidence" in out and "%" not in out


def test_the_prose_of_another_chat_model_comes_before_its_sentences(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = given(QuotedAnswer('It has "10 characters" [1].', 1.0, (cited(library, "old.txt", "10 characters"),)))
    assert shown(answer, library, capsys).startswith('It has "10 characters" [1].\n\nA password has 10 characters.\n')


@pytest.mark.parametrize(
    ("question", "flag", "note"),
    [("How long?", "⟨not in your documents⟩", "word for word"), ("多长？", "⟨您的文档中没有这段文字⟩", "逐字")],
)
def test_what_another_chat_model_made_up_is_marked(
    library: Library, capsys: pytest.CaptureFixture[str], question: str, flag: str, note: str
) -> None:
    said = 'It has "10 characters" [1], "20 at best" [1].'
    made_up = (Unproven(0, 6, "words"), Unproven(said.index('"20'), len(said) - 1, "quotation"))
    one = QuotedAnswer(said, 1.0, (cited(library, "old.txt", "10 characters"),), unproven=made_up)
    answer = Answer(question, said, True, 1.0, (one,), searched_for=question)
    first, second, *_ = shown(answer, library, capsys).splitlines()
    assert first == f'It has "10 characters" [1], "20 at best" [1] {flag}.'
    assert note in second


def test_what_was_read_of_a_long_question_is_told(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(
        "Why and so on", "Not in your documents.", False, 0.1, searched_for="Why and so on", question_read="Why and"
    )
    assert shown(answer, library, capsys).startswith("the question is long; this part of it was read: Why and\n")


def test_no_control_sequence_reaches_the_terminal(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    citation = cited(library, "evil.txt", "12\x1b[31m34\u202e\x07")
    print_answer(given(QuotedAnswer(citation.quote, 0.8, (citation,))), library)
    out = capsys.readouterr().out
    assert "\x1b[31m" not in out and "\u202e" not in out and "\x07" not in out
    assert "12[31m34" in click.unstyle(out)


def test_small_talk_is_said_to_be_no_answer(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer("hi", "Happy to help!", False, 0.0, searched_for="hi", small_talk=True)
    assert shown(answer, library, capsys) == "Happy to help!\n(nothing was searched)\n"
