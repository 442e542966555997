"""What every loader promises, and how `load` chooses one."""

from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from ingest.loaders import LoadError, is_supported, load


def make_pdf(path: Path, text: str) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 6, text)
    pdf.output(str(path))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One file of each format, all with the same sentence."""
    sentence = "The harbour opens at six."
    make_pdf(tmp_path / "a.pdf", sentence)
    word = docx.Document()
    word.add_paragraph(sentence)
    word.save(str(tmp_path / "a.docx"))
    (tmp_path / "a.md").write_text(f"# H\r\n\r\n{sentence}\r\n")
    (tmp_path / "a.html").write_text(f"<html><body><p>{sentence}</p></body></html>")
    (tmp_path / "a.txt").write_text(sentence)
    return {path.suffix: path for path in tmp_path.iterdir()}


@pytest.mark.parametrize("extension", [".pdf", ".docx", ".md", ".html", ".txt"])
def test_every_format_gives_text_whose_offsets_hold(files: dict[str, Path], extension: str) -> None:
    document = load(files[extension])
    assert "The harbour opens at six." in document.text
    assert not {"\r", "\0"} & set(document.text)
    assert document.mime and document.title
    assert all(document.text[h.start :].lstrip("# ").startswith(h.title) for h in document.headings)


@pytest.mark.parametrize(
    ("extension", "other"), [(".pdf", ".txt"), (".docx", ".pdf"), (".html", ".txt"), (".pdf", ".md")]
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
        ("sheet.docx", b"PK\x03\x04 xl/workbook.xml", "ZIP"),
        ("cut.docx", b"PK\x03\x04 word/document.xml", "damaged"),
        ("old.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old .doc"),
        ("song.mp3", b"ID3", "not supported"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadError, match=reason):
        load(path)


def test_names_decide_what_is_supported() -> None:
    assert is_supported(Path("A.PDF")) and is_supported(Path("x.markdown"))
    assert not is_supported(Path("x.doc")) and not is_supported(Path("README"))
