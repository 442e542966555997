import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from ingest.loaders import xlsx
from ingest.loaders.errors import LoadError
from ingest.loaders.xlsx import load_xlsx


def saved(workbook: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@pytest.fixture
def workbook() -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "价格"
    for row in (["Price list"], [], ["Item", "Euro", "Share"], ["Tea", 2.5, 0.12], ["Coffee", 0.1 + 0.2, True]):
        sheet.append(row)
    sheet["C4"].number_format = "0%"
    made.create_sheet("Dates").append(["From", "Until"])
    made["Dates"].append([date(2026, 3, 1), datetime(2026, 3, 2, 14, 30)])
    made.create_sheet("Secret").append(["hidden words"])
    made["Secret"].sheet_state = "hidden"
    return made


def test_sheets_are_sections_and_rows_are_records(workbook: openpyxl.Workbook) -> None:
    document = load_xlsx(saved(workbook), "stem")
    assert document.text == (
        "价格\n\nPrice list\n\nItem: Tea; Euro: 2.5; Share: 12%\nItem: Coffee; Euro: 0.3; Share: TRUE\n\n"
        "Dates\n\nFrom: 2026-03-01; Until: 2026-03-02 14:30:00"
    )
    assert [h.title for h in document.headings] == ["价格", "Dates"]
    assert [document.text[a:b].split(":")[0] for a, b in document.atomic_spans] == ["Item", "Item", "From"]
    assert document.warning == "hidden sheets were not read: Secret"


def test_a_row_that_claims_thousands_of_cells_again_and_again_is_stopped(
    workbook: openpyxl.Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "_MAX_CELLS", 100_000)
    for row in range(1, 20):
        workbook["Dates"].cell(row, 16_384, "far away")
    with pytest.raises(LoadError, match="cells"):
        load_xlsx(saved(workbook), "s")


def test_an_entity_in_its_xml_is_not_resolved(workbook: openpyxl.Workbook) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(workbook))) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                bomb = b'<!DOCTYPE x [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;">]>'
                content = bomb + content.split(b"?>", 1)[-1].replace(b"<v>2.5</v>", b"<v>&b;</v>")
            new.writestr(entry, content)
    with pytest.raises(LoadError, match="damaged"):
        load_xlsx(stream.getvalue(), "s")
