"""What a run of ingestion would do, worked out without changing anything: for `rag ingest --dry-run`."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.job.changes import Change, change_of, is_storable, shown, vanished
from ingest.job.ending import PARSED, Ending
from ingest.library import Library
from ingest.parser import MAX_BYTES
from ingest.sources.discovery import FoundFile, discover
from ingest.sources.ignore_rules import Selection


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one path. `reason` and `previous` are as in a run's `Outcome`."""

    kind: Ending
    source: str
    reason: str | None = None
    previous: str | None = None


def plan(
    library: Library | None,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    selection: Selection = Selection(),  # noqa: B008 - immutable
    max_bytes: int = MAX_BYTES,
) -> Iterator[Planned]:
    """Yield what `ingest` with these arguments would do, file by file; `library` is None when there is none yet.

    Files are compared, not parsed: one that turns out to be unreadable, and what is inside archives, is not foreseen.
    """
    new: dict[tuple[str, str], Path] = {}  # content and type of files that would be added
    lost: set[str] = set()  # paths that were taken for moved
    for file in discover(paths, exclude=library.folder if library else None, selection=selection):
        planned = _problem(file)
        if planned is None:
            change = change_of(library, file.path, max_bytes)
            planned = _planned(change, new, lost)
        yield planned
    if prune and library is not None:
        for source in vanished(library, [Path(os.path.abspath(path.expanduser())) for path in paths]):
            if source.source not in lost:
                yield Planned(Ending.REMOVED, source.source)


def _problem(file: FoundFile) -> Planned | None:
    if not is_storable(file.path):
        return Planned(Ending.FAILED, shown(file.path), "its name is not valid UTF-8; rename it")
    if file.problem:
        return Planned(Ending.FAILED if file.is_named else Ending.SKIPPED, str(file.path), file.problem)
    return None


def _planned(change: Change, new: dict[tuple[str, str], Path], lost: set[str]) -> Planned:
    source = str(change.path)
    if change.kind is Ending.MOVED and change.previous in lost:
        return Planned(Ending.COPIED, source)
    if change.previous is not None:
        lost.add(change.previous)
    if change.kind in PARSED and change.sha256 is not None:
        first = new.setdefault((change.sha256, change.path.suffix.lower()), change.path)
        if first != change.path:
            return Planned(Ending.COPIED, source)
    return Planned(change.kind, source, change.reason, change.previous)
