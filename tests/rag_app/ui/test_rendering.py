"""What an answer looks like as HTML, and that documents cannot become markup in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from ingest.documents import DocumentRecord, DocumentState
from rag_app.answers.answer import Answer, Citation, QuotedAnswer, Unproven, UnprovenKind
from rag_app.answers.evidence import AnswerEvidence, Evidence, Piece
from rag_app.ui.documents_panel import document_html
from rag_app.ui.rendering import answer_html, not_found_html, possible_html, question_read_html, small_talk_html
from rag_app.ui.strings import CHINESE, ENGLISH

HOSTILE = '<img src=x onerror="alert(1)"> </strong></details><script>1</script> **b** $x$ [l](http://e.org) &amp;'


def citation(quote: str) -> Citation:
    return Citation("a.txt", "d", "c", 0, len(quote), quote, None, 0.5, quote, 0, len(quote))


def place(number: int, before: str, quote: str, after: str, name: str = "a.txt", header: str | None = None) -> Evidence:
    sentence = (Piece(before, is_quote=False), Piece(quote, is_quote=True), Piece(after, is_quote=False))
    around = (Piece("Earlier. ", is_quote=False), *sentence)
    return Evidence(number, name, 3, ("Leave",), header, None, sentence, around)


def page(*answers: tuple[QuotedAnswer, AnswerEvidence], is_local: bool = True) -> BeautifulSoup:
    given = tuple(a for a, _ in answers)
    answer = Answer("?", given[0].text, True, given[0].confidence, given)
    return BeautifulSoup(answer_html(answer, [e for _, e in answers], ENGLISH, is_local=is_local), "html.parser")


def quoted(quote: str, confidence: float = 0.9) -> QuotedAnswer:
    return QuotedAnswer(quote, confidence, (citation(quote),))


ONE = (quoted("28 days"), AnswerEvidence((place(1, "You get ", "28 days", " a year."),), ()))
TWO = (quoted("30 days", 0.7), AnswerEvidence((place(2, "It is ", "30 days", " now.", "b.txt"),), ()))


def texts(found: BeautifulSoup, selector: str) -> list[str]:
    return [e.get_text() for e in found.select(selector)]


def test_one_answer_stands_emphasised_in_its_sentence_with_its_place() -> None:
    found = page(ONE)
    assert texts(found, ".rag-quote") == ["You get 28 days a year."]
    assert texts(found, ".rag-quote strong") == ["28 days"]
    assert texts(found, "summary .rag-source") == ["a.txt"]
    assert texts(found, "summary .rag-page") == ["page 3"]
    assert texts(found, "details .rag-around") == ["Earlier. You get 28 days a year."]
    assert texts(found, "details .rag-around mark") == ["28 days"]
    assert not found.select("ol, .rag-several, .rag-number"), "one answer needs neither a list nor numbers"


def test_a_possible_answer_comes_first_and_is_then_said_to_be_less_certain() -> None:
    possible, evidence = ONE
    answer = Answer("?", f"No certain answer. {HOSTILE}", False, 0.7, possible=replace(possible, confidence=0.7))
    found = BeautifulSoup(possible_html(answer, [evidence], ENGLISH), "html.parser")
    assert not found.select(".rag-answer, .rag-notice, img, script")
    assert texts(found, ".rag-quote") == ["You get 28 days a year."]
    assert texts(found, "summary .rag-source") == ["a.txt"]
    assert texts(found, ".rag-less-certain") == ["confidence 70% · less certain; check the passage"]


def test_a_notice_is_in_one_language_whatever_the_page_is_in() -> None:
    english = Answer("Who?", "Not in your documents.", False, 0.1)
    chinese = replace(english, answer="您的文档中没有提到。")
    assert ENGLISH.not_found_hint in not_found_html(english)
    assert CHINESE.not_found_hint in not_found_html(chinese)
    assert CHINESE.nothing_searched in small_talk_html(replace(chinese, answer="很高兴为您服务！"))


def test_several_answers_are_a_list_each_with_its_numbered_place() -> None:
    found = page(ONE, TWO)
    assert texts(found, ".rag-several") == ["Your documents give 2 different answers. Check which one applies to you:"]
    assert texts(found, "ol > li > .rag-quote") == ["You get 28 days a year.", "It is 30 days now."]
    assert texts(found, "ol > li > details > summary .rag-number") == ["1", "2"]
    assert texts(found, "ol > li .rag-percent") == ["confidence 90%", "confidence 70%"]


def test_answers_to_two_questions_are_no_alternatives() -> None:
    first, second = ONE, (replace(TWO[0], question="And later?"), TWO[1])
    found = page(first, second)
    assert not found.select(".rag-several, ol")
    assert texts(found, ".rag-part") == ["And later?"]
    assert texts(found, ".rag-quote") == ["You get 28 days a year.", "It is 30 days now."]


def test_documents_that_disagree_show_their_dates() -> None:
    dated = [
        (a, AnswerEvidence(tuple(replace(p, date=d) for p in e.places), ()))
        for (a, e), d in ((ONE, "2025-03"), (TWO, "2024"))
    ]
    assert texts(page(*dated), ".rag-date") == ["2025-03", "2024"]


def test_further_places_of_the_same_answer_follow_it() -> None:
    same = (quoted("28 days"), AnswerEvidence(ONE[1].places, (place(2, "", "28 days", ".", "b.txt"),)))
    found = page(same)
    assert texts(found, ".rag-quote") == ["You get 28 days a year."]
    assert texts(found, ".rag-also") == ["also in"]
    assert texts(found, "summary:has(.rag-also) .rag-source") == ["b.txt"]
    assert texts(found, "summary .rag-number") == ["1", "2"]


def test_a_row_comes_with_the_header_of_its_table() -> None:
    row = (quoted("empty"), AnswerEvidence((place(1, "| E05 | ", "empty", " |", header="| Code | Meaning |"),), ()))
    assert texts(page(row), ".rag-table-header") == ["| Code | Meaning |"]


def test_prose_of_another_chat_model_is_shown_with_its_quotes_below() -> None:
    prose = QuotedAnswer('It is "28 days" [1].', 1.0, (citation("28 days"),))
    found = page((prose, ONE[1]), is_local=False)
    assert texts(found, ".rag-prose") == ['It is "28 days" [1].']
    assert texts(found, ".rag-number") == ["1"]
    assert not found.select(".rag-percent"), "it states no confidence"


@pytest.mark.parametrize(
    ("before", "quote", "is_marked"),
    [("You get ", "28 days", True), ("", "Dogs are not allowed.", False), ("It reads: " * 30, "word " * 30, False)],
)
def test_an_answer_that_is_long_or_the_whole_sentence_is_not_marked(before: str, quote: str, is_marked: bool) -> None:
    found = page((quoted(quote), AnswerEvidence((place(1, before, quote, ""),), ())))
    assert bool(found.select(".rag-quote:not(.rag-long)")) is is_marked


def test_the_place_of_a_removed_document_cannot_be_opened() -> None:
    gone = Evidence(1, "a.txt", None, (), None, None, (Piece("28 days", is_quote=True),), ())
    found = page((quoted("28 days"), AnswerEvidence((gone,), ())))
    assert not found.select("details")
    assert texts(found, ".rag-note") == [ENGLISH.removed_since]


def test_what_another_chat_model_made_up_is_marked_in_its_prose() -> None:
    said = f'It is "28 days" [1], and "40 days" [1]. {HOSTILE} "9 days" [7]'
    runs: list[tuple[str, UnprovenKind]] = [
        ("It is", "words"),
        (", and", "words"),
        ('"40 days" [1]', "quotation"),
        (HOSTILE, "words"),
        (" [7]", "number"),
    ]
    unproven = tuple(Unproven(said.index(t), said.index(t) + len(t), kind) for t, kind in runs)
    answer = QuotedAnswer(said, 1.0, (citation("28 days"),), unproven=unproven)
    found = page((answer, ONE[1]), is_local=False)
    flags = "".join(texts(found, ".rag-flag"))
    assert flags == ENGLISH.misquoted + ENGLISH.misnumbered
    assert texts(found, ".rag-unproven-quotation") == ['"40 days" [1]']
    assert texts(found, ".rag-unproven-words") == ["It is", ", and", HOSTILE]
    shown = texts(found, ".rag-prose")[0]
    assert shown.replace(ENGLISH.misquoted, "").replace(ENGLISH.misnumbered, "") == said
    assert texts(found, ".rag-note") == [ENGLISH.own_words]
    assert not found.select("img, script")


def test_a_reply_that_is_proven_throughout_has_no_marks() -> None:
    found = page((QuotedAnswer('"28 days" [1]', 1.0, (citation("28 days"),)), ONE[1]), is_local=False)
    assert texts(found, ".rag-prose") == ['"28 days" [1]']
    assert not found.select(".rag-flag, .rag-unproven, .rag-note")


def test_what_was_read_of_a_long_question_is_shown() -> None:
    answer = Answer("? and more", "28 days", True, 0.9, question_read="<b>?")
    assert texts(BeautifulSoup(question_read_html(answer, ENGLISH), "html.parser"), "div") == [
        f"{ENGLISH.question_read}<b>?"
    ]
    assert question_read_html(replace(answer, question_read=None), ENGLISH) == ""


def test_the_reason_of_a_failed_file_is_in_the_pages_language() -> None:
    record = DocumentRecord("d", "/a", "a", "", "", 0, "failed", "the file is empty [empty]", 0, 0, "2025-01-01")
    said = {s: BeautifulSoup(document_html(record, "a", s), "html.parser") for s in (ENGLISH, CHINESE)}
    assert texts(said[ENGLISH], ".rag-document-state") == ["failed: the file is empty"]
    assert texts(said[CHINESE], ".rag-document-state") == ["失败：文件是空的。"]


@pytest.mark.parametrize("is_local", [True, False])
def test_documents_never_become_markup(is_local: bool) -> None:
    hostile = Evidence(
        1,
        HOSTILE,
        None,
        (HOSTILE,),
        HOSTILE,
        HOSTILE,
        (Piece(HOSTILE, is_quote=False), Piece(HOSTILE, is_quote=True)),
        (Piece(HOSTILE, is_quote=True),),
    )
    found = page(
        (QuotedAnswer(HOSTILE, 0.9, (citation("x"),)), AnswerEvidence((hostile,), (hostile,))), is_local=is_local
    )
    assert not found.select("img, script, a, b, em, code")
    assert texts(found, ".rag-quote strong") == [HOSTILE]
    assert texts(found, "details > .rag-around mark") == [HOSTILE, HOSTILE]
    assert texts(found, ".rag-source") == [HOSTILE, HOSTILE]


def test_the_chinese_page_says_it_in_chinese() -> None:
    answer = Answer("?", "28 days", True, 0.9, (ONE[0], TWO[0]))
    found = BeautifulSoup(answer_html(answer, [ONE[1], TWO[1]], CHINESE, is_local=True), "html.parser")
    assert texts(found, ".rag-several") == ["您的文档中有 2 种不同的说法，请核对哪一种适用："]


@pytest.mark.parametrize(
    ("state", "chunks", "said"),
    [
        ("ready", 3, "3 passages"),
        ("ready", 1, "1 passage"),
        ("ready", 0, "what is in it is listed by itself"),
        ("failed", 0, "failed: the file is empty"),
    ],
)
def test_a_document_says_what_became_of_it(state: DocumentState, chunks: int, said: str) -> None:
    error = "the file is empty" if state == "failed" else None
    record = DocumentRecord("d", "/a.zip", "a", "application/zip", "0" * 64, 9, state, error, chunks, 0, "2025-01-01")
    found = BeautifulSoup(document_html(record, f"a.zip {HOSTILE}", ENGLISH), "html.parser")
    assert texts(found, ".rag-document-state") == [said]
    assert texts(found, ".rag-document-name") == [f"a.zip {HOSTILE}"] and not found.select("img")
