"""A document whose pictures could not be read is read again, once, when OCR is there; nobody has to ask for it."""

import io
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from ingest.engines.local import LocalEngine
from ingest.job import ingest
from ingest.job.dry_run import plan
from ingest.library import Library
from ingest.loaders.ocr import INSTALL_HINT

pytest.importorskip("rapidocr")
WITHOUT_OCR = (
    sys.executable,
    "-c",
    "import sys; sys.modules['rapidocr'] = None; from ingest.parser.process import main; main()",
)


def scan(words: str) -> Image.Image:
    page = Image.new("RGB", (1000, 400), "white")
    ImageDraw.Draw(page).text((40, 100), words, font=ImageFont.load_default(48), fill="black")
    return page


def half_scanned() -> bytes:
    """A PDF of one page of text and one that is a picture."""
    pdf = FPDF(format=(150, 60))
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 6, "The lease ends in May. It may be extended by a year if both sides agree to it in writing.")
    pdf.add_page()
    pdf.image(scan("The deposit is two rents."), x=0, y=0, w=150, h=60)
    return bytes(pdf.output())


def test_pages_that_needed_ocr_are_read_when_it_is_there(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    data = half_scanned()
    (docs / "lease.pdf").write_bytes(data)
    (docs / "copy.pdf").write_bytes(data)
    (docs / "note.txt").write_text("A note about copper.")
    with zipfile.ZipFile(docs / "both.zip", "w") as archive:
        archive.writestr("inside.pdf", data + b"\n% another one")
        archive.writestr("plain.txt", "A note about silver.")
    stream = io.BytesIO()
    scan("Keys are returned on Friday.").save(stream, "PNG")
    (docs / "picture.png").write_bytes(stream.getvalue())

    with closing(LocalEngine(command=WITHOUT_OCR)) as engine:
        first = ingest(library, [docs], engine=engine)
    assert len(first.failed) == 1 and "picture.png" in first.failed[0].source
    record = library.find_source(str(docs / "lease.pdf"))
    assert record is not None and INSTALL_HINT in (record.error or "") and library.search_keywords("deposit", 5) == []

    planned = {Path(p.source).name: p.kind for p in plan(library, [docs])}
    assert {planned["lease.pdf"], planned["copy.pdf"]} == {"replaced", "copied"} and planned["both.zip"] == "replaced"
    assert planned["note.txt"] == "unchanged"
    again = ingest(library, [docs])
    assert again.exit_status == 0 and {Path(o.source).name for o in again.added} == {"picture.png"}
    for name in ("lease.pdf", "copy.pdf", "both.zip/inside.pdf"):
        record = library.find_source(str(docs / name))
        assert record is not None and record.error is None, name
        text = library.text(record.document_id)
        assert "The lease ends in May." in text and "deposit" in text, name
    assert len(library.documents()) == 6  # the copies are one, and of each there is one version
    assert library.verify().clean

    third = ingest(library, [docs])
    assert third.exit_status == 0 and third.chunks == 0 and len(third.unchanged) == 5


def test_what_cannot_be_read_better_goes_on_answering(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "lease.pdf"
    path.write_bytes(half_scanned())
    with closing(LocalEngine(command=WITHOUT_OCR)) as engine:
        ingest(library, [path], engine=engine)
    crash = (sys.executable, "-c", "import sys; from ingest.parser import process as p; p.parts_of = None; p.main()")
    with closing(LocalEngine(command=crash)) as engine:
        report = ingest(library, [path], engine=engine)
    assert len(report.failed) == 1 and "could not be parsed" in str(report.failed[0].reason)
    assert len(library.search_keywords("lease", 5)) == 1 and library.verify().clean
