"""Which files a job is to read: those named, and those of a known type below the folders named."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.loaders import SUPPORTED_EXTENSIONS, is_supported


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A path to ingest, absolute. `problem` says why it cannot be tried, `is_named` whether the user wrote it."""

    path: Path
    is_named: bool
    problem: str | None = None


def discover(paths: Sequence[Path], exclude: Path | None = None) -> Iterator[FoundFile]:
    """Yield each file once, sorted within a folder.

    Hidden files and folders, links to folders, and `exclude` (the library's own folder) are not entered. A link to a
    file is read under the link's name.
    """
    seen: set[str] = set()
    for path in paths:
        root = Path(os.path.abspath(path.expanduser()))
        if root.is_dir():
            found = _below(root, None if exclude is None or root.is_relative_to(exclude) else exclude)
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


def _below(root: Path, exclude: Path | None) -> Iterator[FoundFile]:
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        visible = sorted(name for name in subfolders if not name.startswith("."))
        # os.walk does not enter links to folders, so no loop can form; they are only reported.
        subfolders[:] = [name for name in visible if not (here / name).is_symlink() and here / name != exclude]
        for name in visible:
            if (here / name).is_symlink():
                yield FoundFile(here / name, is_named=False, problem="it is a link to a folder; name it to ingest it")
        for name in sorted(names):
            if not name.startswith("."):
                yield _met(here / name)


def _met(path: Path) -> FoundFile:
    if not path.is_file():
        problem = "it is a broken link" if path.is_symlink() else "it is not a regular file"
        return FoundFile(path, is_named=False, problem=problem)
    return FoundFile(path, is_named=False, problem=_type_problem(path))


def _type_problem(path: Path) -> str | None:
    if is_supported(path):
        return None
    kind = f"files of type '{path.suffix}'" if path.suffix else "files without an extension"
    return f"{kind} are not supported; supported are {' '.join(SUPPORTED_EXTENSIONS)}"
