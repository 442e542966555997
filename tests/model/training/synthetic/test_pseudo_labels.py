"""A reader labels questions once; what it is not sure of is not learnt."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from model.training.synthetic.pseudo_labels import labelled_questions, untokenized

ROWS = [
    {"question": "Who built the tower?", "positive": "The tower was built by Anna Lind ."},
    {"question": "When was the tower built?", "positive": "The tower stands since 1820 ."},
    {"question": "What is the tower made of?", "positive": "The tower is made of brick ."},
    {"question": "Why is the sky blue?", "positive": "The tower has a door ."},
]
ANSWERS = {"Who": "Anna Lind", "When": "1820", "What": "brick", "Why": "door"}


class Reader:
    """Quotes what ANSWERS says and is sure of all but "why"."""

    def __init__(self):
        self.read_questions = []

    def read(self, question, passages, *, max_quotes):
        self.read_questions.append(question)
        word = question.split()[0]
        quote = SimpleNamespace(text=ANSWERS[word])
        sure = 0.2 if word == "Why" else 0.9
        reading = SimpleNamespace(expected_overlap=sure, evidence=1.0, quotes=(quote,))
        return SimpleNamespace(readings=[reading])


@pytest.fixture
def reader():
    return Reader()


def silent(line):
    """Progress goes nowhere."""


def test_sure_answers_become_examples_between_other_sentences(tmp_path, reader):
    made = labelled_questions(ROWS, 10, 1, "t", lambda: reader, tmp_path / "labels.jsonl", silent)
    answers = {e.question: e.passage[slice(*e.quotes[0])] for e in made}
    assert answers == {
        "Who built the tower?": "Anna Lind",
        "When was the tower built?": "1820",
        "What is the tower made of?": "brick",
    }
    assert all(e.passage.count("The tower") > 1 for e in made)


def test_labels_are_kept_and_not_asked_for_again(tmp_path, reader):
    cache = tmp_path / "labels.jsonl"
    first = labelled_questions(ROWS[:2], 10, 1, "t", lambda: reader, cache, silent)
    assert len(reader.read_questions) == 2
    second = labelled_questions(ROWS, 10, 1, "t", lambda: reader, cache, silent)
    assert len(reader.read_questions) == 4
    assert {e.question for e in first} < {e.question for e in second}

    def never():
        raise AssertionError("all labels are known")

    assert labelled_questions(ROWS, 10, 1, "t", never, cache, silent) == second


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("how often is notre dame 's paper published ?", "how often is notre dame's paper published?"),
        ("it did n't -lrb- yet -rrb- end , they said .", "it didn't (yet) end, they said."),
        ("`` hello '' she said", '"hello" she said'),
    ],
)
def test_spaces_of_a_tokenizer_are_taken_out(words, text):
    assert untokenized(words) == text
