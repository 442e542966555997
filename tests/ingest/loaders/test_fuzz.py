"""Damaged files are read or refused with a reason; what fuzzing found stays found.

`FUZZ_EXAMPLES=5000` tries as many, other ones each time; `python -m benchmarks.fuzz_loaders` runs for a given time.
"""

import os
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_loaders import Edit, check_file, damaged
from benchmarks.fuzz_seeds import SEEDS
from ingest.documents import LoadedDocument
from ingest.loaders import LoadError, image, parts_of
from ingest.loaders.pdf import loader as pdf

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
SHARE = st.floats(0, 1, exclude_max=True)
EDIT = st.builds(Edit, st.integers(0, 4), SHARE, SHARE, st.binary(min_size=1, max_size=12))


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """OCR is slow, and no part of what is tested."""
    for module in (image, pdf):
        monkeypatch.setattr(module, "read_picture", lambda _pixels: "words")


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    seed = SEEDS[name]()
    assert check_file(name, seed) >= 1

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(edits=st.lists(EDIT, min_size=1, max_size=5), member=st.none() | SHARE)
    def fuzz(edits: list[Edit], member: float | None) -> None:
        check_file(name, damaged(seed, edits, member))

    fuzz()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(name=st.sampled_from(list(SEEDS)), data=st.binary(max_size=300))
def test_any_bytes_under_any_name_are_read_or_refused(name: str, data: bytes) -> None:
    check_file(name, data)


def itself(name: str, data: bytes) -> LoadedDocument:
    *_, last = parts_of(name, data)
    return last.load()


PACKAGES = ("a.docx", "a.pptx", "a.xlsx", "a.odt", "a.epub")


def main_part(data: bytes, tmp_path: Path) -> zipfile.ZipInfo:
    """Return the entry that holds the words of a package."""
    path = tmp_path / "package.zip"
    path.write_bytes(data)
    wanted = re.compile(r"word/document\.xml|slides/slide1\.xml|sheet1\.xml|^content\.xml|\.opf")
    with zipfile.ZipFile(path) as package:
        return next(entry for entry in package.infolist() if wanted.search(entry.filename))


@pytest.mark.parametrize("name", PACKAGES)
def test_an_entry_whose_header_is_overwritten(name: str, tmp_path: Path) -> None:
    data = SEEDS[name]()
    at = main_part(data, tmp_path).header_offset
    with pytest.raises(LoadError, match="damaged"):
        itself(name, data[:at] + b"XXXX" + data[at + 4 :])


@pytest.mark.parametrize("name", PACKAGES)
def test_an_entry_whose_compressed_bytes_are_overwritten(name: str, tmp_path: Path) -> None:
    data = SEEDS[name]()
    entry = main_part(data, tmp_path)
    at = entry.header_offset + 30 + len(entry.filename) + 8
    with pytest.raises(LoadError, match="damaged"):
        itself(name, data[:at] + b"\xff" * 16 + data[at + 16 :])


@pytest.mark.parametrize("name", PACKAGES)
def test_an_entry_packed_in_an_unknown_way(name: str, tmp_path: Path) -> None:
    data = SEEDS[name]()
    entry = main_part(data, tmp_path)
    local = entry.header_offset + 8
    directory = next(
        m.start() for m in re.finditer(rb"PK\x01\x02", data)
        if data[m.start() + 46 :].startswith(entry.filename.encode())
    )  # fmt: skip
    for at in (local, directory + 10):
        data = data[:at] + b"\x63\x00" + data[at + 2 :]
    with pytest.raises(LoadError, match="damaged"):
        itself(name, data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<text:p>", b"<text:p:q:r>"),  # a name that is none
        (b"The harbour", b"The &#xD800; &#55296 harbour"),  # half a surrogate pair
        (b"The harbour", b"The \xed\xa0\x80 harbour"),  # the same as bytes
        (b"opendocument:xmlns:text", b"opendoc\xed\xa0\x80:xmlns:text"),
        (b"text:outline-level", b"text:outline-a:b-level"),
    ],
)
def test_xml_that_is_damaged_is_read_as_far_as_it_goes(old: bytes, new: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        path = tmp_path / "seed.zip"
        path.write_bytes(SEEDS["a.odt"]())
        with zipfile.ZipFile(path) as package:
            for entry in package.infolist():
                content = package.read(entry)
                assert entry.filename != "content.xml" or old in content
                made.writestr(entry.filename, content.replace(old, new))
    assert check_file("a.odt", (tmp_path / "made.zip").read_bytes()) == 1


def test_a_pdf_of_which_one_page_cannot_be_opened_keeps_the_others() -> None:
    data = re.sub(rb"(/Kids \[\s*\d+ 0 R)\s*\d+ 0 R", rb"\1 99 0 R", SEEDS["a.pdf"]())
    document = itself("a.pdf", data)
    assert "The harbour opens at six" in document.text and len(document.pages) == 2
    assert document.warning == "page 2 cannot be opened; the file is damaged"
    with pytest.raises(LoadError, match="cannot be opened, and no text was found"):
        itself("a.pdf", re.sub(rb"/Kids \[[^\]]*\]", b"/Kids [99 0 R 98 0 R]", data))


def test_a_tiff_without_dimensions_is_refused() -> None:
    data = SEEDS["a.tif"]()
    assert data[10:12] == b"\x00\x01"  # the tag of its width
    with pytest.raises(LoadError, match="damaged"):
        itself("a.tif", data[:10] + b"\x77\x77" + data[12:])
