"""The prompt before a passage: conversation, question and heading, each in its segment and within its length."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models

from model.errors import CheckpointError
from model.reader.prompt import (
    HEADING,
    HISTORY,
    MAX_EARLIER_ANSWER,
    MAX_EARLIER_QUESTION,
    MAX_HEADING,
    MAX_QUESTION,
    MAX_TURNS,
    PASSAGE,
    QUESTION,
    Openings,
    heading_of,
    opening,
    special_of,
)
from model.reader.windows import MAX_PROMPT
from model.tokenizer import TextTokenizer

ASKED = "When does the library close?"
TURNS = [("Where is the library?", "on Mill Street"), ("几点开门？", "八点")]
PLACE = "Town guide › Libraries"


@pytest.fixture(scope="module")
def special(tokenizer):
    return special_of(tokenizer)


def parts(tokenizer, special, made):
    """(segment, text) of each part; every part ends with [SEP], the first begins with [CLS]."""
    assert made.ids[0] == special.cls and made.ids[-1] == special.sep
    assert len(made.ids) == len(made.segments) == len(made)
    found, start = [], 1
    for i, token in enumerate(made.ids):
        if token == special.sep:
            (segment,) = set(made.segments[start : i + 1])
            found.append((segment, tokenizer.decode(made.ids[start:i])))
            start = i + 1
    return found


def test_conversation_question_and_heading_follow_each_other_each_in_its_segment(tokenizer, special):
    made = opening(tokenizer, special, ASKED, TURNS, PLACE)
    read = [
        (s, tokenizer.decode(tokenizer.encode(t).ids))
        for s, t in (
            (HISTORY, TURNS[0][0]),
            (HISTORY, TURNS[0][1]),
            (HISTORY, TURNS[1][0]),
            (HISTORY, TURNS[1][1]),
            (QUESTION, ASKED),
            (HEADING, PLACE),
        )
    ]
    assert parts(tokenizer, special, made) == read
    assert made.segments[0] == QUESTION, "[CLS] belongs to the question"


def test_without_conversation_and_heading_the_question_stands_alone(tokenizer, special):
    made = opening(tokenizer, special, ASKED)
    assert made.ids == [special.cls, *tokenizer.encode(ASKED).ids, special.sep]
    assert set(made.segments) == {QUESTION}


def test_the_last_turns_are_read_oldest_first(tokenizer, special):
    many = [(f"question {i}", f"answer {i}") for i in range(MAX_TURNS + 3)]
    assert opening(tokenizer, special, ASKED, many) == opening(tokenizer, special, ASKED, many[-MAX_TURNS:])
    said = [t for s, t in parts(tokenizer, special, opening(tokenizer, special, ASKED, many)) if s == HISTORY]
    assert said == ["question 3", "answer 3", "question 4", "answer 4"]


def test_an_earlier_question_without_an_answer_keeps_its_place(tokenizer, special):
    made = opening(tokenizer, special, ASKED, [("a story", "")])
    assert [s for s, _ in parts(tokenizer, special, made)] == [HISTORY, HISTORY, QUESTION]
    assert parts(tokenizer, special, made)[1][1] == ""


def test_what_is_too_long_is_cut_and_of_a_heading_the_end_is_kept(tokenizer, special):
    words = " ".join(f"w{i}" for i in range(300))
    made = opening(tokenizer, special, words, [(words, words)], words)
    ids = tokenizer.encode(words).ids
    lengths = (MAX_EARLIER_QUESTION, MAX_EARLIER_ANSWER, MAX_QUESTION)
    assert made.ids == [
        special.cls,
        *(t for n in lengths for t in (*ids[:n], special.sep)),
        *ids[-MAX_HEADING:],
        special.sep,
    ]


def test_the_longest_opening_leaves_room_for_a_passage(tokenizer, special):
    words = "word " * 300
    longest = opening(tokenizer, special, words, [(words, words)] * 5, words)
    assert len(longest) <= MAX_PROMPT - 64


def test_openings_are_independent_of_each_other(tokenizer, special):
    openings = Openings(tokenizer, special, ASKED, TURNS)
    first = openings.before(PLACE)
    first.ids.append(99)
    first.segments.append(9)
    openings.before().ids.clear()
    assert openings.before(PLACE) == opening(tokenizer, special, ASKED, TURNS, PLACE)
    assert openings.before() == opening(tokenizer, special, ASKED, TURNS)


def test_special_tokens_in_what_was_typed_end_no_part(tokenizer, special):
    made = opening(tokenizer, special, "What does [SEP] mean?", [("[CLS] [SEP]", "[PAD]")], "On [SEP]")
    assert [s for s, _ in parts(tokenizer, special, made)] == [HISTORY, HISTORY, QUESTION, HEADING]
    assert made.ids.count(special.cls) == 1 and special.pad not in made.ids


def test_segments_tell_the_sides_that_are_compared():
    """Match features compare what is asked and said with the passage and its heading: odd segments."""
    assert {s % 2 for s in (QUESTION, HISTORY)} == {0} and {s % 2 for s in (PASSAGE, HEADING)} == {1}
    assert len({QUESTION, PASSAGE, HISTORY, HEADING}) == 4


@pytest.mark.parametrize(
    ("title", "path", "heading"),
    [
        ("Staff handbook", ["Leave", "Parents"], "Staff handbook › Leave › Parents"),
        ("Staff handbook", ["Staff handbook", "Leave"], "Staff handbook › Leave"),
        ("", ["Leave"], "Leave"),
        (" Staff handbook ", ["", "  "], "Staff handbook"),
        ("", [], ""),
    ],
)
def test_title_and_headings_are_one_line_without_repetition(title, path, heading):
    assert heading_of(title, path) == heading


def test_a_tokenizer_without_the_special_tokens_is_no_readers():
    with pytest.raises(CheckpointError, match=r"\[CLS\], \[SEP\] and \[PAD\]"):
        special_of(TextTokenizer(Tokenizer(models.WordLevel({"[CLS]": 0, "[SEP]": 1, "?": 2}, "?"))))
