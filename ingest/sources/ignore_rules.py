"""Which files below a folder are not to be read: `.ragignore` files, `--include` and `--exclude`.

Patterns are those of `.gitignore` and are compared with the path below the folder in which they stand (for `--include`
and `--exclude`: below the folder that was named). As in git, an inner `.ragignore` may take back what an outer one
says, but nothing below an ignored folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pathspec import GitIgnoreSpec

IGNORE_FILE = ".ragignore"
_MAX_BYTES = 1 << 20  # of an ignore file


class PatternError(ValueError):
    """A pattern that cannot be understood; the message says which."""


@dataclass(frozen=True)
class Selection:
    """Patterns of `--include` (if any are given, only files that match one are read) and `--exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise PatternError for a pattern that cannot be understood."""
        _ = self._included, self._excluded

    def takes(self, path: Path, root: Path) -> bool:
        """Say whether a file below `root` is wanted."""
        inside = path.relative_to(root).as_posix()
        if self._excluded.match_file(inside):
            return False
        return not self.include or self._included.match_file(inside)

    def enters(self, folder: Path, root: Path) -> bool:
        """Say whether a folder below `root` may hold wanted files."""
        return not self._excluded.match_file(f"{folder.relative_to(root).as_posix()}/")

    @cached_property
    def _included(self) -> GitIgnoreSpec:
        return _compiled(self.include, "--include")

    @cached_property
    def _excluded(self) -> GitIgnoreSpec:
        return _compiled(self.exclude, "--exclude")


class IgnoreRules:
    """The `.ragignore` files at and below one folder, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._specs: dict[Path, GitIgnoreSpec | None] = {}

    def ignores(self, path: Path, *, is_folder: bool = False) -> bool:
        """Say whether `path`, which lies below the root, or a folder on the way to it is ignored."""
        inside = path.relative_to(self._root)
        way = [self._root / parent for parent in reversed(inside.parents)][1:]
        return any(self._matches(folder, is_folder=True) for folder in way) or self._matches(path, is_folder=is_folder)

    def _matches(self, path: Path, *, is_folder: bool) -> bool:
        """Ask the innermost file that has something to say."""
        for folder in path.parents:
            spec = self._spec(folder)
            if spec is not None:
                inside = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
                verdict = spec.check_file(inside).include
                if verdict is not None:
                    return verdict
            if folder == self._root:
                break
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            self._specs[folder] = _read(folder / IGNORE_FILE)
        return self._specs[folder]


def _read(path: Path) -> GitIgnoreSpec | None:
    try:
        if not path.is_file():
            return None
        with path.open(encoding="utf-8", errors="replace") as file:
            return _compiled(file.read(_MAX_BYTES).splitlines(), str(path))
    except OSError as error:
        # Reading what was meant to be ignored would be worse than stopping.
        raise PatternError(f"{path} cannot be read ({error.strerror or error}); mend or remove it") from error


def _compiled(patterns: Sequence[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise PatternError(f"{where}: {error}") from error
