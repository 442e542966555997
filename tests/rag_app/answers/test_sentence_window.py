import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.answers.sentence_window import list_around, quote_windows, sentence_around, table_header, with_items


def around(text: str, quote: str) -> str:
    at = text.index(quote)
    first, last = sentence_around(text, at, at + len(quote))
    return text[first:last]


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("First one. The code is 4711, they say. Last one.", "4711", "The code is 4711, they say."),
        ("第一句。预订需要提前两天。第三句。", "两天", "预订需要提前两天。"),
        ("It costs 3.50 euros a day. Dr. Ames pays.", "euros", "It costs 3.50 euros a day."),
        ("One. Two a. Two b. Three.", "a. Two", "Two a. Two b."),
        ("Hours\n\nOpen from nine\n\nClosed on Sunday", "nine", "Open from nine"),
        ("Rules:\n- No dogs here. Cats may come.\n- No smoking.", "dogs", "No dogs here."),
        ("a | b\nE05 | Tank empty. Fill it | call us\nE06 | x", "Tank empty", "E05 | Tank empty. Fill it | call us"),
        (
            "Code: E05; Meaning: Tank empty. Fill it; Do: refill\nCode: E06; Meaning: Flow; Do: call",
            "Fill it",
            "Code: E05; Meaning: Tank empty. Fill it; Do: refill",
        ),
        ("| a | b |\n|---|---|\n| 1 | Stop. Go |\n", "Go", "| 1 | Stop. Go |"),
        (
            "This line was wrapped by an editor at about seventy columns, in\nthe middle of it. Next.",
            "middle",
            "This line was wrapped by an editor at about seventy columns, in\nthe middle of it.",
        ),
    ],
)
def test_a_quote_stands_in_its_sentence_or_row(text: str, quote: str, expected: str) -> None:
    assert around(text, quote) == expected


@settings(deadline=None)  # the machine may be busy
@given(st.text("ab .。!\n中|-:;1", max_size=80), st.data())
def test_the_sentence_always_holds_the_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sentence_around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)
    whole = list_around(text, start, end)
    assert whole is None or 0 <= whole[0] <= start <= end <= whole[1] <= len(text)


@pytest.mark.parametrize("unit", ["a", "a. ", "。", "\n", "a\n", "- a\n", "1. a\n\n", "| a | b |\n", "a: b; ", "字"])
def test_the_cost_does_not_grow_with_the_document(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    middle = len(text) // 2
    started = time.process_time()
    sentence_around(text, middle, middle + 1)
    list_around(text, middle, middle + 1)
    table_header(text, middle)
    assert time.process_time() - started < 1


NUMBERED = "Descaling\n\nDo this:\n1. Empty the tank.\n2. Pour in the descaler and\n   wait.\n3. Rinse.\n\nKeep it dry."
BULLETED = "Take a taxi only in one of these cases:\n\n- at night;\n\n- with luggage;\n\n- in groups.\n\nKeep it."
CONTRACT = "1. The rent is 800 euros.\n\n2. Pets are not allowed.\n\n3. Notice is three months."


@pytest.mark.parametrize("quote", ["Do this", "Empty the tank", "wait", "Rinse", "descaler and\n   wait.\n3. Rin"])
def test_a_numbered_list_is_whole_with_its_introduction(quote: str) -> None:
    at = NUMBERED.index(quote)
    found = list_around(NUMBERED, at, at + len(quote))
    assert found is not None
    assert NUMBERED[slice(*found)] == NUMBERED[11:].removesuffix("\n\nKeep it dry.")


def test_bulleted_items_may_have_blank_lines_between_them() -> None:
    at = BULLETED.index("luggage")
    found = list_around(BULLETED, at, at + 7)
    assert found is not None
    assert BULLETED[slice(*found)] == BULLETED.removesuffix("\n\nKeep it.")


def test_a_chinese_list() -> None:
    text = "发生工伤时：\n1、立即停机。\n2、拨打值班电话。\n其他规定见第八章。"
    at = text.index("拨打")
    found = list_around(text, at, at + 2)
    assert found is not None
    assert text[slice(*found)] == "发生工伤时：\n1、立即停机。\n2、拨打值班电话。"


@pytest.mark.parametrize(("text", "quote"), [(CONTRACT, "Pets"), (NUMBERED, "Keep it dry"), ("- only one item", "one")])
def test_what_is_no_list(text: str, quote: str) -> None:
    at = text.index(quote)
    assert list_around(text, at, at + len(quote)) is None


def test_of_a_very_long_list_only_the_item_is_given() -> None:
    text = "".join(f"- item {i} of many that nobody wants to read\n" for i in range(200))
    at = text.index("item 100")
    assert list_around(text, at, at + 8) is None


def test_the_header_of_a_markdown_table() -> None:
    text = "Codes\n\n| Code | Meaning |\n|:--|---|\n| E05 | empty |\n| E06 | flow |\n"
    assert table_header(text, text.index("| E06")) == "| Code | Meaning |"
    assert table_header(text, text.index("| E05")) == "| Code | Meaning |"
    assert table_header(text, text.index("| Code")) is None
    assert table_header("a | b\nc | d", 6) is None


def test_windows_of_neighbouring_sentences_are_one() -> None:
    text = "Red is first. Blue is second. Nobody asked. Green is last."
    spans = [(text.index(w), text.index(w) + len(w)) for w in ("Green", "Red", "Blue")]
    assert [text[a:b] for a, b in quote_windows(text, spans)] == ["Red is first. Blue is second.", "Green is last."]


def test_only_a_question_for_a_list_gets_the_whole_list() -> None:
    at = NUMBERED.index("Rinse")
    span = (at, at + 5)
    (whole,) = quote_windows(NUMBERED, [span], whole_lists=True)
    (item,) = quote_windows(NUMBERED, [span])
    assert NUMBERED[slice(*whole)].startswith("Do this:")
    assert NUMBERED[slice(*item)] == "3. Rinse."


def test_an_item_comes_with_the_line_that_says_what_is_true_of_it() -> None:
    text = "Rules of the flat.\n\nNot allowed on the balcony:\n- charcoal grills\n- candles\n\nGuests are welcome."
    at = text.index("candles")
    (window,) = quote_windows(text, [(at, at + 7)])
    assert text[slice(*window)] == "Not allowed on the balcony:\n- charcoal grills\n- candles"


def test_an_item_of_a_long_list_or_of_one_without_such_a_line_comes_alone() -> None:
    plain = "Rules.\n- charcoal grills\n- candles"
    long = "Not allowed:\n" + "".join(f"- thing number {i} of a long list of things\n" for i in range(30)) + "- candles"
    for text in (plain, long):
        at = text.index("candles")
        (window,) = quote_windows(text, [(at, at + 7)])
        assert text[slice(*window)] == "candles"


def test_a_line_that_announces_a_list_is_quoted_with_it() -> None:
    text = "You need:\n- a passport\n- two photos\n\nThen come by."
    assert text[: with_items(text, 0, 9)] == "You need:\n- a passport\n- two photos"
    assert with_items(text, text.index("Then"), len(text)) == len(text)
    assert with_items("Note: come by.", 0, 5) == 5


def test_a_quote_may_begin_in_a_list_and_end_after_it() -> None:
    at = NUMBERED.index("3. Rinse")
    found = list_around(NUMBERED, at, len(NUMBERED))
    assert found is not None
    assert NUMBERED[slice(*found)] == NUMBERED[11:]
