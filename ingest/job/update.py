"""What was found out about files is carried out in the library, in the caller's thread, file by file."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.documents import DocumentRecord, Incoming
from ingest.engines import Engine, Worker
from ingest.engines.pool import ParserPool
from ingest.errors import DocumentNotFound
from ingest.job.batch import Batch
from ingest.job.changes import (
    Change,
    is_gone,
    is_storable,
    lacks_ocr,
    lost_path,
    modified_at,
    same_content,
    shown,
    vanished,
)
from ingest.job.ending import Ending
from ingest.job.progress import Progress
from ingest.job.reading import Step, read_file, weight_of
from ingest.job.report import Outcome
from ingest.library import Library
from ingest.parser import ParsedEnd, ParsedPart
from ingest.sources.discovery import FoundFile


@dataclass(slots=True)
class _Open:
    """A file of which documents are coming. `before` are the sources inside it that were there, with their hashes."""

    before: dict[str, str]
    seen: set[str] = field(default_factory=set)
    is_ended: bool = False


class Update:
    """One update of a library; the caller holds its writer lock."""

    def __init__(self, library: Library, progress: Progress, tags: Sequence[str], engine: Engine) -> None:
        self._library = library
        self._progress = progress
        self._tags = tuple(tags)
        self._engine = engine
        self._found: set[str] = set()
        self._batch = Batch(library, progress)
        self._open: dict[Path, _Open] = {}

    def run(self, files: Sequence[FoundFile]) -> None:
        """Bring the library up to date with these files."""
        self._progress.found(len(files))
        self._found = {str(file.path) for file in files if not file.problem}
        candidates = [file.path for file in files if self._is_candidate(file)]
        with ParserPool(self._engine.workers(self._library), self._read, weight_of) as self._pool:
            for step in self._pool.results(candidates):
                if step is not None:
                    self._take(step)
                if self._batch and (step is None or self._batch.is_full):
                    self._batch.commit()
            self._batch.commit()

    def prune(self, roots: Sequence[Path]) -> None:
        """Remove the paths whose file was gone when the run began.

        One that went meanwhile may have been moved to where only the next run looks.
        """
        for source in list(vanished(self._library, roots)):
            if (source.container or source.source) in self._found and is_gone(source):
                continue
            self._library.unlink(source.source)
            self._progress.end_one(Ending.REMOVED, Outcome(source.source, document_id=source.document_id), counts=False)

    def _read(self, path: Path, worker: Worker) -> Iterator[Step]:
        return read_file(self._library, path, worker, self._engine.limits.max_bytes)

    def _is_candidate(self, file: FoundFile) -> bool:
        if not is_storable(file.path):
            self._progress.end_one(Ending.FAILED, Outcome(shown(file.path), "its name is not valid UTF-8; rename it"))
        elif file.problem and not file.is_named:
            self._progress.end_one(Ending.SKIPPED, Outcome(str(file.path), file.problem))
        elif file.problem:
            self._fail(file.path, None, file.problem)
        else:
            return True
        return False

    def _take(self, step: Step) -> None:
        change, reply = step.change, step.reply
        if isinstance(reply, ParsedPart):
            self._take_part(change, reply)
        elif isinstance(reply, ParsedEnd):
            self._take_end(change, reply)
        elif change.kind is Ending.FAILED:
            self._fail(change.path, change.sha256, change.reason or "", change.size)
        elif change.kind is Ending.UNCHANGED and change.document is not None:
            self._unchanged(str(change.path), change.document)
        elif change.kind in {Ending.MOVED, Ending.COPIED} and change.document is not None:
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
            self._progress.end_one(Ending.SKIPPED, Outcome(source, part.reason), counts=False)
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
        self._batch.commit_same(incoming)
        same = same_content(self._library, incoming.source, incoming.sha256)
        if incoming.reading and lacks_ocr(same):
            same = None  # the other path will lead to this one
        # A copied archive has documents of its own inside, and so a record of its own; a moved one keeps it.
        if same is not None and (incoming.chunks or lost_path(self._library, same.document_id)):
            self._link(incoming.source, same.document_id, incoming.container)
        else:
            self._batch.add(incoming)

    def _take_end(self, change: Change, end: ParsedEnd) -> None:
        opened = self._open.pop(change.path)
        if opened.is_ended and end.reason is None:
            self._batch.commit_of(change.path)
            self._note_modified(change.path)
            for source in set(opened.before) - opened.seen:
                self._library.unlink(source)
                self._progress.end_one(Ending.REMOVED, Outcome(source), counts=False)
        elif not opened.is_ended:
            if not end.is_unread:
                self._void(change.path)
            # What could not be read is not known to be bad; what ended its parser is.
            sha256 = None if end.is_unread or str(change.path) in change.outdated else change.sha256
            self._fail(change.path, sha256, end.reason or "nothing was found in the file", change.size)

    def _void(self, path: Path) -> None:
        """Take back what was found in a file that fails as a whole."""
        self._batch.commit_of(path)
        for source, _, _ in self._library.members(str(path)):
            self._library.unlink(source)

    def _link(self, source: str, document_id: str, container: str | None = None) -> None:
        lost = lost_path(self._library, document_id)
        changed = modified_at(Path(container or source))
        record = self._library.link(source, document_id, container, self._tags, changed, in_place_of=lost)
        outcome = Outcome(source, record.error, record.document_id, record.chunks, lost)
        self._progress.end_one(Ending.MOVED if lost else Ending.COPIED, outcome, counts=container is None)

    def _unchanged(self, source: str, record: DocumentRecord) -> None:
        if self._tags:
            self._library.tag(source, self._tags)
        self._note_modified(Path(source))
        self._progress.end_one(Ending.UNCHANGED, Outcome(source, record.error, record.document_id, record.chunks))

    def _note_modified(self, path: Path) -> None:
        """Note when a file was changed last, for it and for what is in it."""
        changed = modified_at(path)
        if changed is not None:
            self._library.note_modified(str(path), changed)

    def _fail(self, path: Path, sha256: str | None, reason: str, size: int = 0, container: str | None = None) -> None:
        source = str(path)
        document_id = None
        # A path that never was a file (a typing error) is reported, not recorded.
        if container is not None or path.exists() or self._library.find_source(source) is not None:
            record = self._library.fail(source, sha256, size, reason, container=container, tags=self._tags)
            document_id = record.document_id
        is_unread = sha256 is None and container is None and document_id is not None
        outcome = Outcome(source, reason, document_id, is_unread=is_unread)
        self._progress.end_one(Ending.FAILED, outcome, counts=container is None)
