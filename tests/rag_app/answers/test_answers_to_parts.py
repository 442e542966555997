"""Answers to the parts of a message stand behind the answer to all of it, unless that says the same already."""

from __future__ import annotations

from dataclasses import replace

from rag_app.answers.answer import Answer, Citation, Passage, QuotedAnswer
from rag_app.answers.answers_to_parts import with_answers_to_parts

MESSAGE = "When does the lease end and how much is the deposit?"
END, DEPOSIT = "When does the lease end?", "how much is the deposit?"


def quoted(quote: str, start: int, confidence: float, document: str = "lease") -> QuotedAnswer:
    """A quote in a sentence of 40 characters."""
    sentence = start // 40 * 40
    return QuotedAnswer(
        quote,
        confidence,
        (
            Citation(
                "a.txt",
                document,
                "c",
                start,
                start + len(quote),
                quote,
                None,
                0.5,
                "s" * 40,
                sentence,
                sentence + 40,
            ),
        ),
    )


def passage(name: str) -> Passage:
    return Passage(name, "", name, name, 0, 1, "t", None, (), 0.5, name)


def answer(*answers: QuotedAnswer, question: str = MESSAGE, passages: tuple[Passage, ...] = ()) -> Answer:
    told = answers[0] if answers else None
    return Answer(
        question,
        told.text if told else "Not in your documents.",
        bool(answers),
        told.confidence if told else 0.1,
        answers,
        usage={"input_tokens": 10},
        passages=passages,
        withheld=None if told else "x",
        possible=None if told else quoted("x", 0, 0.1),
        searched_for=question,
    )


def test_what_stands_elsewhere_is_added_and_names_its_question() -> None:
    whole = answer(quoted("in May", 0, 0.9), passages=(passage("a"), passage("b")))
    deposit = quoted("900 euros", 80, 0.7)
    found = with_answers_to_parts(
        whole,
        [
            (END, answer(quoted("in May", 0, 0.8))),
            (DEPOSIT, answer(deposit, passages=(passage("b"), passage("c")))),
        ],
    )
    assert found.answers == (*whole.answers, replace(deposit, question=DEPOSIT))
    assert (found.answer, found.confidence, found.answered) == ("in May\n900 euros", 0.7, True)
    assert [p.source for p in found.passages] == ["a", "b", "c"]
    assert (found.question, found.searched_for) == (MESSAGE, MESSAGE)
    assert found.usage == {"input_tokens": 30}, "what all three readings cost"
    assert [a.get("question") for a in found.to_dict()["answers"]] == [None, DEPOSIT]


def test_a_part_that_is_answered_in_the_same_sentence_adds_nothing() -> None:
    whole = answer(quoted("in May", 0, 0.9))
    parts = [(END, answer(quoted("May", 3, 0.8))), (DEPOSIT, answer(quoted("900", 30, 0.8)))]
    found = with_answers_to_parts(whole, parts)
    assert found == replace(whole, usage={"input_tokens": 30})


def test_the_same_place_in_another_document_is_another_place() -> None:
    found = with_answers_to_parts(answer(quoted("in May", 0, 0.9)), [(END, answer(quoted("in June", 0, 0.8, "draft")))])
    assert [a.text for a in found.answers] == ["in May", "in June"]


def test_parts_answer_what_the_whole_message_does_not() -> None:
    whole = answer()
    found = with_answers_to_parts(whole, [(END, answer(quoted("in May", 0, 0.8))), (DEPOSIT, answer())])
    assert found.answered and found.answer == "in May" and found.answers[0].question == END
    assert found.withheld is None and found.possible is None
    nothing = with_answers_to_parts(whole, [(END, answer()), (DEPOSIT, answer())])
    assert not nothing.answered and nothing.possible == whole.possible and nothing.withheld == "x"
