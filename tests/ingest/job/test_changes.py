"""Files are compared by content; a path that is gone makes the same content a move."""

from pathlib import Path

import pytest

from ingest.catalogue import Source
from ingest.job import ingest
from ingest.job.changes import change_of, is_gone, is_storable, lacks_ocr, modified_at, shown, vanished
from ingest.library import Library
from ingest.loaders.ocr import INSTALL_HINTS

LIMIT = 1000


@pytest.fixture
def file(library: Library, tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "kettle.txt"
    path.parent.mkdir()
    path.write_text("The copper kettle weighs two kilos.", encoding="utf-8")
    ingest(library, [path])
    return path


def test_the_same_content_is_unchanged_and_another_is_replaced(library: Library, file: Path) -> None:
    assert change_of(library, file, LIMIT).kind == "unchanged"
    file.write_text("The kettle is of silver.", encoding="utf-8")
    change = change_of(library, file, LIMIT)
    assert change.kind == "replaced" and change.document is not None and change.document.source == str(file)


def test_a_second_path_is_a_copy_and_a_move_where_the_first_is_gone(library: Library, file: Path) -> None:
    other = file.with_name("other.txt")
    other.write_bytes(file.read_bytes())
    assert change_of(library, other, LIMIT).kind == "copied"
    file.unlink()
    change = change_of(library, other, LIMIT)
    assert change.kind == "moved" and change.previous == str(file)


def test_the_same_bytes_under_another_type_are_new(library: Library, file: Path) -> None:
    page = file.with_suffix(".md")
    page.write_bytes(file.read_bytes())
    assert change_of(library, page, LIMIT).kind == "added"


def test_without_a_library_everything_is_new(file: Path) -> None:
    assert change_of(None, file, LIMIT).kind == "added"


def test_a_large_and_a_missing_file_fail_with_a_reason(library: Library, file: Path) -> None:
    large = change_of(library, file, 10)
    assert large.kind == "failed" and "larger than" in (large.reason or "") and large.sha256 is None
    gone = change_of(library, file.with_name("nowhere.txt"), LIMIT)
    assert gone.kind == "failed" and "cannot be read" in (gone.reason or "")


def test_vanished_files_count_only_below_folders_that_are_there(library: Library, file: Path) -> None:
    folder = file.parent
    assert list(vanished(library, [folder])) == []
    file.unlink()
    assert [s.source for s in vanished(library, [folder])] == [str(file)]
    folder.rmdir()  # as a drive that is away
    assert list(vanished(library, [folder])) == []


def test_what_is_ignored_now_counts_as_vanished(library: Library, file: Path) -> None:
    (file.parent / ".ragignore").write_text("*.txt\n", encoding="utf-8")
    assert [s.source for s in vanished(library, [file.parent])] == [str(file)]


def test_a_broken_link_counts_as_gone(library: Library, file: Path) -> None:
    source: Source = library.sources()[0]
    assert not is_gone(source)
    file.unlink()
    file.symlink_to(file.with_name("nowhere"))
    assert is_gone(source)


@pytest.mark.parametrize("hint", INSTALL_HINTS)
def test_pages_without_ocr_are_remembered_also_by_earlier_versions(library: Library, file: Path, hint: str) -> None:
    from dataclasses import replace

    record = library.find_source(str(file))
    assert record is not None and not lacks_ocr(record) and not lacks_ocr(None)
    assert lacks_ocr(replace(record, error=f"page 2 has no text layer; {hint}"))
    assert not lacks_ocr(replace(record, error=hint, state="failed"))


def test_names_that_are_not_utf8_can_be_shown() -> None:
    path = Path("caf\udce9.txt")
    assert not is_storable(path) and is_storable(Path("café.txt"))
    assert shown(path) == "caf\\xe9.txt"


def test_the_time_of_a_missing_file_is_unknown(tmp_path: Path) -> None:
    assert modified_at(tmp_path / "nowhere") is None
