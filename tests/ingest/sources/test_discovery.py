import os
from pathlib import Path

import pytest

from ingest.sources.discovery import FoundFile, discover


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.md", "sub/c.pdf", ".hidden.txt", ".git/d.txt", "x.xyz", "README"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x00\x01" if name == "README" else b"x")
    return tmp_path / "tree"


def names(found: list[FoundFile]) -> list[str]:
    return [f.path.name for f in found if not f.problem]


def test_known_types_are_found_below_a_folder_and_others_reported(tree: Path) -> None:
    found = list(discover([tree]))
    assert names(found) == ["a.md", "b.txt", "c.pdf"]
    problems = {f.path.name: f.problem for f in found if f.problem}
    assert set(problems) == {"x.xyz", "README"}
    assert "'.xyz'" in str(problems["x.xyz"]) and "without an extension" in str(problems["README"])


def test_links_cannot_make_it_run_in_circles(tree: Path) -> None:
    os.symlink(tree, tree / "sub" / "loop")
    os.symlink(tree / "nowhere.txt", tree / "broken.txt")
    os.symlink(tree / "b.txt", tree / "same.txt")
    found = list(discover([tree]))
    assert sorted(names(found)) == ["a.md", "b.txt", "c.pdf"]  # one file, one document
    assert {f.path.name for f in found if f.problem and "link" in f.problem} == {"loop", "broken.txt"}


def test_each_file_comes_once_however_often_it_is_named(tree: Path) -> None:
    assert names(list(discover([tree / "b.txt", tree, tree / "sub" / ".." / "b.txt"]))) == ["b.txt", "a.md", "c.pdf"]


def test_a_named_path_is_never_passed_over_in_silence(tree: Path) -> None:
    found = list(discover([tree / "x.xyz", tree / "missing.txt", tree / ".hidden.txt"]))
    assert [f.problem is None for f in found] == [False, False, True]
    assert all(f.is_named for f in found)


def test_the_librarys_own_folder_is_not_read_unless_named(tree: Path) -> None:
    assert names(list(discover([tree], exclude=tree / "sub"))) == ["a.md", "b.txt"]
    assert names(list(discover([tree / "sub"], exclude=tree / "sub"))) == ["c.pdf"]


def test_a_file_whose_name_says_nothing_is_looked_into(tree: Path) -> None:
    (tree / "LICENSE").write_text("Words that anybody may read.")
    (tree / "download.bin").write_bytes(b"%PDF-1.4")
    assert names(list(discover([tree]))) == ["LICENSE", "a.md", "b.txt", "download.bin", "c.pdf"]
