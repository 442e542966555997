"""A run from its beginning to its end, whatever ends it."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from ingest.documents import DocumentRecord
from ingest.engines import Engine
from ingest.engines.local import LocalEngine
from ingest.errors import LibraryError
from ingest.job.changes import shown
from ingest.job.progress import Progress
from ingest.job.report import IngestEvent, IngestReport
from ingest.job.update import Update
from ingest.library import Library
from ingest.loaders import LoadError
from ingest.sources.discovery import FoundFile, discover
from ingest.sources.ignore_rules import Selection
from ingest.sources.uploads import store_upload


def ingest(
    library: Library,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    progress: Callable[[IngestEvent], None] | None = None,
    selection: Selection = Selection(),  # noqa: B008 - immutable
    tags: Sequence[str] = (),
    engine: Engine | None = None,
    only: Sequence[Path] | None = None,
) -> IngestReport:
    """Bring the library up to date with the files at and below `paths`.

    A file that is unchanged since it was ingested costs one reading of its bytes; one that failed is tried again; one
    that was moved or copied is recognised by its content and not embedded again; of one that was edited, only the
    chunks that are new. With `prune`, paths are removed that lie below one of the given folders and whose file no
    longer exists, or is ignored now by a `.ragignore` file. A bad file is recorded with a reason and the rest goes on.
    An interrupted run leaves whole documents only, and the next run does the rest.

    Args:
        library: is written to.
        paths: files and folders.
        prune: also remove.
        progress: is told of each step.
        selection: which files below folders are wanted.
        tags: to be added to all of them.
        engine: reads the files; without one, a process of this machine does, one file at a time.
        only: of the files below `paths`, only those at or below these.

    Raises:
        LibraryLocked: when another writer keeps the library.
        EmbedderError: when the embedding model cannot be used: no file's fault, so no file is marked failed.
        ParserUnavailable: when the process that parses files cannot be started, likewise.
        EngineUnavailable: when the engine has no workers, likewise.
        PatternError: when a `.ragignore` file cannot be understood.
    """
    if engine is None:
        with contextlib.closing(LocalEngine()) as own:
            return ingest(
                library, paths, prune=prune, progress=progress, selection=selection, tags=tags, engine=own, only=only
            )
    started = time.perf_counter()
    with library.writing():
        account = Progress(library.history, progress)
        update = Update(library, account, tags, engine)
        account.begin({"paths": [shown(p) for p in paths], "prune": prune, "tags": list(tags), **asdict(selection)})
        embedded = library.embedded
        state: Literal["done", "interrupted"] = "interrupted"
        try:
            found = discover(paths, exclude=library.folder, selection=selection)
            update.run(list(found if only is None else _among(found, only)))
            if prune:
                update.prune([Path(os.path.abspath(path.expanduser())) for path in paths])
            state = "done"
        finally:
            account.report.embedded += library.embedded - embedded
            account.report.seconds = time.perf_counter() - started
            with contextlib.suppress(LibraryError) if state == "interrupted" else contextlib.nullcontext():
                account.end(state)
        account.tell("done", "")
    return account.report


def ingest_bytes(library: Library, name: str, data: bytes) -> DocumentRecord:
    """Keep `data` in the library's `uploads` folder under a safe form of `name`, ingest it and return its record.

    The record's state is `ready` or `failed`, with the reason in `error`. `name` is never used as a path.
    """
    with library.writing():
        path = store_upload(library.folder, name, data)
        ingest(library, [path])
        record = library.find_source(str(path))
    if record is None:
        raise LoadError(f"the upload '{path.name}' was removed while it was read; upload it again")
    return record


def _among(found: Iterator[FoundFile], only: Sequence[Path]) -> Iterator[FoundFile]:
    wanted = set(only)
    return (file for file in found if not wanted.isdisjoint((file.path, *file.path.parents)))
