import io

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.loaders.docx import load_docx


def saved(document: docx.document.Document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.fixture
def word() -> docx.document.Document:
    document = docx.Document()
    document.add_heading("合同", level=1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip([c for row in table.rows for c in row.cells], "abcdef", strict=True):
        cell.text = text
    table.cell(1, 0).merge(table.cell(1, 1))
    document.add_paragraph("Point", style="List Bullet")
    document.add_heading("Terms", level=2)
    document.add_paragraph("After.")
    return document


def test_blocks_stand_in_order_with_headings_lists_and_tables(word: docx.document.Document) -> None:
    document = load_docx(saved(word), "stem")
    assert document.text == "合同\n\nBefore the table.\n\na: d e; c: f\n\n- Point\n\nTerms\n\nAfter."
    assert [(h.level, h.title) for h in document.headings] == [(1, "合同"), (2, "Terms")]
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)
    assert document.title == "合同"


def test_tracked_insertions_are_read_and_deletions_are_not(word: docx.document.Document) -> None:
    paragraph = word.add_paragraph("The price is ")
    for tag, text in (("ins", "<w:t>90 euro</w:t>"), ("del", "<w:delText>80 euro</w:delText>")):
        paragraph._p.append(parse_xml(f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a"><w:r>{text}</w:r></w:{tag}>'))
    text = load_docx(saved(word), "s").text
    assert "The price is 90 euro" in text
    assert "80 euro" not in text


def test_the_stated_title_wins(word: docx.document.Document) -> None:
    word.core_properties.title = "Lease"
    assert load_docx(saved(word), "stem").title == "Lease"


def test_rows_below_a_header_are_records() -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=2)
    for row, texts in zip(table.rows, (("Site", "Lead"), ("Kiel", "Ann"), ("苏州", "李雷")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    loaded = load_docx(saved(document), "s")
    assert loaded.text == "Site: Kiel; Lead: Ann\nSite: 苏州; Lead: 李雷"
    assert [loaded.text[a:b] for a, b in loaded.atomic_spans] == loaded.text.split("\n")
