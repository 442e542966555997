"""One run of ingestion: new and changed files in, vanished ones out, bad ones named, the rest untouched.

Files are compared and parsed in threads and processes of their own, several at a time, while this thread embeds and
writes: small documents together, so that the embedding model gets full batches. What has been written is complete
document by document, so a run may end anywhere.
"""

import contextlib
import os
import time
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path, PurePath
from typing import Any, Literal

from ingest.changes import (
    Change,
    change_of,
    is_gone,
    is_storable,
    lacks_ocr,
    lost_path,
    modified_at,
    same_content,
    shown,
    vanished,
)
from ingest.discovery import FoundFile, discover
from ingest.documents import DocumentRecord, Incoming
from ingest.engines import Engine, Worker
from ingest.engines.local import LocalEngine
from ingest.errors import DocumentNotFound, LibraryError
from ingest.ignore_rules import Selection
from ingest.job_history import JobFile
from ingest.library import Library
from ingest.loaders import LoadError
from ingest.parser import ParsedEnd, ParsedPart
from ingest.parser_pool import ParserPool
from ingest.uploads import store_upload

__all__ = ["IngestEvent", "IngestReport", "Outcome", "ingest", "ingest_bytes"]

_BATCH_CHUNKS = 256  # a batch that has so many is committed
_BATCH_DOCUMENTS = 64
_BATCH_CHARACTERS = 4_000_000

Ending = Literal["added", "replaced", "moved", "copied", "unchanged", "failed", "skipped", "removed"]
EventKind = Literal["found", "embedding", Ending, "done"]


@dataclass(frozen=True, slots=True)
class IngestEvent:
    """Progress: `done` of `total` files are dealt with, `chunks` were written so far in this run.

    `found` comes first and `done` last, both without a source; `embedding` comes several times for a large file; the
    other kinds end one file, or one document in an archive. `reason` is set for `failed` and `skipped`.
    """

    kind: EventKind
    source: str
    done: int
    total: int
    chunks: int
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the event for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source.

    `reason` says why it failed or was skipped, or what a good file lacks; `previous` is the path that a moved one had;
    `is_unread` says that its bytes could not be had now, so that it may be better later.
    """

    source: str
    reason: str | None = None
    document_id: str | None = None
    chunks: int = 0
    previous: str | None = None
    is_unread: bool = False


@dataclass(slots=True)
class IngestReport:
    """What a run did, source by source."""

    added: list[Outcome] = field(default_factory=list)
    replaced: list[Outcome] = field(default_factory=list)
    moved: list[Outcome] = field(default_factory=list)  # the same content, and the old path is gone
    copied: list[Outcome] = field(default_factory=list)  # the same content, which is stored once with all its paths
    unchanged: list[Outcome] = field(default_factory=list)
    removed: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)
    chunks: int = 0  # written by this run
    embedded: int = 0  # of these; the vectors of the others were at hand
    seconds: float = 0.0

    @property
    def exit_status(self) -> int:
        """0, or 1 if any file failed."""
        return 1 if self.failed else 0

    def outcomes(self, kind: Ending) -> list[Outcome]:
        """Return the sources that ended so."""
        found: list[Outcome] = getattr(self, kind)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {**asdict(self), "exit_status": self.exit_status}


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
        job = _Job(library, progress, tags, engine)
        job.begin({"paths": [shown(p) for p in paths], "prune": prune, "tags": list(tags), **asdict(selection)})
        embedded = library.embedded
        state: Literal["done", "interrupted"] = "interrupted"
        try:
            found = discover(paths, exclude=library.folder, selection=selection)
            job.run(list(found if only is None else _among(found, only)))
            if prune:
                job.prune([Path(os.path.abspath(path.expanduser())) for path in paths])
            state = "done"
        finally:
            job.report.embedded += library.embedded - embedded
            job.report.seconds = time.perf_counter() - started
            with contextlib.suppress(LibraryError) if state == "interrupted" else contextlib.nullcontext():
                job.end(state)
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


@dataclass(frozen=True, slots=True)
class _Step:
    """What a thread found out about a file: how it changed, and then, where it was parsed, each document in it."""

    change: Change
    reply: ParsedPart | ParsedEnd | None = None


@dataclass(slots=True)
class _Open:
    """A file of which documents are coming. `before` are the sources inside it that were there, with their hashes."""

    before: dict[str, str]
    seen: set[str] = field(default_factory=set)
    is_ended: bool = False


class _Job:
    """The state of one run."""

    def __init__(
        self,
        library: Library,
        progress: Callable[[IngestEvent], None] | None,
        tags: Sequence[str],
        engine: Engine,
    ) -> None:
        self.report = IngestReport()
        self._library = library
        self._progress = progress
        self._tags = tuple(tags)
        self._engine = engine
        self._done = 0
        self._total = 0
        self._found: set[str] = set()
        self._batch: list[Incoming] = []
        self._open: dict[Path, _Open] = {}
        self._job_id = 0
        self._unsaved: list[JobFile] = []

    # Beginning and end

    def begin(self, arguments: dict[str, Any]) -> None:
        self._job_id = self._library.history.begin(arguments)

    def end(self, state: Literal["done", "interrupted"]) -> None:
        self._save_outcomes()
        counts: dict[str, int] = {kind: len(self.report.outcomes(kind)) for kind in _ENDINGS}
        history = self._library.history
        history.end(self._job_id, state, counts, self.report.chunks, self.report.seconds)

    def run(self, files: Sequence[FoundFile]) -> None:
        self._total = len(files)
        self._found = {str(file.path) for file in files if not file.problem}
        self.tell("found", "")
        candidates = [file.path for file in files if self._is_candidate(file)]
        with ParserPool(self._engine.workers(self._library), self._examine, _weight) as self._pool:
            for step in self._pool.results(candidates):
                if step is not None:
                    self._take(step)
                if self._batch and (step is None or self._is_full()):
                    self._commit()
            self._commit()

    def prune(self, roots: Sequence[Path]) -> None:
        """Remove the paths whose file was gone when the run began.

        One that went meanwhile may have been moved to where only the next run looks.
        """
        for source in list(vanished(self._library, roots)):
            if (source.container or source.source) in self._found and is_gone(source):
                continue
            self._library.unlink(source.source)
            self._end_one("removed", Outcome(source.source, document_id=source.document_id), counts=False)

    def tell(self, kind: EventKind, source: str, reason: str | None = None, chunks: int = 0) -> None:
        if self._progress is not None:
            written = self.report.chunks + chunks
            self._progress(IngestEvent(kind, source, self._done, self._total, written, reason))

    # In a worker's thread

    def _examine(self, path: Path, worker: Worker) -> Iterator[_Step]:
        change = change_of(self._library, path, self._engine.limits.max_bytes, worker.hash_file)
        yield _Step(change)
        if change.kind in {"added", "replaced"}:
            yield from self._parse(change, worker)

    def _parse(self, change: Change, worker: Worker) -> Iterator[_Step]:
        source = str(change.path)
        inside = self._library.members(source)
        known = {name.removeprefix(f"{source}/"): sha for name, sha, state in inside if state == "ready"}
        document = change.document
        if document is not None and document.state == "ready":
            known[""] = document.sha256
        for name in change.outdated:
            known.pop(name.removeprefix(source).removeprefix("/"), None)
        for reply in worker.parse(change.path, known):
            yield _Step(change, reply)

    # In the caller's thread

    def _is_candidate(self, file: FoundFile) -> bool:
        if not is_storable(file.path):
            self._end_one("failed", Outcome(shown(file.path), "its name is not valid UTF-8; rename it"))
        elif file.problem and not file.is_named:
            self._end_one("skipped", Outcome(str(file.path), file.problem))
        elif file.problem:
            self._fail(file.path, None, file.problem)
        else:
            return True
        return False

    def _take(self, step: _Step) -> None:
        change, reply = step.change, step.reply
        if isinstance(reply, ParsedPart):
            self._take_part(change, reply)
        elif isinstance(reply, ParsedEnd):
            self._take_end(change, reply)
        elif change.kind == "failed":
            self._fail(change.path, change.sha256, change.reason or "", change.size)
        elif change.kind == "unchanged" and change.document is not None:
            self._unchanged(str(change.path), change.document)
        elif change.kind in {"moved", "copied"} and change.document is not None:
            try:
                self._link(str(change.path), change.document.document_id)
            except DocumentNotFound:  # this very run has replaced it
                for again in self._pool.here(change.path):
                    self._take(again)
        else:
            inside = self._library.members(str(change.path))
            self._open[change.path] = _Open({source: sha256 for source, sha256, _ in inside})

    def _take_part(self, change: Change, part: ParsedPart) -> None:
        path = change.path
        opened = self._open[path]
        source = f"{path}/{part.name}" if part.name else str(path)
        container = str(path) if part.name else None
        opened.seen.add(source)
        opened.is_ended = opened.is_ended or not part.name
        if part.is_known:
            if not part.name and change.document is not None:
                self._unchanged(source, change.document)
        elif part.is_unsupported and part.name:
            opened.seen.discard(source)
            self._end_one("skipped", Outcome(source, part.reason), counts=False)
        elif part.document is None:
            if not part.name:
                self._void(path)
            # What was to be read better goes on answering as it was read before.
            sha256 = None if source in change.outdated else part.sha256
            self._fail(Path(source), sha256, part.reason or "", part.size, container)
        else:
            incoming = Incoming(
                source, part.document, part.sha256, part.size, container, self._tags, chunks=part.chunks,
                vectors=part.vectors,
                modified_at=modified_at(path), reading=uuid.uuid4().hex if source in change.outdated else "",
            )  # fmt: skip
            self._add(incoming)

    def _add(self, incoming: Incoming) -> None:
        """Link a document to one of the same content, or put it into the batch."""
        if any(_is_same(incoming, other) for other in self._batch):
            self._commit()
        same = same_content(self._library, incoming.source, incoming.sha256)
        if incoming.reading and lacks_ocr(same):
            same = None  # the other path will lead to this one
        # A copied archive has documents of its own inside, and so a record of its own; a moved one keeps it.
        if same is not None and (incoming.chunks or lost_path(self._library, same.document_id)):
            self._link(incoming.source, same.document_id, incoming.container)
        else:
            self._batch.append(incoming)

    def _take_end(self, change: Change, end: ParsedEnd) -> None:
        opened = self._open.pop(change.path)
        if opened.is_ended and end.reason is None:
            self._commit_if(change.path)
            self._note_modified(change.path)
            for source in set(opened.before) - opened.seen:
                self._library.unlink(source)
                self._end_one("removed", Outcome(source), counts=False)
        elif not opened.is_ended:
            if not end.is_unread:
                self._void(change.path)
            # What could not be read is not known to be bad; what ended its parser is.
            sha256 = None if end.is_unread or str(change.path) in change.outdated else change.sha256
            self._fail(change.path, sha256, end.reason or "nothing was found in the file", change.size)

    def _void(self, path: Path) -> None:
        """Take back what was found in a file that fails as a whole."""
        self._commit_if(path)
        for source, _, _ in self._library.members(str(path)):
            self._library.unlink(source)

    def _commit_if(self, container: Path) -> None:
        if any(one.container == str(container) for one in self._batch):
            self._commit()

    def _is_full(self) -> bool:
        return (
            len(self._batch) >= _BATCH_DOCUMENTS
            or sum(len(one.chunks or ()) for one in self._batch) >= _BATCH_CHUNKS
            or sum(len(one.document.text) for one in self._batch) >= _BATCH_CHARACTERS
        )

    def _commit(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        earlier = [self._library.find_source(one.source) for one in batch]
        ends = list(accumulate(len(one.chunks or ()) for one in batch))

        def embedded(done: int, _: int) -> None:
            # An edited document may get a few chunks more or less than were counted.
            current = min(bisect_left(ends, done), len(batch) - 1)
            self.tell("embedding", batch[current].source, chunks=done)

        records = self._library.commit_many(batch, progress=embedded)
        self.report.embedded += sum(len(one.vectors) for one in batch if one.vectors is not None)
        self.report.chunks += sum(record.chunks for record in records)
        for one, before, record in zip(batch, earlier, records, strict=True):
            kind: Ending = "replaced" if before is not None and before.state == "ready" else "added"
            outcome = Outcome(one.source, record.error, record.document_id, record.chunks)
            self._end_one(kind, outcome, counts=one.container is None)
        self._save_outcomes()

    def _link(self, source: str, document_id: str, container: str | None = None) -> None:
        lost = lost_path(self._library, document_id)
        changed = modified_at(Path(container or source))
        record = self._library.link(source, document_id, container, self._tags, changed, in_place_of=lost)
        outcome = Outcome(source, record.error, record.document_id, record.chunks, lost)
        self._end_one("moved" if lost else "copied", outcome, counts=container is None)

    def _unchanged(self, source: str, record: DocumentRecord) -> None:
        if self._tags:
            self._library.tag(source, self._tags)
        self._note_modified(Path(source))
        self._end_one("unchanged", Outcome(source, record.error, record.document_id, record.chunks))

    def _note_modified(self, path: Path) -> None:
        """Note when a file was changed last, for it and for what is in it."""
        changed = modified_at(path)
        if changed is not None:
            self._library.note_modified(str(path), changed)

    def _fail(
        self, path: Path, sha256: str | None, reason: str, size: int = 0, container: str | None = None
    ) -> None:
        source = str(path)
        document_id = None
        # A path that never was a file (a typing error) is reported, not recorded.
        if container is not None or path.exists() or self._library.find_source(source) is not None:
            record = self._library.fail(source, sha256, size, reason, container=container, tags=self._tags)
            document_id = record.document_id
        is_unread = sha256 is None and container is None and document_id is not None
        self._end_one("failed", Outcome(source, reason, document_id, is_unread=is_unread), counts=container is None)

    def _end_one(self, kind: Ending, outcome: Outcome, *, counts: bool = True) -> None:
        """Note what became of a file; `counts` is false for what is not among the files found."""
        self.report.outcomes(kind).append(outcome)
        self._done += counts
        if kind != "unchanged":
            self._unsaved.append(JobFile(outcome.source, kind, outcome.reason, outcome.chunks))
        self.tell(kind, outcome.source, outcome.reason if kind in {"failed", "skipped"} else None)

    def _save_outcomes(self) -> None:
        unsaved, self._unsaved = self._unsaved, []
        if unsaved:
            self._library.history.add(self._job_id, unsaved)


_ENDINGS: tuple[Ending, ...] = (
    "added", "replaced", "moved", "copied", "unchanged", "removed", "failed", "skipped",
)  # fmt: skip


def _weight(step: _Step) -> int:
    if not isinstance(step.reply, ParsedPart) or step.reply.document is None:
        return 0
    vectors = step.reply.vectors
    return len(step.reply.document.text) + (0 if vectors is None else vectors.size)


def _is_same(one: Incoming, other: Incoming) -> bool:
    kinds = {PurePath(one.source).suffix.lower(), PurePath(other.source).suffix.lower()}
    return one.sha256 == other.sha256 and len(kinds) == 1


def _among(found: Iterator[FoundFile], only: Sequence[Path]) -> Iterator[FoundFile]:
    wanted = set(only)
    return (file for file in found if not wanted.isdisjoint((file.path, *file.path.parents)))
