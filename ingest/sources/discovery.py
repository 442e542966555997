"""Which files a job is to read: those named, and those of a type that can be read below the folders named."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.loaders import is_supported, unsupported
from ingest.loaders.errors import FailureKind, stored_reason
from ingest.sources.ignore_rules import IgnoreRules, Selection


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A path to ingest, absolute. `problem` says why it cannot be tried, `is_named` whether the user wrote it."""

    path: Path
    is_named: bool
    problem: str | None = None


def discover(
    paths: Sequence[Path],
    exclude: Path | None = None,
    selection: Selection = Selection(),  # noqa: B008 - immutable
) -> Iterator[FoundFile]:
    """Yield each file once, sorted within a folder.

    Hidden files and folders, links to folders, what a `.ragignore` file or `selection` leaves out, what editors write
    for themselves, and `exclude` (the library's own folder) are not entered. A link to a file is read under the
    link's name. A file that is named is taken, whatever the rules say.

    Raises:
        PatternError: when a `.ragignore` file cannot be understood.
    """
    seen: set[str] = set()
    for path in paths:
        root = Path(os.path.abspath(path.expanduser()))
        if root.is_dir():
            found = _below(root, None if exclude is None or root.is_relative_to(exclude) else exclude, selection)
        else:
            found = iter([_named(root)])
        for file in found:
            real = os.path.realpath(file.path)
            if real not in seen:
                seen.add(real)
                yield file


def _named(path: Path) -> FoundFile:
    if not path.exists():
        return FoundFile(path, is_named=True, problem="there is no such file or folder")
    if not path.is_file():
        return FoundFile(path, is_named=True, problem="it is neither a file nor a folder")
    return FoundFile(path, is_named=True, problem=_type_problem(path))


def is_wanted(path: Path, root: Path, rules: IgnoreRules, selection: Selection) -> bool:
    """Say whether the rules let a file below `root` be read; nothing is said about its type."""
    inside = path.relative_to(root)
    if any(part.startswith(".") for part in inside.parts) or _is_temporary(path.name):
        return False
    folders = [root / parent for parent in inside.parents if parent.parts]
    return (
        selection.takes(path, root)
        and all(selection.enters(folder, root) for folder in folders)
        and not rules.ignores(path)
    )


def _below(root: Path, exclude: Path | None, selection: Selection) -> Iterator[FoundFile]:
    rules = IgnoreRules(root)
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        visible = sorted(
            name
            for name in subfolders
            if not name.startswith(".")
            and selection.enters(here / name, root)
            and not rules.ignores(here / name, is_folder=True)
        )
        # os.walk does not enter links to folders, so no loop can form; they are only reported.
        subfolders[:] = [name for name in visible if not (here / name).is_symlink() and here / name != exclude]
        for name in visible:
            if (here / name).is_symlink():
                yield FoundFile(here / name, is_named=False, problem="it is a link to a folder; name it to ingest it")
        for name in sorted(names):
            if is_wanted(here / name, root, rules, selection):
                yield _met(here / name)


def _is_temporary(name: str) -> bool:
    """Say whether an editor or a browser writes a file of this name for itself."""
    return name.startswith(("~$", "~WRL")) or name.endswith(("~", ".tmp", ".part", ".crdownload", ".swp"))


def _met(path: Path) -> FoundFile:
    if not path.is_file():
        problem = "it is a broken link" if path.is_symlink() else "it is not a regular file"
        return FoundFile(path, is_named=False, problem=problem)
    return FoundFile(path, is_named=False, problem=_type_problem(path))


def _type_problem(path: Path) -> str | None:
    """Say why a file is not even tried; one whose name says nothing is looked into."""
    try:
        return None if is_supported(path) else stored_reason(unsupported(path.name), FailureKind.UNSUPPORTED)
    except OSError:
        return None  # reading it will say why
