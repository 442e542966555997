import time

import pytest

from model.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[a:b] for a, b in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("今天下雨。我们不去了！为什么？", ["今天下雨。", "我们不去了！", "为什么？"]),
        ("他说：“走吧。”然后走了。", ["他说：“走吧。”", "然后走了。"]),
        ("Dr. Smith met Mr. Jones at 5 p.m. yesterday. They left.", 2),
        ("See Fig. 3 and No. 5, e.g. the U.S. Army. It is 3.14 long.", 2),
        ("He said no. No. He left.", ["He said no.", "No.", "He left."]),
        ('Wait... what? "Really?" he asked. (Yes.) Fine.', 4),
        ("使用Python 3.11版本。Install it first. 然后运行。", 3),
        ("- first item\n- second item\n1. third item\n2) fourth", 4),
        ("| a | b |\n| 1 | 2 |", 2),
        ("Title\n\nBody text", ["Title", "Body text"]),
        (
            "This line was wrapped by an editor at about seventy columns, in\nthe middle. Next.",
            ["This line was wrapped by an editor at about seventy columns, in\nthe middle.", "Next."],
        ),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str] | int) -> None:
    found = sentences(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_a_break_begins_a_sentence_and_its_line_stands_alone() -> None:
    text = "intro without end\nHeading\nbody goes on"
    start = text.index("Heading")
    assert [text[a:b] for a, b in sentence_spans(text, [start])] == ["intro without end", "Heading", "body goes on"]


@pytest.mark.parametrize("unit", [".", "。", "a", "\n", " ", "a\n", "…", '."', "- ", "字", "Mr. "])
def test_the_time_is_linear_in_the_text(unit: str) -> None:
    text = unit * 200_000
    started = time.perf_counter()
    for _ in sentence_spans(text):
        pass
    assert time.perf_counter() - started < 5.0
