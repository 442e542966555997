"""Windows of documents hold the whole answer or nothing of it, and stand under their document's headings."""

from __future__ import annotations

import json
import random

import pytest

from model.training.examples import context_key
from model.training.synthetic.document_windows import (
    UNITS,
    Document,
    in_one_breath,
    questions_of,
    units,
    window_examples,
    windows_of_others,
)

FLOORS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
GUIDE = "# Town guide\n\nThe town lies by a lake.\n\n" + "".join(
    f"## House {n}\n\nHouse {n} has a garden and a yard. Visitors like its old stairs very much. "
    f"The caretaker of house {n} lives on the {FLOORS[n - 1]} floor. Dogs wait outside at the gate of the house.\n\n"
    f"### Prices\n\nA guest pays {n}7 euros for a night in house {n}.\nBreakfast costs {n} euros more.\n\n"
    for n in range(1, 9)
)
RULES = (
    "本院规定如下。"
    + "".join(
        f"第{n}条，{name}每天早上{n}点开门，晚上关门，节假日不开放，请提前预约。"
        for n, name in (
            ("五", "食堂"),
            ("六", "操场"),
            ("七", "书店"),
            ("八", "邮局"),
            ("九", "诊所"),
            ("十", "礼堂"),
        )
    )
    * 3
)


def row(question, *answers, context=GUIDE, lang="en", **more):
    starts = [context.index(a) for a in answers]
    return {
        "context": context,
        "title": "Guide to the town",
        "question": question,
        "answers": list(answers),
        "answer_start": starts,
        "is_impossible": not answers,
        "lang": lang,
        **more,
    }


ROWS = [
    *(
        row(f"On which floor does the caretaker of house {n} live?", f"on the {floor} floor")
        for n, floor in enumerate(FLOORS, 1)
    ),
    *(row(f"What does a night in house {n} cost?", f"{n}7 euros") for n in range(1, 9)),
    row("Who built house 3?"),
    row("What do a night in house 2 and breakfast there cost?", "27 euros", "2 euros more", all_answers=True),
    row("邮局几点开门？", "早上八点", context=RULES, lang="zh"),
]


def read(tmp_path, *rows, exclude=(), **options):
    path = tmp_path / "private.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return questions_of(path, set(exclude), **options)


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    return read(tmp_path_factory.mktemp("data"), *ROWS)


def windows(questions, elsewhere=0.0, seeds=12):
    return [e for seed in range(seeds) for e in window_examples(questions, elsewhere, random.Random(seed))]


def test_a_chinese_character_is_a_unit_and_four_others_are_one():
    assert units("图书馆") == 3
    assert units("book") == 1
    assert units("WiFi密码") == 3


def test_sentences_rows_and_lines_make_up_the_whole_document():
    document = Document("t", GUIDE + RULES)
    assert "".join(document.text[a:b] for a, b in document.sentences) == document.text
    texts = [document.text[a:b].strip() for a, b in document.sentences]
    assert "Breakfast costs 1 euros more." in texts and "## House 2" in texts
    assert "Visitors like its old stairs very much." in texts


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ("The town lies", ("Town guide",)),
        ("House 2 has", ("Town guide", "House 2")),
        ("A guest pays 27", ("Town guide", "House 2", "Prices")),
        ("House 3 has", ("Town guide", "House 3")),
        ("# Town", ("Town guide",)),
    ],
)
def test_the_headings_above_a_place_are_those_that_still_hold(before, path):
    assert Document("t", GUIDE).heading_at(GUIDE.index(before)) == path


def test_a_text_without_headings_has_none():
    assert Document("t", "#hashtag is none.\nNor is # this.").heading_at(20) == ()


def test_rows_become_questions_on_one_document(questions):
    assert len(questions) == len(ROWS)
    assert len({id(q.document) for q in questions if q.lang == "en"}) == 1
    for q, given in zip(questions, ROWS, strict=True):
        assert (q.question, q.lang, q.source) == (given["question"], given["lang"], "private.jsonl")
        assert [q.document.text[a:b] for a, b in q.answers] == given["answers"]
        assert q.document.title == "Guide to the town"


def test_excluded_reserved_and_unanswered_rows_are_left_out(tmp_path):
    assert read(tmp_path, *ROWS, exclude=[context_key(GUIDE)]) == read(tmp_path, ROWS[-1])
    assert read(tmp_path, *ROWS, calibration_share=1.0) == []
    absent = ROWS[0] | {"answers": ["in the attic"], "answer_start": []}
    assert read(tmp_path, absent) == []


def test_a_row_with_a_conversation_is_asked_with_it_and_in_full(tmp_path):
    history = [["Where is house 3?", "by the lake"]]
    leaning = row("And its caretaker?", "on the third floor", history=history, standalone="Where is 3's caretaker?")
    with_it, in_full = read(tmp_path, leaning)
    assert (with_it.question, with_it.history) == ("And its caretaker?", (("Where is house 3?", "by the lake"),))
    assert (in_full.question, in_full.history) == ("Where is 3's caretaker?", ())
    assert with_it.answers == in_full.answers
    (alone,) = read(tmp_path, leaning | {"standalone": None})
    assert alone.history == with_it.history


def test_a_window_is_a_stretch_of_its_document_that_holds_the_answer(questions):
    for e in windows(questions):
        given = next(r for r in ROWS if r["question"] == e.question)
        assert e.passage in given["context"] and e.passage == e.passage.strip() != ""
        assert [e.passage[a:b] for a, b in e.quotes] == given["answers"]
        assert units(e.passage) <= UNITS[1] * 1.15


def test_each_time_a_question_gets_another_window(questions):
    mine = {e.passage for e in windows(questions[:1], seeds=40)}
    assert len(mine) > 20
    sizes = sorted(map(units, mine))
    assert sizes[0] < 100 and sizes[-1] > 200
    assert windows(questions, 0.5, 3) == windows(questions, 0.5, 3)


def test_windows_stand_under_title_and_headings_or_the_title_or_nothing(questions):
    made = [e for e in windows(questions, 0.3, seeds=60) if e.lang == "en"]
    bare, title = (sum(e.heading == h for e in made) / len(made) for h in ("", "Guide to the town"))
    assert bare == pytest.approx(0.25, abs=0.05) and title == pytest.approx(0.2, abs=0.06)
    document = questions[0].document
    for e in made:
        # a heading is that of the place where the window begins
        path = document.heading_at(document.text.index(e.passage))
        assert e.heading in ("", "Guide to the town", " › ".join(("Guide to the town", *path)))
    assert any(e.heading.endswith("› Town guide › House 5") for e in made)


def test_other_windows_of_the_document_hold_nothing_of_the_answer(questions):
    answerable = [q for q in questions if q.answers]
    made = windows(answerable, 1.0)
    without = [e for e in made if not e.quotes]
    assert 0.8 * len(answerable) * 12 < len(without) <= len(answerable) * 12
    for e in without:
        given = next(r for r in ROWS if r["question"] == e.question)
        assert e.passage in given["context"]
        assert not any(a.casefold() in e.passage.casefold() for a in given["answers"])
        assert UNITS[0] / 2 <= units(e.passage) <= UNITS[1] * 1.15
    assert len(windows(answerable, 0.0)) == len(answerable) * 12


def test_they_are_mostly_where_the_questions_words_stand(questions):
    """On a night in another house, not on the garden of any."""
    asked = [q for q in questions if q.question.startswith("What does a night")]
    without = [e for e in windows(asked, 1.0, 20) if not e.quotes]
    assert sum("for a night" in e.passage for e in without) > 0.6 * len(without)


def test_a_short_document_has_no_window_without_its_answer(tmp_path):
    (question,) = read(tmp_path, row("When?", "at ten", context="It opens at eight. It closes at ten."))
    made = windows([question], 1.0)
    assert len(made) == 12 and all(e.quotes for e in made)


def test_what_a_document_does_not_say_is_asked_of_it_without_an_answer(questions):
    impossible = [q for q in questions if not q.answers]
    made = windows(impossible, 1.0)
    assert len(made) == 12 and all(e.quotes == () and e.passage in GUIDE for e in made)
    assert sum("ouse 3" in e.passage for e in made) > 6


def test_answers_too_far_apart_for_a_window_are_passed_over(tmp_path):
    apart = row("Which floors?", "on the first floor", "on the eighth floor", all_answers=True)
    assert windows(read(tmp_path, apart), 0.0) == []


def test_the_history_of_a_question_goes_with_its_windows(tmp_path):
    leaning = row("And its caretaker?", "on the third floor", history=[["Where is house 3?", "by the lake"]])
    made = windows(read(tmp_path, leaning), 1.0, 3)
    assert made and all(e.history == (("Where is house 3?", "by the lake"),) for e in made)


def test_two_questions_in_one_breath_have_both_answers(questions):
    made = in_one_breath(questions, 0.5, random.Random(1))
    assert len(made) == round(0.5 * len(questions))
    single = {q.question.casefold().rstrip("?"): q for q in questions if len(q.answers) == 1}
    for q in made:
        asked = sorted((text for text in single if text in q.question.casefold()), key=q.question.casefold().index)
        first, second = asked
        assert q.answers == (*single[first].answers, *single[second].answers)
        (low, high), (a, b) = sorted(q.answers)
        assert high <= a and units(q.document.text[low:b]) <= UNITS[1] * 0.8
        assert q.question.endswith("?") and " ?" not in q.question and " ," not in q.question
    assert all(len(e.quotes) == 2 for e in window_examples(made, 0.0, random.Random(1)))


def test_no_follow_up_and_no_question_alone_on_its_document_is_joined(tmp_path):
    leaning = row("And its caretaker?", "on the third floor", history=[["Where is house 3?", "by the lake"]])
    lonely = row("邮局几点开门？", "早上八点", context=RULES, lang="zh")
    assert in_one_breath(read(tmp_path, ROWS[2], leaning, lonely), 1.0, random.Random(1)) == []


def test_chinese_questions_are_joined_as_chinese_ones_are(tmp_path):
    both = [
        row("邮局几点开门？", "早上八点", context=RULES, lang="zh"),
        row("诊所几点开门？", "早上九点", context=RULES, lang="zh"),
    ]
    made = in_one_breath(read(tmp_path, *both), 1.0, random.Random(1))
    assert len(made) == 2
    for q in made:
        assert " " not in q.question and q.question.endswith("？")
        assert {"邮局几点开门", "诊所几点开门"} <= set(q.question.replace("还有", "").replace("？", "，").split("，"))


def test_windows_of_other_documents_look_like_an_answer_and_hold_none(tmp_path):
    towns = {
        name: GUIDE.replace("The town", name).replace("7 euros", f"{n}5 euros")
        for n, name in enumerate(
            ("Aldmoor", "Birkfeld", "Cransley", "Dunmere"),
            1,
        )
    }
    rows = [
        row(f"What does a night in house 3 of {name} cost?", f"3{n}5 euros", context=text) | {"title": name}
        for n, (name, text) in enumerate(towns.items(), 1)
    ]
    asked = read(tmp_path, *rows, row("Who built house 3?"))
    made = list(windows_of_others(asked, 1.0, random.Random(1)))
    assert [e.question for e in made] and len(made) == len(rows)
    for example in made:
        own = next(name for name in towns if name in example.question)
        assert not example.quotes
        assert example.passage not in towns[own]
        assert any(example.passage in text for text in (*towns.values(), GUIDE))
        assert "house" in example.passage
        assert not example.heading.startswith(own)
    assert list(windows_of_others(asked, 0.0, random.Random(1))) == []


def test_a_lonely_document_has_no_others(tmp_path):
    assert list(windows_of_others(read(tmp_path, *ROWS[:3]), 1.0, random.Random(1))) == []
