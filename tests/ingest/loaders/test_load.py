"""What every loader promises, and how `load` chooses one."""

import io
import json
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from fpdf import FPDF

from ingest.documents import LoadedDocument
from ingest.loaders import SUPPORTED_EXTENSIONS, LoadError, is_supported, load, parts_of
from ingest.loaders.formats import FORMATS
from ingest.splitting.splitter import split

SENTENCE = "The harbour opens at six."


def make_pdf(path: Path, text: str) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 6, text)
    pdf.output(str(path))


def make_office(folder: Path) -> None:
    word = docx.Document()
    word.add_paragraph(SENTENCE)
    word.save(str(folder / "a.docx"))
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = SENTENCE
    slides.save(str(folder / "a.pptx"))
    workbook = openpyxl.Workbook()
    workbook.active.append([SENTENCE])
    workbook.save(str(folder / "a.xlsx"))
    content = f"<o:d xmlns:o='o' xmlns:text='t'><o:body><text:p>{SENTENCE}</text:p></o:body></o:d>"
    pack(folder / "a.odt", {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})
    page = f"<html><body><p>{SENTENCE}</p></body></html>"
    opf = '<p><item id="i" href="a.html" media-type="text/html"/><itemref idref="i"/></p>'
    container = '<c><rootfile full-path="a.opf"/></c>'
    book = {"META-INF/container.xml": container, "a.opf": opf, "a.html": page}
    pack(folder / "a.epub", {"mimetype": "application/epub+zip", **book})


def pack(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One file of each format but pictures and containers, all with the same sentence."""
    make_pdf(tmp_path / "a.pdf", SENTENCE)
    make_office(tmp_path)
    mail = EmailMessage()
    mail["From"] = "a@example.org"
    mail.set_content(SENTENCE)
    for extension, content in {
        "md": f"# H\r\n\r\n{SENTENCE}\r\n",
        "html": f"<html><body><p>{SENTENCE}</p></body></html>",
        "txt": SENTENCE,
        "rtf": rf"{{\rtf1 {SENTENCE}\par}}",
        "rst": f"H\n=\n\n{SENTENCE}\n",
        "csv": f"Name,Note\nx,{SENTENCE}\n",
        "tsv": f"Name\tNote\nx\t{SENTENCE}\n",
        "json": json.dumps({"note": SENTENCE}),
        "jsonl": json.dumps({"note": SENTENCE}),
        "ipynb": json.dumps({"cells": [{"cell_type": "markdown", "source": SENTENCE}]}),
        "py": f"def f():\n    # {SENTENCE}\n    return 1\n",
        "js": f"function f() {{\n  // {SENTENCE}\n}}\n",
        "eml": mail.as_string(),
    }.items():
        (tmp_path / f"a.{extension}").write_bytes(content.encode())
    return {path.suffix: path for path in tmp_path.iterdir()}


def test_every_format_gives_text_whose_offsets_hold(files: dict[str, Path]) -> None:
    tried = set()
    for path in files.values():
        document = load(path)
        tried.add(document.mime)
        assert SENTENCE in document.text, path
        assert not {"\r", "\0"} & set(document.text)
        assert document.mime and document.title
        for heading in document.headings:
            assert heading.title.split()[-1] in document.text[heading.start :].split("\n")[0]
        check_spans(document)
    containers = {"application/zip", "application/mbox"}
    assert tried | containers | {"image/*"} >= {f.mime for f in FORMATS if "opendocument" not in f.mime}


def check_spans(document: LoadedDocument) -> None:
    before = 0
    for start, end in document.atomic_spans:
        assert before <= start < end <= len(document.text)
        before = end
    for chunk in split(document):
        assert document.text[chunk.start : chunk.end] == chunk.text


def test_every_extension_has_a_loader_that_can_be_imported() -> None:
    assert len(set(SUPPORTED_EXTENSIONS)) == len(SUPPORTED_EXTENSIONS)
    for format_ in FORMATS:
        with pytest.raises(LoadError):
            format_.load(b"", "s")
            raise LoadError("plain text takes anything")
        if format_.members is not None:
            with pytest.raises(LoadError):
                list(format_.open_members(b""))
                raise LoadError("an empty mail has no attachments")


@pytest.mark.parametrize(
    ("extension", "other"),
    [
        *((".pdf", ".txt"), (".docx", ".pdf"), (".html", ".txt"), (".pdf", ".md"), (".xlsx", ".csv")),
        *((".pptx", ".zip"), (".odt", ".docx"), (".epub", ".zip"), (".rtf", ".doc"), (".xlsx", ".xls")),
        *((".html", ".xls"), (".pdf", "")),
    ],
)
def test_content_outweighs_the_extension(files: dict[str, Path], extension: str, other: str) -> None:
    right = load(files[extension])
    disguised = files[extension].rename(files[extension].with_name("disguised" + other))
    assert (load(disguised).text, load(disguised).mime) == (right.text, right.mime)


def test_a_web_page_named_pdf_is_read_as_a_web_page(tmp_path: Path) -> None:
    path = tmp_path / "download.pdf"
    path.write_text("<!DOCTYPE html><html><body><p>Please log in.</p></body></html>")
    assert load(path).mime == "text/html"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.md", b" \n\n ", "empty"),
        ("marks.txt", b"--- *** ...", "no text"),
        ("binary.txt", bytes(range(256)) * 10, "binary"),
        ("controls.txt", b"\x01\x02\x03\x04" * 50 + b"abc", "binary"),
        ("fake.pdf", b"just words", "not one"),
        ("fake.docx", b"just words", "not one"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<", "damaged"),
        ("cut.xlsx", b"PK\x03\x04 xl/workbook.xml", "Excel workbook that is damaged"),
        ("fake.xlsx", b"just words", "an Excel workbook but"),
        ("fake.png", b"just words", "a picture but"),
        ("fake.zip", b"just words", "a ZIP archive but"),
        ("cut.docx", b"PK\x03\x04 word/document.xml", "damaged"),
        ("old.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old Office"),
        ("song.mp3", b"ID3", "not supported"),
        ("blob", b"\x00\x01\x02", "not supported"),
        ("only.zip", b"PK\x05\x06" + b"\0" * 18, "only holds"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadError, match=reason):
        load(path)


def test_names_decide_what_is_supported() -> None:
    assert is_supported(Path("A.PDF")) and is_supported(Path("x.markdown"))


def test_content_decides_where_the_name_says_nothing(tmp_path: Path) -> None:
    for name, content, expected in (
        ("README", b"Words.", True), ("blob", b"\x00\x01", False), ("x.xyz", b"Words.", False),
        ("x.bin", b"%PDF-", True), ("x.dat", b"PK\x03\x04", True),
        ("old.doc", b"\xd0\xcf\x11\xe0", True), ("empty", b"", False),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        assert is_supported(tmp_path / name) == expected, name


def test_a_text_that_speaks_of_pdfs_or_shows_html_stays_what_it_is(tmp_path: Path) -> None:
    for name, content in (("a.md", b"A file begins with %PDF-1.7."), ("b.md", b"<html><body>x</body></html>")):
        (tmp_path / name).write_bytes(content)
        assert load(tmp_path / name).mime == "text/markdown"


NASTY = {
    "no space": b"x" * 1_000_000,
    "no space in Chinese": "字".encode() * 400_000,
    "deep tags": b"<html><body>" + b"<div><table><tr><td>" * 3000 + b"deep",
    "deep brackets": b"[" * 200_000,
    "deep quotes": b"> " * 20_000 + b"x",
    "backticks": b"`" * 100_000 + b"a" + b"*_" * 50_000,
    "bars": b"|" * 200_000 + b"\n" + b"|-" * 100_000,
    "surrogates": b'{"a": "\\ud800 \\udfff x"}',
    "nul": b"words\x00words",
    "broken UTF-8": b"words \xff\xfe\xfa words",
    "quotes": b'"' * 300_001,
    "rtf": b"{\\rtf1 " + b"\\u-1? \\'ff" * 20_000,
    "lines": b"a\n" * 200_000,
    "underlines": b"=" * 200_000 + b"\n" + b"=" * 200_000,
    "from": b"From: a\nContent-Type: text/html; charset=\x00\xff\n\n<p>x",
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize(
    "extension", ["txt", "md", "html", "rst", "csv", "json", "jsonl", "ipynb", "py", "js", "eml", "rtf", "mbox"]
)
def test_nasty_content_is_read_or_refused_within_seconds(name: str, extension: str) -> None:
    started = time.process_time()
    for part in parts_of(f"x.{extension}", NASTY[name]):
        try:
            document = part.load()
        except LoadError as error:
            assert str(error)
        else:
            assert "\x00" not in document.text
            document.text.encode()  # no lone surrogate
            check_spans(document)
    assert time.process_time() - started < 20


@pytest.mark.parametrize("extension", [".docx", ".pptx", ".xlsx", ".odt", ".epub"])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.98])
def test_a_truncated_package_is_refused(files: dict[str, Path], extension: str, share: float) -> None:
    data = files[extension].read_bytes()
    *_, itself = parts_of(f"x{extension}", data[: int(len(data) * share)])
    with pytest.raises(LoadError, match="damaged"):
        itself.load()


@pytest.mark.parametrize("extension", [".docx", ".pptx", ".xlsx", ".odt", ".epub"])
def test_a_package_that_unpacks_to_gigabytes_is_refused(files: dict[str, Path], extension: str) -> None:
    stream = io.BytesIO(files[extension].read_bytes())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as package:
        for number in range(9):
            package.writestr(f"media/{number}.bin", bytes(120 << 20))
    *_, itself = parts_of(f"x{extension}", stream.getvalue())
    with pytest.raises(LoadError, match="gigabyte"):
        itself.load()
