import io
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.loaders import image, ocr
from ingest.loaders.errors import LoadError
from ingest.loaders.image import load_image
from ingest.loaders.ocr import OcrMissingError

CHINESE_FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
LINES = ("The notice period is six weeks.", "Return all keys before 31 March 2026.")


def picture(*lines: str, font: Path | None = None) -> Image.Image:
    shown = ImageFont.truetype(font, 32) if font else ImageFont.load_default(32)
    drawn = Image.new("RGB", (900, 60 + 60 * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(drawn).text((40, 30 + 60 * number), line, font=shown, fill="black")
    return drawn


def saved(drawn: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    drawn.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_engine", ocr._Engine())
    monkeypatch.setitem(sys.modules, "rapidocr", None)


def test_english_words_in_a_picture_are_read() -> None:
    pytest.importorskip("rapidocr")
    assert load_image(saved(picture(*LINES)), "s").text.split("\n") == list(LINES)


@pytest.mark.skipif(not CHINESE_FONT.exists(), reason="no Chinese font on this machine")
def test_chinese_words_in_a_picture_are_read() -> None:
    pytest.importorskip("rapidocr")
    line = "试用期员工的通知期为三天。"
    assert load_image(saved(picture(line, font=CHINESE_FONT), "JPEG"), "s").text == line


def test_each_frame_of_a_tiff_is_a_page() -> None:
    pytest.importorskip("rapidocr")
    data = saved(picture("Page one"), "TIFF", save_all=True, append_images=[picture("Page two")])
    document = load_image(data, "s")
    assert [document.text[p.start : p.end] for p in document.pages] == ["Page one", "Page two"]


def test_a_picture_without_words_is_a_failure() -> None:
    pytest.importorskip("rapidocr")
    with pytest.raises(LoadError, match="no words"):
        load_image(saved(Image.new("RGB", (200, 200), "white")), "s")


@pytest.mark.usefixtures("no_ocr")
def test_without_the_extra_a_picture_is_a_failure_that_says_how_to_install_it() -> None:
    with pytest.raises(OcrMissingError, match="pip install rapidocr onnxruntime"):
        load_image(saved(picture(*LINES)), "s")


def test_a_damaged_picture_and_an_enormous_one_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoadError, match="damaged"):
        load_image(saved(picture(*LINES))[:300], "s")
    with pytest.raises(LoadError, match="damaged"):
        load_image(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "s")
    monkeypatch.setattr(image, "_MAX_PIXELS", 10_000)
    with pytest.raises(LoadError, match="pixels"):
        load_image(saved(picture(*LINES)), "s")
