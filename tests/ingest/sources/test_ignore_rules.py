from pathlib import Path

import pytest

from ingest.sources.discovery import discover
from ingest.sources.ignore_rules import PatternError, Selection

EVERYTHING = ["a.txt", "b.md", "deep/er/d.txt", "deep/er/e.md", "drafts/c.txt", "drafts/keep.txt"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in (*EVERYTHING, "~$b.docx", "f.txt~", "a.txt.tmp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def found(root: Path, **selection: tuple[str, ...]) -> list[str]:
    return [str(f.path.relative_to(root)) for f in discover([root], selection=Selection(**selection))]


def test_what_editors_write_for_themselves_is_passed_over(tree: Path) -> None:
    assert sorted(found(tree)) == EVERYTHING


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"include": ("*.md",)}, ["b.md", "deep/er/e.md"]),
        ({"exclude": ("drafts/",)}, ["a.txt", "b.md", "deep/er/d.txt", "deep/er/e.md"]),
        ({"include": ("*.txt",), "exclude": ("deep/**",)}, ["a.txt", "drafts/c.txt", "drafts/keep.txt"]),
        ({"include": ("/deep/",)}, ["deep/er/d.txt", "deep/er/e.md"]),
    ],
)
def test_include_and_exclude(tree: Path, selection: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    assert sorted(found(tree, **selection)) == expected


def test_ragignore_files_apply_below_their_folder_and_inner_ones_may_take_back(tree: Path) -> None:
    (tree / ".ragignore").write_text("# comment\n*.txt\n/b.md\n")
    (tree / "drafts" / ".ragignore").write_text("!keep.txt\n")
    assert sorted(found(tree)) == ["deep/er/e.md", "drafts/keep.txt"]


def test_nothing_below_an_ignored_folder_is_taken_back(tree: Path) -> None:
    (tree / ".ragignore").write_text("deep/\n!deep/er/d.txt\n")
    (tree / "deep" / ".ragignore").write_text("!*\n")
    assert sorted(found(tree)) == ["a.txt", "b.md", "drafts/c.txt", "drafts/keep.txt"]


def test_a_named_file_is_taken_whatever_the_rules_say(tree: Path) -> None:
    (tree / ".ragignore").write_text("*\n")
    assert [f.path.name for f in discover([tree / "a.txt"])] == ["a.txt"]


def test_a_pattern_that_means_nothing_is_named(tree: Path) -> None:
    with pytest.raises(PatternError, match=r"--exclude: .*!"):
        Selection(exclude=("!",))
    (tree / ".ragignore").write_text("!\n")
    with pytest.raises(PatternError, match=r"\.ragignore"):
        found(tree)
