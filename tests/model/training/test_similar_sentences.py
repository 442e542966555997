"""A question over one sentence becomes one over several that look alike."""

from __future__ import annotations

import pytest

from model.training.similar_sentences import sentence_questions, untokenized

ROWS = [
    {"question": question, "context": context, "answers": answers} for question, context, answers in (
        ("Who was the tower built by ?", "The tower was built by Anna Lind .", ["Anna Lind"]),
        ("Since when does the tower stand ?", "The tower stands since 1820 .", ["in 1820", "1820"]),
        ("What is the tower made of ?", "The tower is made of brick .", ["brick"]),
        ("And why is that so ?", "The tower has a door .", ["people"]),
        ("What has it ?", "The tower has a door .", ["a door"]),
    )
]


def test_the_answer_stands_between_other_sentences_which_do_not_hold_it():
    made = sentence_questions(ROWS, 10, 1, "t")
    answers = {e.question: e.passage[slice(*e.quotes[0])] for e in made}
    assert answers == {
        "Who was the tower built by?": "Anna Lind", "Since when does the tower stand?": "1820",
        "What is the tower made of?": "brick",
    }, "answers that stand nowhere and questions of three words are left out"
    assert all(e.passage.count("The tower") > 1 for e in made)
    assert all(e.passage.count(answers[e.question]) == 1 for e in made)


def test_the_same_seed_makes_the_same_questions_and_no_more_than_asked_for():
    assert sentence_questions(ROWS, 2, 3, "t") == sentence_questions(ROWS, 2, 3, "t")
    assert len(sentence_questions(ROWS, 2, 3, "t")) == 2
    assert sentence_questions([], 2, 3, "t") == []


@pytest.mark.parametrize(("words", "text"), [
    ("how often is notre dame 's paper published ?", "how often is notre dame's paper published?"),
    ("it did n't -lrb- yet -rrb- end , they said .", "it didn't (yet) end, they said."),
    ("`` hello '' she said", '"hello" she said'),
])
def test_spaces_of_a_tokenizer_are_taken_out(words, text):
    assert untokenized(words) == text
