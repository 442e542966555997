"""Which row a question means, and that quotes of what is left are quotes of the passage."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.chat_models.passage_blocks import passage_block
from rag_app.chat_models.table_rows import without_other_rows

PRICES = (
    "Price list 2025\n\n"
    "SKU: KT-110; Product: Kettle 1.2 l; Colour: black; Unit price (EUR): 64.9; Minimum order: 6\n"
    "SKU: KT-120; Product: Kettle 1.8 l; Colour: teal; Unit price (EUR): 79.5; Minimum order: 6\n"
    "SKU: CP-200; Product: Cup 180 ml; Colour: ivory; Unit price (EUR): 7.25; Minimum order: 48\n"
    "SKU: CP-210; Product: Cup 300 ml; Colour: ivory; Unit price (EUR): 9.8; Minimum order: 48\n\n"
    "All prices are without VAT."
)
OFFICES = (
    "城市: 杭州; 电话: 0571-88001234; 负责人: 陈立\n"
    "城市: 成都; 电话: 028-61112222; 负责人: 罗燕\n"
    "城市: 厦门; 电话: 0592-5550011; 负责人: 林志远"
)


def rows_left(question: str, passage: str) -> list[str] | None:
    """What stands in the first cells of the rows that are left; None when nothing is left out."""
    excerpt = without_other_rows(question, passage)
    if excerpt is None:
        return None
    return [line.split(": ")[1].split(";")[0] for line in excerpt.text.splitlines() if "; " in line]


@pytest.mark.parametrize(
    ("question", "passage", "rows"),
    [
        ("What is the minimum order for CP-210?", PRICES, ["CP-210"]),
        ("What colour is the 1.8 l kettle?", PRICES, ["KT-120"]),
        ("How much do the kettles cost?", PRICES, ["KT-110", "KT-120"]),
        ("厦门办公室谁负责？", OFFICES, ["厦门"]),
        ("成都的电话是多少？", OFFICES, ["成都"]),
    ],
)
def test_rows_are_named_by_what_stands_in_their_cells(question: str, passage: str, rows: list[str]) -> None:
    assert rows_left(question, passage) == rows


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("What is the price of a tray?", PRICES),  # no row of that name
        ("Which product has a minimum order of 6?", PRICES),  # a figure may stand for anything
        ("What is the unit price?", PRICES),  # names a column
        ("Are the prices without VAT?", PRICES),
        ("广州的电话是多少？", OFFICES),
        ("What is the price of CP-210?", "CP-210 costs 9.80. CP-200 costs 7.25."),
        ("What is the price of CP-210?", "SKU: CP-210; Price: 9.8"),  # the only row
    ],
)
def test_otherwise_nothing_is_left_out(question: str, passage: str) -> None:
    assert rows_left(question, passage) is None


def test_what_stands_around_the_table_is_kept_and_has_its_place() -> None:
    excerpt = without_other_rows("What is the minimum order for KT-120?", PRICES)
    assert excerpt is not None
    assert excerpt.text.startswith("Price list 2025") and excerpt.text.endswith("All prices are without VAT.")
    for words in ("Price list", "teal", "without VAT"):
        start = excerpt.text.index(words)
        place = excerpt.place(start, start + len(words))
        assert place is not None and PRICES[slice(*place)] == words


def test_a_span_over_a_gap_has_no_place() -> None:
    excerpt = without_other_rows("What is the minimum order for KT-120?", PRICES)
    assert excerpt is not None
    assert excerpt.place(0, len(excerpt.text)) is None
    assert excerpt.place(len(excerpt.text), len(excerpt.text) + 1) is None


def test_the_reader_quotes_the_row_that_is_asked_for(reader: ChatLocalGPT) -> None:
    message = HumanMessage([passage_block(PRICES), {"type": "text", "text": "What colour is the 1.8 l kettle?"}])
    (block,) = reader.invoke([message]).content_blocks
    (citation,) = block["annotations"]
    assert citation["cited_text"] == "teal"
    extras = citation["extras"]
    assert PRICES[extras["passage_start"] : extras["passage_end"]] == "teal"
    assert block["text"].startswith("SKU: KT-120;")
