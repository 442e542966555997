from ingest.loaders.pdf.reading_order import Box, in_reading_order

PROSE = "a line of prose that is long enough"


def boxes(rows: list[tuple[float, float, float, str]]) -> list[Box]:
    """Make boxes of height 10 from `(left, right, top, text)`."""
    return [Box(left, top, right, top + 10, text) for left, right, top, text in rows]


def test_two_columns_are_read_one_after_the_other_between_lines_over_both() -> None:
    rows = [(0, 400, 0, "The title over both columns")]
    for i in range(5):
        rows += [(0, 190, 20 + 12 * i, f"left {i} {PROSE}"), (210, 400, 22 + 12 * i, f"right {i} {PROSE}")]
    rows += [(0, 400, 100, "A figure's caption over both columns")]
    for i in range(5, 10):
        rows += [(210, 400, 60 + 12 * i, f"right {i} {PROSE}"), (0, 190, 60 + 12 * i, f"left {i} {PROSE}")]
    words = [" ".join(line.split()[:2]) for line in in_reading_order(boxes(rows))]
    assert words == [
        "The title", *(f"left {i}" for i in range(5)), *(f"right {i}" for i in range(5)),
        "A figure's", *(f"left {i}" for i in range(5, 10)), *(f"right {i}" for i in range(5, 10)),
    ]  # fmt: skip


def test_three_columns() -> None:
    rows = [(150 * c, 150 * c + 130, 12 * i, f"{c}-{i} {PROSE}") for i in range(6) for c in range(3)]
    words = [line.split()[0] for line in in_reading_order(boxes(rows))]
    assert words == [f"{c}-{i}" for c in range(3) for i in range(6)]


def test_a_table_is_read_row_by_row() -> None:
    rows = [(x, x + 40, 12 * i, f"{name}{i}") for i in range(8) for x, name in ((0, "a"), (150, "b"), (300, "c"))]
    assert in_reading_order(boxes(rows)) == [f"a{i} b{i} c{i}" for i in range(8)]


def test_nothing_gives_nothing() -> None:
    assert in_reading_order([]) == []


def test_the_number_of_an_item_stays_with_a_line_that_lies_across_a_gutter() -> None:
    rows = [(x, x + 60, 12 * i, f"{name}{i}") for i in range(4) for x, name in ((0, "a"), (200, "b"))]
    rows += [
        (0, 8, 61, "1."),
        (20, 300, 60, "a step whose line is longer than the others"),
        (0, 8, 81, "2."),
        (20, 90, 80, "end"),
    ]
    assert in_reading_order(boxes(rows))[4:] == ["1. a step whose line is longer than the others", "2. end"]


def test_names_and_values_in_long_cells_are_read_row_by_row() -> None:
    rows = [
        (x, right, 20 * i, text)
        for i in range(4)
        for x, right, text in (
            (0, 190, f"The plan with the letter {'ABCD'[i]}"),
            (210, 400, f"{i + 7}.50 EUR per month"),
        )
    ]
    assert in_reading_order(boxes(rows)) == [
        f"The plan with the letter {'ABCD'[i]} {i + 7}.50 EUR per month" for i in range(4)
    ]
