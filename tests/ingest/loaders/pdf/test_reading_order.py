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
