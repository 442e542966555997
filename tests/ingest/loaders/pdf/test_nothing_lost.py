"""What is on a page is in the text: whole words, what was filled in, rows of tables, and nothing twice."""

import pytest

from ingest.loaders.pdf.loader import load_pdf
from tests.ingest.loaders.pdf.raw_pdf import FORM_FIELD, raw_pdf, shown

PROSE = (
    "The lender hands the tools over in good order, and the borrower",
    "brings them back in the same state on the day that both agreed,",
    "at the latest before the shop closes in the evening of that day.",
)


def text_of(data: bytes) -> str:
    return load_pdf(data, "s").text


def prose(y: float, x: float = 72) -> str:
    return "".join(shown(x, y - 15 * i, line) for i, line in enumerate(PROSE))


def rows(y: float, *cells: tuple[str, ...], columns: tuple[float, ...] = (72, 250, 400)) -> str:
    return "".join(
        shown(x, y - 18 * i, text) for i, row in enumerate(cells) for x, text in zip(columns, row, strict=False) if text
    )


def columns(y: float, *cells: tuple[str, ...], at: tuple[float, ...]) -> str:
    """Draw a table column by column."""
    return "".join(
        shown(x, y - 18 * i, row[column]) for column, x in enumerate(at) for i, row in enumerate(cells) if row[column]
    )


def test_the_pieces_of_a_word_are_one_word_beside_a_table_too() -> None:
    # given a word in two pieces with a gap that is a kern and no space, on a page that is put together from its boxes
    word = shown(72, 780, "Agree") + shown(72 + 12 * 2.778, 780, "ment")
    table = rows(
        600, ("Part", "Colour", "Place"), ("Lid", "red", "top"), ("Box", "blue", "middle"), ("Foot", "", "low")
    )
    more = rows(546, ("Rim", "grey", "edge"))
    # then
    assert text_of(raw_pdf([word + table + more])).startswith("Agreement\n")


def test_words_without_a_character_between_them_stay_apart() -> None:
    words = shown(72, 780, "Terms") + shown(72 + 12 * 3.4, 780, "of delivery")
    table = rows(600, ("Lid", "red"), ("Box", "blue"), ("Rim", "grey"))
    assert text_of(raw_pdf([words + table])).startswith("Terms of delivery\n")


def test_what_was_filled_into_a_form_stands_with_its_words() -> None:
    page = shown(72, 780, "Tenancy form") + shown(72, 740, "Name:") + shown(72, 710, "Rent per month")
    page += shown(100, 680, "Pets allowed") + shown(100, 650, "Smoking allowed") + shown(72, 620, "Parking")
    page += shown(72, 560, "Signed by both parties.")
    fields = [
        f"{FORM_FIELD} /FT /Tx /T (f1) /V (Jane Doe) /Rect [150 735 300 755]",
        f"{FORM_FIELD} /FT /Tx /T (f2) /V (950 EUR) /Rect [200 705 300 725]",
        f"{FORM_FIELD} /FT /Btn /T (f3) /V /Yes /AS /Yes /AP << /N << /Yes null /Off null >> >> /Rect [80 678 92 690]",
        f"{FORM_FIELD} /FT /Btn /T (f4) /V /Off /AS /Off /AP << /N << /Yes null /Off null >> >> /Rect [80 648 92 660]",
        f"{FORM_FIELD} /FT /Ch /Ff 131072 /T (f5) /Opt [(none) (yard) (garage)] /V (yard) /Rect [150 615 300 635]",
        f"{FORM_FIELD} /FT /Tx /T (f6) /TU (Date of birth) /V (3 May 1990) /Rect [72 300 200 320]",
        f"{FORM_FIELD} /FT /Tx /Ff 8192 /T (f7) /V (secret) /Rect [300 300 400 320]",
        f"{FORM_FIELD} /F 2 /FT /Tx /T (f8) /V (hidden) /Rect [300 200 400 220]",
    ]
    lines = text_of(raw_pdf([page], annotations=fields)).split("\n")
    assert lines == [
        "Tenancy form",
        "Name: Jane Doe",
        "Rent per month: 950 EUR",
        "[x] Pets allowed",
        "Smoking allowed",
        "Parking: yard",
        "Signed by both parties.",
        "Date of birth: 3 May 1990",
    ]


def test_a_value_that_is_printed_into_the_page_is_there_once() -> None:
    page = shown(72, 740, "Name:") + shown(152, 740, "Jane Doe")
    field = f"{FORM_FIELD} /FT /Tx /T (f1) /V (Jane Doe) /Rect [150 735 300 755]"
    assert text_of(raw_pdf([page], annotations=[field])) == "Name: Jane Doe"


def test_text_and_notes_put_on_top_of_a_page_are_read() -> None:
    page = shown(72, 780, "Contract") + shown(72, 740, "Deposit:")
    notes = [
        "/Type /Annot /Subtype /FreeText /F 4 /Contents (1900 EUR) /DA (/F1 12 Tf) /Rect [150 735 300 755]",
        "/Type /Annot /Subtype /Text /F 4 /Contents (Ask the owner first.) /Rect [400 735 420 755]",
        "/Type /Annot /Subtype /Popup /F 4 /Contents (Not twice) /Rect [400 735 420 755]",
    ]
    text = text_of(raw_pdf([page], annotations=notes))
    assert text == "Contract\nDeposit: 1900 EUR\nNote: Ask the owner first."


def test_a_page_that_has_only_filled_in_values_is_read() -> None:
    field = f"{FORM_FIELD} /FT /Tx /T (Name) /V (Jane Doe) /Rect [150 735 300 755]"
    assert text_of(raw_pdf([" "], annotations=[field])) == "Name: Jane Doe"


def test_keys_keep_their_values_where_the_columns_were_drawn_one_after_the_other() -> None:
    # given long cells on both sides, which look like two columns of prose
    cells = (
        ("Standard plan for small teams", "19.90 EUR per user and month"),
        ("Business plan for whole companies", "34.50 EUR per user and month"),
        ("Plan for schools and associations", "7.25 EUR per user and month"),
        ("Plan for public administrations", "22.00 EUR per user and month"),
    )
    text = text_of(raw_pdf([columns(700, *cells, at=(72, 330))]))
    for key, value in cells:
        assert any(key in line and value in line for line in text.split("\n"))


def test_long_cells_that_were_drawn_row_by_row_stay_rows() -> None:
    cells = (
        ("Onboarding of new colleagues", "Managed by the people team"),
        ("Travel in Europe", "Approved by the head of the division"),
        ("Working from another country", "Approved by the people team"),
        ("Purchases and subscriptions", "Handled at the front desk"),
    )
    text = text_of(raw_pdf([rows(700, *cells, columns=(72, 330))]))
    for key, value in cells:
        assert any(key in line and value in line for line in text.split("\n"))


def test_two_rows_torn_apart_are_whole_again() -> None:
    cells = (("Net price", "120.00 EUR"), ("Total to pay", "142.80 EUR"))
    text = text_of(raw_pdf([prose(780) + columns(600, *cells, at=(72, 330))]))
    assert "Net price 120.00 EUR" in text and "Total to pay 142.80 EUR" in text


def test_figures_that_end_in_one_line_are_a_column() -> None:
    cells = (("Item", "Price"), ("Hammer", "9.50"), ("Saw", "1,249.00"), ("Nails", "105.25"))
    page = "".join(shown(72, 700 - 18 * i, key) for i, (key, _) in enumerate(cells))
    for i, ((_, value), width) in enumerate(zip(cells, (28.0, 23.35, 46.7, 36.7), strict=True)):
        page += shown(400 - width, 700 - 18 * i, value)
    assert text_of(raw_pdf([page])) == (
        "Item: Hammer; Price: 9.50\nItem: Saw; Price: 1,249.00\nItem: Nails; Price: 105.25"
    )


@pytest.mark.parametrize(
    "cells",
    [
        (("Plan A", "Monthly", "9 EUR"), ("Plan B", "Yearly", "90 EUR"), ("Plan C", "Yearly", "95 EUR")),
        (("Alice", "Berlin", "Sales"), ("Bob", "Paris", "Support"), ("Carol", "Rome", "Sales")),
    ],
)
def test_a_row_of_values_is_no_header(cells: tuple[tuple[str, ...], ...]) -> None:
    assert text_of(raw_pdf([rows(700, *cells)])) == "\n".join(" | ".join(row) for row in cells)


def test_a_bold_row_is_a_header_whatever_stands_below() -> None:
    header = "".join(shown(x, 718, name, font="F2") for x, name in ((72, "Name"), (250, "City"), (400, "Team")))
    page = header + rows(700, ("Alice", "Berlin", "Sales"), ("Bob", "Paris", "Support"))
    assert text_of(raw_pdf([page])) == "Name: Alice; City: Berlin; Team: Sales\nName: Bob; City: Paris; Team: Support"


def test_the_halves_of_a_double_page_are_each_stored_once() -> None:
    content = shown(30, 700, "Words of the left page.") + shown(330, 700, "Words of the right page.")
    document = load_pdf(raw_pdf([content] * 2, boxes=["/CropBox [0 0 297 842]", "/CropBox [297 0 595 842]"]), "s")
    assert document.text == "Words of the left page.\n\nWords of the right page."


def test_text_that_a_path_clips_off_is_not_on_the_page() -> None:
    content = shown(30, 700, "Words of the left page.") + shown(330, 700, "Words of the right page.")
    halves = [f"q {x} 0 297 842 re W n\n{content}Q" for x in (0, 297)]
    assert text_of(raw_pdf(halves)) == "Words of the left page.\n\nWords of the right page."


def test_headers_and_footers_are_kept_once_and_part_no_sentence() -> None:
    # given a sentence that runs over the end of each page
    pages = [
        shown(72, 800, "Rules of the tool library") + prose(740) + shown(72, 30, f"Version 2.1, page {i} of 4")
        for i in range(1, 5)
    ]
    pages[0] = pages[0].replace("evening of that day.", "evening, as do all the others and")
    pages[1] = pages[1].replace("The lender hands", "also the lender hands")
    text = text_of(raw_pdf(pages))
    assert text.count("Rules of the tool library") == 1 and text.count("Version 2.1") == 1
    assert text.startswith("Rules of the tool library\n") and "Version 2.1, page 1 of 4" in text
    assert text.count("brings them back") == 4


def test_a_sentence_that_runs_over_the_end_of_a_page_is_whole() -> None:
    first = "".join(shown(72, 740 - 15 * i, line) for i, line in enumerate(PROSE[:2]))
    second = shown(72, 740, PROSE[2])
    document = load_pdf(raw_pdf([first, second]), "s")
    assert document.text == " ".join(PROSE)
    assert [document.text[p.start : p.end] for p in document.pages] == [" ".join(PROSE[:2]), PROSE[2]]


def test_lines_in_the_margins_that_differ_in_more_than_the_page_number_are_all_kept() -> None:
    # rows of a table that begins at the same height of each page, and headings that count as the pages do
    pages = [shown(72, 800, f"Chapter {i}", 18) + shown(72, 760, f"Item {7 * i}") + prose(700) for i in range(1, 5)]
    text = text_of(raw_pdf(pages))
    assert all(f"Chapter {i}" in text and f"Item {7 * i}" in text for i in range(1, 5))


def test_without_an_outline_headings_come_from_the_sizes_of_lines() -> None:
    first = shown(72, 780, "House rules", 24) + shown(72, 740, "Quiet hours", 16) + prose(710)
    second = shown(72, 780, "Waste and", 16) + shown(72, 762, "recycling", 16) + prose(710)
    second += shown(72, 640, "This line is large, but it is a sentence.", 16) + prose(610)
    document = load_pdf(raw_pdf([first, second]), "s")
    assert [(h.level, h.title) for h in document.headings] == [
        (1, "House rules"), (2, "Quiet hours"), (2, "Waste and recycling"),
    ]  # fmt: skip
    assert all(document.text[h.start :].split()[0] == h.title.split()[0] for h in document.headings)


def test_a_page_of_one_size_has_no_headings() -> None:
    assert load_pdf(raw_pdf([shown(72, 780, "Notice") + prose(740)]), "s").headings == ()
