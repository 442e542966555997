"""One run of ingestion: new and changed files in, vanished ones out, bad ones named, the rest untouched."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ingest.content_hash import sha256_of
from ingest.discovery import FoundFile, discover
from ingest.documents import DocumentRecord, LoadedDocument
from ingest.library import Library
from ingest.loaders import LoadError, load
from ingest.uploads import store_upload

__all__ = ["IngestEvent", "IngestReport", "Outcome", "ingest", "ingest_bytes"]

MOST_BYTES = 200 * 1024 * 1024  # of one file

EventKind = Literal["found", "embedding", "added", "replaced", "unchanged", "failed", "skipped", "removed", "done"]


@dataclass(frozen=True, slots=True)
class IngestEvent:
    """Progress: `done` of `total` files are dealt with, `chunks` were written so far in this run.

    `found` comes first and `done` last, both without a source; `embedding` comes several times for a large file; the
    other kinds end one file. `reason` is set for `failed` and `skipped`.
    """

    kind: EventKind
    source: str
    done: int
    total: int
    chunks: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source. `reason` says why it failed or was skipped, or what a good file lacks."""

    source: str
    reason: str | None = None
    document_id: str | None = None
    chunks: int = 0


@dataclass(slots=True)
class IngestReport:
    """What a run did, source by source."""

    added: list[Outcome] = field(default_factory=list)
    replaced: list[Outcome] = field(default_factory=list)
    unchanged: list[Outcome] = field(default_factory=list)
    removed: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)
    chunks: int = 0  # written by this run
    seconds: float = 0.0

    @property
    def exit_status(self) -> int:
        """0, or 1 if any file failed."""
        return 1 if self.failed else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {**asdict(self), "exit_status": self.exit_status}


def ingest(
    library: Library,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    progress: Callable[[IngestEvent], None] | None = None,
    max_bytes: int = MOST_BYTES,
) -> IngestReport:
    """Bring the library up to date with the files at and below `paths`.

    A file that is unchanged since it was ingested costs one reading of its bytes; one that failed is tried again.
    With `prune`, documents are removed whose file lay below one of the given folders and no longer exists. A bad file
    is recorded with a reason and the rest goes on. An interrupted run leaves whole documents only, and the next run
    does the rest.

    Raises:
        LibraryLocked: when another writer keeps the library.
        EmbedderError: when the embedding model cannot be used: no file's fault, so no file is marked failed.
    """
    started = time.perf_counter()
    with library.writing():
        job = _Job(library, progress, max_bytes)
        job.run(list(discover(paths, exclude=library.folder)))
        if prune:
            job.prune([Path(os.path.abspath(path.expanduser())) for path in paths])
        job.report.seconds = time.perf_counter() - started
        job.tell("done", "")
    return job.report


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


class _Job:
    """The state of one run."""

    def __init__(self, library: Library, progress: Callable[[IngestEvent], None] | None, max_bytes: int) -> None:
        self.report = IngestReport()
        self._library = library
        self._progress = progress
        self._max_bytes = max_bytes
        self._done = 0
        self._total = 0

    def run(self, files: Sequence[FoundFile]) -> None:
        self._total = len(files)
        self.tell("found", "")
        for file in files:
            self._take(file)

    def tell(self, kind: EventKind, source: str, reason: str | None = None, chunks: int = 0) -> None:
        if self._progress is not None:
            written = self.report.chunks + chunks
            self._progress(IngestEvent(kind, source, self._done, self._total, written, reason))

    def prune(self, roots: Sequence[Path]) -> None:
        """Remove documents whose file is gone, but only below folders that are there: a drive may be away."""
        folders = [root for root in roots if root.is_dir()]
        for record in self._library.documents():
            path = Path(record.source)
            # A link that no longer leads anywhere has no file either.
            if any(path.is_relative_to(folder) for folder in folders) and not path.exists():
                self._library.remove(record.document_id)
                self._end("removed", Outcome(record.source, document_id=record.document_id))

    def _take(self, file: FoundFile) -> None:
        source = str(file.path)
        if not _is_storable(source):
            shown = os.fsencode(file.path).decode("utf-8", "backslashreplace")
            self._end("failed", Outcome(shown, "its name is not valid UTF-8; rename it"))
        elif file.problem and not file.is_named:
            self._end("skipped", Outcome(source, file.problem))
        elif file.problem:
            self._fail(file.path, None, file.problem)
        else:
            self._ingest(file.path)

    def _ingest(self, path: Path) -> None:
        source = str(path)
        try:
            size = path.stat().st_size
            if size > self._max_bytes:
                megabytes = self._max_bytes / (1 << 20)
                self._fail(path, None, f"it is larger than {megabytes:g} MB; split it", size)
                return
            sha256 = sha256_of(path)
        except OSError as error:
            self._fail(path, None, f"it cannot be read ({error.strerror or error})")
            return
        earlier = self._library.find_source(source)
        if earlier is not None and earlier.state == "ready" and earlier.sha256 == sha256:
            outcome = Outcome(source, earlier.error, earlier.document_id, earlier.chunks)
            self._end("unchanged", outcome)
            return
        loaded = _load_or_reason(path)
        if isinstance(loaded, str):
            self._fail(path, sha256, loaded, size)
            return
        self._commit(source, loaded, sha256, size, was_ready=earlier is not None and earlier.state == "ready")

    def _commit(self, source: str, document: LoadedDocument, sha256: str, size: int, *, was_ready: bool) -> None:
        record = self._library.commit(
            source,
            document,
            sha256,
            size,
            progress=lambda embedded, _: self.tell("embedding", source, chunks=embedded),
        )
        self.report.chunks += record.chunks
        outcome = Outcome(source, record.error, record.document_id, record.chunks)
        self._end("replaced" if was_ready else "added", outcome)

    def _fail(self, path: Path, sha256: str | None, reason: str, size: int = 0) -> None:
        source = str(path)
        document_id = None
        # A path that never was a file (a typing error) is reported, not recorded.
        if path.exists() or self._library.find_source(source) is not None:
            document_id = self._library.fail(source, sha256, size, reason).document_id
        self._end("failed", Outcome(source, reason, document_id))

    def _end(
        self,
        kind: Literal["added", "replaced", "unchanged", "failed", "skipped", "removed"],
        outcome: Outcome,
    ) -> None:
        outcomes: list[Outcome] = getattr(self.report, kind)
        outcomes.append(outcome)
        self._done += kind != "removed"  # those are not among the files found
        self.tell(kind, outcome.source, outcome.reason if kind in {"failed", "skipped"} else None)


def _is_storable(source: str) -> bool:
    """Whether a path can be stored and shown; bytes that are not UTF-8 arrive as lone surrogates."""
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return True


def _load_or_reason(path: Path) -> LoadedDocument | str:
    """Return the document, or why it cannot be loaded.

    This is the one place where any exception of a parser becomes a failed file: parsers meet bytes that nobody
    foresaw, and one bad file must not stop the rest.
    """
    try:
        return load(path)
    except LoadError as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    except Exception as error:  # noqa: BLE001 - see above
        with contextlib.suppress(RecursionError):
            return f"it could not be parsed ({type(error).__name__}: {error})"
        return f"it could not be parsed ({type(error).__name__})"
