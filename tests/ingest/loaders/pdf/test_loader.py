import io
import mmap
import sys
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from ingest.loaders import ocr
from ingest.loaders.errors import LoadError
from ingest.loaders.ocr import INSTALL_HINT, OcrMissingError
from ingest.loaders.pdf import loader as pdf
from ingest.loaders.pdf.loader import load_pdf

CHINESE_FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
PARAGRAPH = (
    "The quick brown fox jumps over the lazy dog near the bank of the river while the evening sun goes down and the "
    "people of the village walk home from the fields with their tools on their backs. A second sentence follows."
)


class Pages:
    """A PDF in the making."""

    def __init__(self, **options: str) -> None:
        self.pdf = FPDF(**options)
        self.pdf.set_font("Helvetica", size=12)

    def text(self, text: str) -> "Pages":
        self.pdf.add_page()
        self.pdf.multi_cell(0, 6, text)
        return self

    def picture(self) -> "Pages":
        self.pdf.add_page()
        self.pdf.rect(10, 10, 100, 100)
        return self

    def blank(self) -> "Pages":
        self.pdf.add_page()
        return self

    def data(self) -> bytes:
        return bytes(self.pdf.output())


def test_pages_index_the_text_and_wrapped_sentences_are_whole_again() -> None:
    document = load_pdf(Pages().text(PARAGRAPH).text("1. First item\n2. Second item").data(), "stem")
    assert [p.number for p in document.pages] == [1, 2]
    first, second = (document.text[p.start : p.end] for p in document.pages)
    assert first == PARAGRAPH
    assert second == "1. First item\n2. Second item"
    assert document.text == f"{first}\n\n{second}"
    assert document.title == "stem" and document.warning is None


def test_a_word_that_the_layout_hyphenated_is_whole_again() -> None:
    document = load_pdf(Pages().text("Some visitors were inter-\nnational, others state-of-the-\nart.").data(), "s")
    assert "international" in document.text
    assert "state-of-the-art" in document.text


@pytest.mark.skipif(not CHINESE_FONT.exists(), reason="no Chinese font on this machine")
def test_wrapped_chinese_is_joined_without_a_space() -> None:
    sentence = (
        "图书馆每天早上九点开门，晚上八点关门，读者凭借书证可以借阅五本图书，借期为一个月，到期之前可以续借一次。"
    )
    pages = Pages()
    pages.pdf.add_font("wqy", fname=CHINESE_FONT)
    pages.pdf.set_font("wqy", size=12)
    assert load_pdf(pages.text(sentence * 2).data(), "s").text == sentence * 2


def test_headings_come_from_the_outline() -> None:
    pages = Pages()
    for title in ("Introduction", "Method and data"):
        pages.pdf.add_page()
        pages.pdf.start_section(title)
        pages.pdf.multi_cell(0, 6, f"{title}\n{PARAGRAPH}")
    document = load_pdf(pages.data(), "s")
    assert [(h.level, h.title) for h in document.headings] == [(1, "Introduction"), (1, "Method and data")]
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)


LEFT = ["The left column begins with this line", "and goes on with a second line of text,", "which ends the paragraph."]
RIGHT = ["The right column starts over here with", "words that have nothing to do with the", "left one."]


@pytest.mark.parametrize("drawn", ["across", "down"])
def test_columns_are_read_one_after_the_other_however_they_were_drawn(drawn: str) -> None:
    pages = Pages().blank()
    pages.pdf.set_font("Helvetica", size=10)
    pages.pdf.set_xy(20, 20)
    pages.pdf.cell(170, 8, "A title that runs over the whole width of the page, above both of its columns, really")
    lines = [(20, 40 + 5 * i, text) for i, text in enumerate(LEFT * 3)]
    lines += [(110, 40 + 5 * i, text) for i, text in enumerate(RIGHT * 3)]
    for x, y, text in sorted(lines, key=lambda line: line[1]) if drawn == "across" else lines:
        pages.pdf.set_xy(x, y)
        pages.pdf.cell(75, 5, text)
    words = " ".join(load_pdf(pages.data(), "s").text.split())
    assert words.startswith("A title that runs")
    assert words.endswith(" ".join(LEFT * 3 + RIGHT * 3))


def test_a_table_becomes_records_with_its_header() -> None:
    pages = Pages().text("Before the table.")
    pages.pdf.ln(4)
    rows = [("Code", "Meaning", "What to do"), *((f"E0{i}", f"Sensor {i} is faulty", "Call us") for i in range(1, 5))]
    with pages.pdf.table() as table:
        for row in rows:
            table.row(row)
    pages.pdf.ln(8)
    pages.pdf.multi_cell(0, 6, PARAGRAPH)
    document = load_pdf(pages.data(), "s")
    records = [f"Code: E0{i}; Meaning: Sensor {i} is faulty; What to do: Call us" for i in range(1, 5)]
    assert document.text == "\n".join(["Before the table.", *records, PARAGRAPH])
    assert [document.text[a:b] for a, b in document.atomic_spans] == records


def test_a_numbered_list_is_no_table() -> None:
    pages = Pages().blank()
    for number in range(1, 6):
        pages.pdf.set_xy(20, 20 + 8 * number)
        pages.pdf.cell(10, 6, f"{number}.")
        pages.pdf.set_xy(35, 20 + 8 * number)
        pages.pdf.cell(100, 6, f"Do step {number} of 5")
    assert load_pdf(pages.data(), "s").text.split("\n")[0] == "1. Do step 1 of 5"


def scan(*lines: str) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    for number, line in enumerate(lines):
        place = (120, 150 + 70 * number)
        ImageDraw.Draw(page).text(place, line, font=ImageFont.load_default(34), fill="black")
    return page


@pytest.fixture
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_engine", ocr._Engine())
    monkeypatch.setitem(sys.modules, "rapidocr", None)


def test_each_page_is_judged_by_itself_and_scans_are_put_to_ocr() -> None:
    pytest.importorskip("rapidocr")
    pages = Pages().text(PARAGRAPH).blank()
    pages.pdf.set_auto_page_break(False)
    pages.pdf.image(scan("The scanned page says that", "rent is due on the third."), x=0, y=0, w=210)
    pages.pdf.set_xy(100, 280)
    pages.pdf.cell(10, 5, "Page 2")  # a scan with a text layer that is only a stamp
    document = load_pdf(pages.data(), "s")
    first, second = (document.text[p.start : p.end] for p in document.pages)
    assert first == PARAGRAPH and document.warning is None
    assert "rent is due on the third" in second


@pytest.mark.usefixtures("no_ocr")
def test_without_ocr_pages_without_a_text_layer_are_named_and_blank_ones_are_not() -> None:
    some = load_pdf(Pages().text("Words.").picture().blank().picture().data(), "s")
    assert some.warning == f"pages 2, 4 have no text layer; {INSTALL_HINT}"
    with pytest.raises(OcrMissingError, match="scan"):
        load_pdf(Pages().picture().picture().data(), "s")


def test_pages_on_which_nobody_could_read_anything_are_no_document() -> None:
    pytest.importorskip("rapidocr")
    with pytest.raises(LoadError, match="no text"):
        load_pdf(Pages().picture().data(), "s")


def test_an_encrypted_pdf_is_refused_unless_it_opens_without_a_password() -> None:
    locked = Pages().text("Secret.")
    locked.pdf.set_encryption("owner", "user")
    with pytest.raises(LoadError, match="password"):
        load_pdf(locked.data(), "s")
    unlocked = Pages().text("Public.")
    unlocked.pdf.set_encryption("owner")
    assert load_pdf(unlocked.data(), "s").text == "Public."


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_pdf_is_refused_or_read_but_never_crashes(share: float) -> None:
    data = Pages().text(PARAGRAPH).text(PARAGRAPH).data()
    try:
        document = load_pdf(data[: int(len(data) * share)], "s")
    except LoadError as error:
        assert "damaged" in str(error) or "text layer" in str(error)
    else:
        assert document.text.strip()


def test_the_stated_title_is_taken_unless_a_program_made_it_up() -> None:
    for stated, expected in (("Annual report", "Annual report"), ("Microsoft Word - x.doc", "stem"), ("", "stem")):
        pages = Pages().text("Words.")
        pages.pdf.set_title(stated)
        assert load_pdf(io.BytesIO(pages.data()).getvalue(), "stem").title == expected


def test_a_mapped_file_gives_the_same_document_however_often_it_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file with an outline, a table and a blank page
    pages = Pages()
    for number in range(4):
        pages.pdf.add_page()
        pages.pdf.start_section(f"Chapter {number}")
        pages.pdf.multi_cell(0, 6, f"Chapter {number}\n{PARAGRAPH}")
    path = tmp_path / "large.pdf"
    path.write_bytes(pages.blank().text(PARAGRAPH).data())
    as_bytes = load_pdf(path.read_bytes(), "s")
    assert len(as_bytes.pages) == 6 and len(as_bytes.headings) == 4

    # when it is mapped, and PDFium may keep next to nothing of it
    opened = 0
    real_open = pdf._open

    def counted(data: object) -> object:
        nonlocal opened
        opened += 1
        return real_open(data)  # type: ignore[arg-type]

    monkeypatch.setattr(pdf, "_open", counted)
    monkeypatch.setattr(pdf, "_MAX_KEPT", 1)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    # then each page is read from a document of its own, all is the same, and nothing holds the file afterwards
    assert load_pdf(mapped, "s") == as_bytes
    assert opened == 1 + 6
    mapped.close()
