"""Small valid files of every format, rich in what its loader looks at: what `fuzz_loaders` damages."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage

TEXT = "The harbour opens at six.\n\nThe fee is 12.50 EUR for ships below 20 m. 港口六点开放。收费标准见附表。\n"
ROWS = [["Name", "Price", "Note"], ["Pump", "12.50", "small"], ["Filter", "3", "港口"], ["Hose", "", "a;b"]]

_MARKDOWN = f"""# Harbour rules\n\n{TEXT}\n## Fees\n\n| Ship | Fee |\n|---|---|\n| small | 5 |\n| 大船 | 50 |\n
- one\n  - two\n1. three\n\n```python\ndef f():\n    return 1\n```\n\n> quoted [link](a.html "t") *em* `code`\n

Title
=====
"""
_HTML = f"""<!DOCTYPE html><html><head><title>Harbour</title><meta charset="utf-8"></head><body>
<nav><a href="/">x</a></nav>
<main><h1>Harbour</h1><p>{TEXT}</p><ul><li>one<ul><li>two</li></ul></li></ul><table><caption>Fees</caption><thead><tr><th>Ship
</th><th>Fee</th></tr></thead><tr><td rowspan="2">small</td><td>5</td></tr><tr><td colspan="1">6</td></tr></table>
<pre>a  b\nc</pre><blockquote>q</blockquote><script>x()</script><p hidden>no</p></main></body></html>"""
_RST = f"""Harbour\n=======\n\n{TEXT}\nFees\n----\n\n====  ===\nShip  Fee\n====  ===\nsmall 5\n====  ===\n
.. code-block:: python\n\n   def f():\n       pass\n\n* one\n* two\n

.. note:: careful\n\nterm\n   definition\n\n|sub| `link <a>`_ [1]_\n
.. [1] note\n.. |sub| replace:: words\n"""
_RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil Arial;}{\f1\fcharset134 SimSun;}}{\info{\title Harbour}}"
    r"\pard\outlinelevel0 Harbour\par \pard The fee is \b 5\b0\par\f1\'b8\'db\'bf\'da\par \u28207?\u21475? {\*\x y}"
    r"\trowd\cellx100\cellx200 Ship\cell Fee\cell\row\trowd small\intbl\cell 5\cell\row\pard end\tab x\line y\par}"
)
_PYTHON = '"""Doc."""\nimport os\n\n\nclass Harbour:\n    """Rules."""\n\n    def opens(self):\n        return 6\n'
_PYTHON += "\n\ndef f(x):\n    return x\n"
_JAVASCRIPT = "// rules\nclass Harbour {\n  opens() { return 6; }\n}\n\nfunction f(x) {\n  return `a${x}`;\n}\n"
_BOOK = """<package xmlns="p" xmlns:dc="d"><metadata><dc:title>The Book</dc:title></metadata><manifest>
<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/><item id="two" href="two%20b.xhtml"
media-type="application/xhtml+xml"/></manifest><spine><itemref idref="two"/><itemref idref="one"/></spine></package>"""
_ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"),
                        ("presentation", "presentation"))
)  # fmt: skip


def pack(files: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return stream.getvalue()


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.core_properties.title = "Harbour"
    document.add_heading("Harbour", 1)
    document.add_paragraph(TEXT)
    document.add_paragraph("one", style="List Bullet")
    table = document.add_table(0, 3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    return _saved(document)


def _pptx() -> bytes:
    import pptx
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    slides = pptx.Presentation()
    first = slides.slides.add_slide(slides.slide_layouts[1])
    first.shapes.title.text = "Harbour"
    first.placeholders[1].text = TEXT
    first.notes_slide.notes_text_frame.text = "Say hello."
    second = slides.slides.add_slide(slides.slide_layouts[6])
    box = (Inches(1), Inches(1), Inches(3), Inches(2))
    table = second.shapes.add_table(len(ROWS), 3, *box).table
    for i, row in enumerate(ROWS):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    second.shapes.add_group_shape().shapes.add_textbox(*box).text_frame.text = "In a group."
    data = CategoryChartData()
    data.categories = ["a", "b"]
    data.add_series("s", (1.5, None))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *box, data)
    return _saved(slides)


def _xlsx() -> bytes:
    from datetime import date

    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Price list"])
    for row in ROWS:
        sheet.append(row)
    sheet.append([date(2026, 3, 1), 0.25, True])
    sheet["B6"].number_format = "0%"
    sheet["D2"] = "=SUM(B2:B3)"
    workbook.create_sheet("hidden").sheet_state = "hidden"
    return _saved(workbook)


def _saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def _odf(kind: str, body: str) -> bytes:
    content = (
        f'<?xml version="1.0"?><office:document-content {_ODF}><office:body><office:{kind}>{body}</office:{kind}>'
        "</office:body></office:document-content>"
    )
    return pack({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, "meta.xml": "<m/>"})


def _odf_table() -> str:
    cell = '<table:table-cell table:number-columns-repeated="1">'
    rows = "".join(
        "<table:table-row>"
        + "".join(f"{cell}<text:p>{c}</text:p></table:table-cell>" for c in row)
        + "</table:table-row>"
        for row in ROWS
    )
    return f'<table:table table:name="Fees">{rows}</table:table>'


def _pdf() -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.compress = False  # so that what is damaged is the text and not its compression
    for title in ("Harbour", "Fees"):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.start_section(title)
        pdf.multi_cell(0, 6, "The harbour opens at six. The fee is 12.50 for ships below 20 m. " * 8)
        with pdf.table() as table:
            for row in ROWS[:2]:
                table.row(row)
    return bytes(pdf.output())


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Anna Müller <anna@example.org>"
    mail["To"] = "ben@example.org"
    mail["Date"] = "Mon, 2 Mar 2026 14:30:00 +0100"
    mail["Subject"] = "租约 Lease"
    mail.set_content(TEXT)
    mail.add_alternative(_HTML, subtype="html")
    mail.add_attachment(b"Name,Fee\nsmall,5\n", maintype="text", subtype="csv", filename="fees.csv")
    inner = EmailMessage()
    inner["Subject"] = "Forwarded"
    inner.set_content("Inner words.")
    mail.add_attachment(inner)
    return mail


def _mbox() -> bytes:
    one = _mail().as_bytes()
    return b"".join(b"From a@example.org Mon Mar  2 14:30:00 2026\n" + one + b"\n\n" for _ in range(2))


def _picture(kind: str, mode: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new(mode, (40, 30)).save(stream, kind)
    return stream.getvalue()


def _notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "source": ["# Harbour\n", TEXT]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream", "text": ["1\n"]}]},
        {"cell_type": "code", "source": "x", "outputs": [{"output_type": "display_data", "data": {"text/plain": "2"}}]},
    ]
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}).encode()


_VALUE = {
    "name": "Harbour", "fees": [{"ship": "small", "fee": 5}, {"ship": "大", "fee": None}],
    "deep": {"a": {"b": [1, 2]}}, "prose": TEXT * 4,
}  # fmt: skip

SEEDS: dict[str, Callable[[], bytes]] = {
    "a.pdf": _pdf,
    "a.docx": _docx,
    "a.pptx": _pptx,
    "a.xlsx": _xlsx,
    "a.odt": lambda: _odf("text", f'<text:h text:outline-level="1">H</text:h><text:p>{TEXT}</text:p>'
                          f"<text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>{_odf_table()}"),
    "a.ods": lambda: _odf("spreadsheet", _odf_table()),
    "a.odp": lambda: _odf("presentation", f'<draw:page draw:name="One"><draw:frame><draw:text-box>'
                          f"<text:p>{TEXT}</text:p></draw:text-box></draw:frame></draw:page>"),
    "a.epub": lambda: pack({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<c xmlns="c"><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></c>',
        "O/b.opf": _BOOK, "O/one.xhtml": _HTML, "O/two b.xhtml": _HTML,
    }),
    "a.rtf": _RTF.encode,
    "a.html": _HTML.encode,
    "a.md": _MARKDOWN.encode,
    "a.rst": _RST.encode,
    "a.csv": lambda: "\n".join(";".join(f'"{c}"' for c in row) for row in ROWS).encode(),
    "a.tsv": lambda: "\n".join("\t".join(row) for row in ROWS).encode(),
    "a.json": lambda: json.dumps(_VALUE, ensure_ascii=False, indent=1).encode(),
    "a.jsonl": lambda: "\n".join(json.dumps(v) for v in (_VALUE, [1, "x"], "words", 5)).encode(),
    "a.ipynb": _notebook,
    "a.py": _PYTHON.encode,
    "a.js": _JAVASCRIPT.encode,
    "a.eml": lambda: _mail().as_bytes(),
    "a.mbox": _mbox,
    "a.zip": lambda: pack({"a/x.md": _MARKDOWN, "b.zip": pack({"y.csv": "a,b\n1,2\n"}), "c.eml": _mail().as_bytes()}),
    "a.txt": lambda: TEXT.encode() * 3,
    "gb.txt": lambda: (TEXT * 3).encode("gb18030"),
    "big5.txt": lambda: "港口六點開放，收費標準見附表。\n".encode("big5") * 5,
    "utf16.txt": lambda: (TEXT * 3).encode("utf-16"),
    "a.png": lambda: _picture("PNG", "RGBA"),
    "a.tif": lambda: _picture("TIFF", "1"),
    "a.jpg": lambda: _picture("JPEG", "RGB"),
    "a.gif": lambda: _picture("GIF", "P"),
    "a.bmp": lambda: _picture("BMP", "RGB"),
    "a.webp": lambda: _picture("WEBP", "RGB"),
}  # fmt: skip
