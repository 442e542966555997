"""English practice asks for a phrase with question words and is answered by exactly that phrase."""

from __future__ import annotations

import re

from model.training.synthetic.english_cloze import MAX_ANSWER, PASSAGE, english_cloze_questions

BRIDGE = (
    "Garrow Bridge\n\nGarrow Bridge is a suspension bridge over the River Talm in North Wexham. It was designed by "
    "Alice Merton and was opened on 12 May 1931 by the mayor of Wexham. The two towers are 84 metres high, and the "
    "deck carries four lanes of traffic. The bridge was closed for repairs in 1987 because of corrosion.\nAfter the "
    "repairs Alice Merton said that the bridge had cost $3,400,000. About 21% of the cables had been replaced by the "
    "Denholm Steel Company. Today the bridge is used by 14,000 vehicles a day, and the Wexham Transport Museum shows "
    "its history.\n"
)


def texts():
    """Documents of several passages."""
    names = ("Garrow Bridge", "Harlow Bridge", "Tonbury Bridge", "Elder Bridge")
    return [BRIDGE.replace("Garrow Bridge", n) + BRIDGE.partition("\n\n")[2] * 3 for n in names] * 10


def test_the_answer_is_the_phrase_and_is_not_in_the_question():
    made = english_cloze_questions(texts(), 60, 1, "t")
    assert len(made) == 60
    for e in made:
        ((start, end),) = e.quotes
        answer = e.passage[start:end]
        assert 0 < len(answer) <= MAX_ANSWER
        assert answer == answer.strip()
        assert answer.casefold() not in e.question.casefold()
        assert any(w in e.question.casefold() for w in ("what", "who", "which", "where", "when", "how m"))
        assert len(e.passage) <= PASSAGE[1] + 1
        assert (e.lang, e.source) == ("en", "t")


def test_an_auxiliary_moves_the_question_word_to_the_front():
    made = english_cloze_questions(texts(), 200, 2, "t")
    asked = [e.question for e in made if e.passage[slice(*e.quotes[0])] == "1987"]
    assert any(re.match(r"When was (?:the|Garrow|Harlow|Tonbury|Elder) [Bb]ridge closed", q) for q in asked)


def test_money_and_shares_are_asked_for_as_such():
    made = english_cloze_questions(texts(), 300, 3, "t")
    asked = {e.passage[slice(*e.quotes[0])]: e.question.casefold() for e in made}
    assert "how much money" in asked["$3,400,000"]
    assert "what percentage" in asked["21%"]


def test_some_answers_stand_in_another_paragraph_than_the_sentence():
    made = english_cloze_questions(texts(), 200, 4, "t")
    elsewhere = [e for e in made if e.passage[slice(*e.quotes[0])] == "Alice Merton"]
    assert len({e.passage for e in elsewhere}) > 1


def test_the_same_seed_gives_the_same_questions():
    assert english_cloze_questions(texts(), 20, 5, "t") == english_cloze_questions(texts(), 20, 5, "t")
    assert english_cloze_questions(texts(), 20, 5, "t") != english_cloze_questions(texts(), 20, 6, "t")
