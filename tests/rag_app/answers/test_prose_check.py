"""Whatever a chat model writes, only what stands in a passage is called so."""

import pytest

from rag_app.answers.prose_check import checked_prose, find_quote

GARAGE = "The garage opens at six. The access code of the garage is 4711. Bicycles are parked in row C for 110 days."
HANDBOOK = "Each employee's leave is 5,000 hours.\nOvertime “counts double” on Sundays."
ROOM = "三楼会议室可容纳二十人。预订会议室需要提前两天。"
PASSAGES = [GARAGE, HANDBOOK, ROOM]


def proven(text: str, question: str = "") -> list[tuple[str, int, str]]:
    """What is proven: the run, its passage from 1, the words that stand there."""
    return [
        (text[r.start : r.end], r.passage + 1, PASSAGES[r.passage][r.first : r.last])
        for r in checked_prose(text, PASSAGES, question).proven
    ]


def unproven(text: str, question: str = "") -> list[tuple[str, str]]:
    return [(r.kind, text[r.start : r.end]) for r in checked_prose(text, PASSAGES, question).unproven]


def test_a_copied_string_is_proven_and_the_words_around_it_are_the_models_own() -> None:
    text = 'The code: "access code of the garage is 4711" [1], I think.'
    assert proven(text) == [('"access code of the garage is 4711" [1]', 1, "access code of the garage is 4711")]
    assert unproven(text) == [("words", "The code:"), ("words", ", I think.")]


@pytest.mark.parametrize(
    "text",
    [
        '"the code of the garage is 0815" [1]',
        '"Employees get 40 days of leave" [2]',
        "“会议室可容纳三十人”【3】",
        '"Employees get 40 days of leave"',
        '"access code of the garage is 4711, or 0815" [1]',
        '"4711" [9], "0815" [9]',
    ],
)
def test_an_invented_quotation_is_called_so(text: str) -> None:
    assert [kind for kind, _ in unproven(text)][-1] == "quotation"


def test_a_quotation_from_another_passage_than_the_one_named_has_a_wrong_number() -> None:
    text = '"access code of the garage is 4711" [2]'
    assert proven(text) == [('"access code of the garage is 4711"', 1, "access code of the garage is 4711")]
    assert unproven(text) == [("number", " [2]")]


def test_a_number_of_no_passage_is_wrong_too() -> None:
    assert unproven('"4711" [9]') == [("number", " [9]")]


def test_several_numbers_need_one_that_holds() -> None:
    assert unproven('"access code of the garage is 4711" [1, 2]') == []
    assert unproven('"access code of the garage is 4711" [2][1]') == []


def test_whole_sentences_are_proven_without_quotation_marks() -> None:
    text = "1. The garage opens at six. [1]\n2. It closes at ten. [1]\n- 预订会议室需要提前两天。\n"
    text += "- 预订会议室需要提前两天 [1]"
    assert [(n, words) for _, n, words in proven(text)] == [
        (1, "The garage opens at six."),
        (3, "预订会议室需要提前两天。"),
        (3, "预订会议室需要提前两天"),
    ]
    assert unproven(text) == [("words", "It closes at ten. [1]"), ("number", " [1]")]


def test_a_few_words_prove_nothing_by_themselves() -> None:
    assert proven('No. It says nothing of "garage" or 会议室.') == []
    assert [kind for kind, _ in unproven("Is 4711")] == ["words"]


def test_words_of_the_question_in_quotation_marks_are_no_claim() -> None:
    text = 'The passages do not say what "lunar leave" is.'
    assert unproven(text, "What is lunar leave?") == [("words", text)]
    assert ("quotation", '"lunar leave"') in unproven(text)


def test_the_reply_that_there_is_no_answer_claims_nothing() -> None:
    found = checked_prose("NOT IN THE DOCUMENTS", ["This stands NOT IN THE DOCUMENTS."])
    assert (found.proven, found.unproven) == ((), ())


def test_every_word_is_proven_or_is_not() -> None:
    text = 'So, "access code of the garage is 4711" [1]; see "x y z" [3]. 会议室很大。 The garage opens at six. Yes!'
    found = checked_prose(text, PASSAGES)
    covered = {i for r in (*found.proven, *found.unproven) for i in range(r.start, r.end)}
    assert "".join(c for i, c in enumerate(text) if i not in covered and c.isalnum()) == ""


def test_an_odd_quotation_mark_does_not_hide_what_is_copied() -> None:
    text = 'The 12" pipe: "access code of the garage is 4711" [1]'
    assert [n for _, n, _ in proven(text)] == [1]


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("10 days", None),
        ("110 days", "110 days"),
        ("000 hours", None),
        ("5,000 hours", "5,000 hours"),
        ("5", None),
        ("employee’s  leave", "employee's leave"),
        ('"counts double"', "“counts double”"),
        ("ode of the", None),
        ("会议室需要", "会议室需要"),
        ("", None),
        ("  ", None),
    ],
)
def test_a_quote_stands_there_whole(quote: str, found: str | None) -> None:
    text = "\n".join(PASSAGES)
    span = find_quote(quote, text)
    assert (None if span is None else text[slice(*span)]) == found


def test_a_quote_is_text_never_a_pattern() -> None:
    assert find_quote(".*", "anything") is None
    assert find_quote("a.b*c", "see a.b*c here") == (4, 9)
