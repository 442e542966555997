from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job import ingest_bytes
from ingest.library import Library
from ingest.sources.uploads import safe_name, store_upload


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\报告 2024.docx", "报告 2024.docx"),
        ("..", "upload"),
        ("", "upload"),
        (".txt", "upload.txt"),
        ("a\x00b\n.txt", "ab.txt"),
        ("con.txt", "_con.txt"),
        ("evil\u202efdp.txt", "evilfdp.txt"),
        ("x/.hidden.md", "hidden.md"),
    ],
)
def test_a_name_is_made_safe(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@given(st.text(max_size=400))
def test_no_name_leaves_the_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe not in {"", ".", ".."} and not safe.startswith(".")
    assert not {"/", "\\", "\0"} & set(safe)
    assert len(safe.encode()) < 200
    assert Path("/uploads", safe).resolve().parent == Path("/uploads")


def test_other_content_under_the_same_name_is_kept_beside_it(tmp_path: Path) -> None:
    first, again = store_upload(tmp_path, "a.txt", b"one"), store_upload(tmp_path, "a.txt", b"one")
    other, other_again = store_upload(tmp_path, "a.txt", b"two"), store_upload(tmp_path, "a.txt", b"two")
    assert first == again != other == other_again
    assert (first.read_bytes(), other.read_bytes()) == (b"one", b"two")
    assert len(list((tmp_path / "uploads").iterdir())) == 2


def test_an_upload_is_ingested_or_failed_with_a_reason(library: Library) -> None:
    good = ingest_bytes(library, "../notes.txt", b"The harbour opens at six.")
    assert good.state == "ready" and Path(good.source) == library.folder / "uploads" / "notes.txt"
    assert len(library.search_keywords("harbour", 3)) == 1
    bad = ingest_bytes(library, "x.pdf", b"no pdf")
    assert bad.state == "failed" and "not one" in str(bad.error)
    unknown = ingest_bytes(library, "x.exe", b"MZ")
    assert unknown.state == "failed" and "not supported" in str(unknown.error)
