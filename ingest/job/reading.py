"""What is found out about a file in a worker's thread: how it changed, and the documents in it. Nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.engines import Worker
from ingest.job.changes import Change, change_of
from ingest.job.ending import PARSED
from ingest.library import Library
from ingest.parser import ParsedEnd, ParsedPart


@dataclass(frozen=True, slots=True)
class Step:
    """What a thread found out about a file: how it changed, and then, where it was parsed, each document in it."""

    change: Change
    reply: ParsedPart | ParsedEnd | None = None


def read_file(library: Library, path: Path, worker: Worker, max_bytes: int) -> Iterator[Step]:
    """Compare a file with what the library knows, and parse it where it is new or another; may run in any thread."""
    change = change_of(library, path, max_bytes, worker.hash_file)
    yield Step(change)
    if change.kind in PARSED:
        yield from _parse(library, change, worker)


def _parse(library: Library, change: Change, worker: Worker) -> Iterator[Step]:
    source = str(change.path)
    inside = library.members(source)
    known = {name.removeprefix(f"{source}/"): sha for name, sha, state in inside if state == "ready"}
    document = change.document
    if document is not None and document.state == "ready":
        known[""] = document.sha256
    for name in change.outdated:
        known.pop(name.removeprefix(source).removeprefix("/"), None)
    for reply in worker.parse(change.path, known):
        yield Step(change, reply)


def weight_of(step: Step) -> int:
    """Return how many characters and numbers a step keeps in memory."""
    if not isinstance(step.reply, ParsedPart) or step.reply.document is None:
        return 0
    vectors = step.reply.vectors
    return len(step.reply.document.text) + (0 if vectors is None else vectors.size)
