import pytest

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.tables import HeaderEvidence, table_lines
from ingest.splitting.splitter import split

PRICES = [["Item", "Euro"], ["Tea", "2"], ["", ""], ["Coffee\nbeans", ""]]


def test_each_row_is_a_record_that_names_its_columns() -> None:
    assert list(table_lines(PRICES, "stated")) == ["Item: Tea; Euro: 2", "Item: Coffee beans"]


@pytest.mark.parametrize(
    ("rows", "evidence", "has_header"),
    [
        ([["Weight", "5 kg"], ["Height", "30 cm"]], "unknown", False),  # name and value
        ([["Colour", "red"], ["Stuff", "steel"]], "unknown", False),
        ([["Place", "Limit"], ["Hamburg", "140"]], "unknown", True),
        ([["Trip", "By", "Over 8 hours"], ["a", "b", "c"]], "unknown", True),
        ([["12", "13"], ["14", "15"]], "likely", False),
        ([["2025", "2026", "2027"], ["1", "2", "3"]], "unknown", False),
        ([["姓名", "城市"], ["王芳", "苏州"]], "likely", True),
        ([["only one row", "here"]], "stated", False),
    ],
)
def test_a_first_row_is_a_header_where_it_looks_like_one(
    rows: list[list[str]], evidence: HeaderEvidence, has_header: bool
) -> None:
    lines = list(table_lines(rows, evidence))
    assert len(lines) == len(rows) - has_header
    assert (": " in lines[0]) == has_header and (" | " in lines[0]) != has_header


def test_a_wide_row_becomes_lines_that_each_begin_with_its_first_cell() -> None:
    header = ["Name", *(f"Column {i}" for i in range(40))]
    lines = list(table_lines([header, ["Anna", *("a value of some length" for _ in range(40))]], "stated"))
    assert len(lines) > 2 and all(line.startswith("Name: Anna; Column ") for line in lines)
    assert sum(line.count("Column") for line in lines) == 40
    assert max(map(len, lines)) < 500


def long_table(rows: int) -> LoadedDocument:
    builder = DocumentBuilder()
    builder.paragraph("Before.")
    cells = [[f"Person {i}. No. {i}", f"Street {i}! House {i}", f"City {i}"] for i in range(rows)]
    builder.table([["Name", "Address", "City"], *cells], "stated")
    builder.paragraph("After the table comes a sentence.")
    return builder.build("text/plain", "t")


def test_no_chunk_cuts_a_row_and_every_chunk_has_the_header_of_its_rows() -> None:
    document = long_table(60)
    chunks = split(document)
    assert len(chunks) > 3
    for chunk in chunks:
        assert chunk.text == document.text[chunk.start : chunk.end]
        for start, end in document.atomic_spans:
            assert end <= chunk.start or start >= chunk.end or (chunk.start <= start and end <= chunk.end)
        for line in chunk.text.split("\n"):
            if line.strip() and "." not in line.replace("No.", "").replace("Person", "", 1)[-2:]:
                assert line.startswith("Name: Person ") and "; City: City " in line


def test_a_row_larger_than_a_chunk_is_cut_at_its_sentences() -> None:
    builder = DocumentBuilder()
    builder.table([["Name", "Story"], ["Anna", "She went out and came home again. " * 80]], "stated")
    chunks = split(builder.build("text/plain", "t"))
    assert len(chunks) > 2 and all(chunk.text.endswith(".") for chunk in chunks)
