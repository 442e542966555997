"""Keep a library up to date with folders: what is created, modified, moved or deleted is ingested after a short quiet.

The system tells of changes (`watchfiles`); they are gathered until nothing happened for a moment, so that a burst or an
editor's dance of temporary files is one run. A run compares content, as every ingestion does: events only say where to
look. A file that could not be read, and a library that somebody else writes to, are tried again, less and less often.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.engines import Engine
from ingest.engines.local import LocalEngine
from ingest.errors import LibraryLocked
from ingest.job import IngestEvent, IngestReport, ingest
from ingest.library import Library
from ingest.sources.ignore_rules import IGNORE_FILE, Selection

_STEP = 50  # milliseconds between two looks at the events
_MAX_CHANGES = 5000  # paths; of more, all files are looked at


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """`quiet` seconds without a change start a run; `longest` seconds do so in a burst that does not end.

    After `retry` seconds what could not be read, or written because the library was locked, is tried again, then
    after twice that, and so on up to `longest_retry`.
    """

    quiet: float = 0.5
    longest: float = 10.0
    retry: float = 2.0
    longest_retry: float = 300.0


def watch(
    library: Library,
    folders: Sequence[Path],
    stop: threading.Event,
    *,
    settings: WatchSettings = WatchSettings(),
    selection: Selection = Selection(),  # noqa: B008 - immutable
    tags: Sequence[str] = (),
    engine: Engine | None = None,
    progress: Callable[[IngestEvent], None] | None = None,
) -> Iterator[IngestReport | LibraryLocked]:
    """Ingest the folders once, then after each change, until `stop` is set; yield what each run did.

    `engine` reads the files, as for `ingest`; its workers wait from run to run, so that a change is reflected at once.
    A LibraryLocked is yielded when another writer kept the library; its changes are not lost.

    Raises:
        FileNotFoundError: when a folder is not there.
        LibraryError: when the library cannot be used any more.
        EmbedderError: when the embedding model cannot be used.
    """
    roots = [Path(os.path.abspath(folder.expanduser())) for folder in folders]
    for root in roots:
        if not root.is_dir():
            raise FileNotFoundError(f"{root} is no folder")
    if engine is None:
        with closing(LocalEngine()) as own:
            yield from watch(
                library, folders, stop, settings=settings, selection=selection, tags=tags, engine=own, progress=progress
            )
        return
    # Listening starts before the first run: nothing that happens meanwhile is missed.
    with _Listener(roots, library.folder, stop) as listener:
        changed: set[Path] | None = None  # None: everything
        delay = settings.retry
        is_warm = False
        while not stop.is_set():
            try:
                report = ingest(
                    library, roots, prune=True, only=None if changed is None else sorted(changed),
                    selection=selection, tags=tags, engine=engine, progress=progress,
                )  # fmt: skip
            except LibraryLocked as error:
                again = changed
                yield error
            else:
                again = {Path(outcome.source) for outcome in report.failed if outcome.is_unread}
                if changed is None or report.added or report.failed or _changes(report):
                    yield report
            if not is_warm:
                is_warm = True
                _warm_up(library, engine)
            more = listener.wait(settings, delay if again is None or again else None)
            delay = min(delay * 2, settings.longest_retry) if more == set() else settings.retry
            changed = None if again is None or more is None or len(again | more) > _MAX_CHANGES else again | more


def _warm_up(library: Library, engine: Engine) -> None:
    """Load the embedding model and start a parser, which takes seconds: the first change is to wait for neither."""
    library.embedder.embed_query("ready")
    for _ in engine.workers(library)[0].parse(Path(os.devnull), {}):
        continue


def _changes(report: IngestReport) -> int:
    return sum(map(len, (report.replaced, report.moved, report.copied, report.removed)))


class _Listener:
    """Gathers changed paths in a thread, as a context manager."""

    def __init__(self, roots: Sequence[Path], own_folder: Path, stop: threading.Event) -> None:
        self._roots = {root: root.resolve() for root in roots}
        self._own_folder = own_folder
        self._stop = stop
        self._changed = threading.Condition()
        self._paths: set[Path] = set()
        self._everything = False
        self._first = self._last = 0.0
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)

    def __enter__(self) -> "_Listener":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5.0)

    def wait(self, settings: WatchSettings, retry: float | None) -> set[Path] | None:
        """Return the paths that changed when it is quiet again; None when everything has to be looked at.

        After `retry` seconds, return even if nothing changed.
        """
        started = time.monotonic()
        with self._changed:
            while not self._stop.is_set():
                if self._error is not None:
                    raise self._error
                now = time.monotonic()
                if self._first and (now - self._last >= settings.quiet or now - self._first >= settings.longest):
                    break
                if retry is not None and not self._first and now - started >= retry:
                    break
                self._changed.wait(0.1)
            paths, everything = self._paths, self._everything
            self._paths, self._everything, self._first = set(), False, 0.0
        return None if everything else paths

    def _listen(self) -> None:
        from watchfiles import watch as events

        try:
            for batch in events(
                *self._roots, watch_filter=None, debounce=200, step=_STEP, stop_event=self._ended, rust_timeout=500,
                raise_interrupt=False,
            ):  # fmt: skip
                self._note([Path(name) for _, name in batch])
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _note(self, paths: Sequence[Path]) -> None:
        relevant = {path for path in map(self._relevant, paths) if path is not None}
        if not relevant:
            return
        with self._changed:
            self._last = time.monotonic()
            self._first = self._first or self._last
            self._paths |= relevant
            # New rules may concern every file.
            self._everything |= any(p.name == IGNORE_FILE for p in relevant) or len(self._paths) > _MAX_CHANGES
            self._changed.notify_all()

    def _relevant(self, path: Path) -> Path | None:
        """Return a changed path as it is below its root; None for hidden files and what this program writes itself."""
        if path.is_relative_to(self._own_folder):
            return None
        for root, real in self._roots.items():
            for base in (root, real):  # some systems tell the path without links
                with suppress(ValueError):
                    inside = path.relative_to(base)
                    hidden = any(part.startswith(".") for part in inside.parts) and path.name != IGNORE_FILE
                    return None if hidden else root / inside
        return None
