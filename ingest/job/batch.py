"""Documents that wait to be committed together, so that the embedding model gets full batches."""

from bisect import bisect_left
from itertools import accumulate
from pathlib import Path, PurePath

from ingest.documents import Incoming
from ingest.job.ending import Ending
from ingest.job.progress import Progress
from ingest.job.report import Outcome
from ingest.library import Library

_CHUNKS = 256  # a batch that has so many is committed
_DOCUMENTS = 64
_CHARACTERS = 4_000_000


class Batch:
    """A bounded number of documents on their way into a library."""

    def __init__(self, library: Library, progress: Progress) -> None:
        self._library = library
        self._progress = progress
        self._waiting: list[Incoming] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, incoming: Incoming) -> None:
        """Let a document wait."""
        self._waiting.append(incoming)

    def commit_same(self, incoming: Incoming) -> None:
        """Commit, if a document of the same content and type of file waits."""
        if any(_is_same(incoming, other) for other in self._waiting):
            self.commit()

    def commit_of(self, container: Path) -> None:
        """Commit, if a document waits that lies in this file."""
        if any(one.container == str(container) for one in self._waiting):
            self.commit()

    @property
    def is_full(self) -> bool:
        """Whether it is to be committed before more is added."""
        return (
            len(self._waiting) >= _DOCUMENTS
            or sum(len(one.chunks or ()) for one in self._waiting) >= _CHUNKS
            or sum(len(one.document.text) for one in self._waiting) >= _CHARACTERS
        )

    def commit(self) -> None:
        """Commit what waits, if anything does."""
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        earlier = [self._library.find_source(one.source) for one in batch]
        ends = list(accumulate(len(one.chunks or ()) for one in batch))

        def embedded(done: int, _: int) -> None:
            # An edited document may get a few chunks more or less than were counted.
            current = min(bisect_left(ends, done), len(batch) - 1)
            self._progress.tell("embedding", batch[current].source, chunks=done)

        records = self._library.commit_many(batch, progress=embedded)
        report = self._progress.report
        report.embedded += sum(len(one.vectors) for one in batch if one.vectors is not None)
        report.chunks += sum(record.chunks for record in records)
        for one, before, record in zip(batch, earlier, records, strict=True):
            kind = Ending.REPLACED if before is not None and before.state == "ready" else Ending.ADDED
            outcome = Outcome(one.source, record.error, record.document_id, record.chunks)
            self._progress.end_one(kind, outcome, counts=one.container is None)
        self._progress.save()


def _is_same(one: Incoming, other: Incoming) -> bool:
    kinds = {PurePath(one.source).suffix.lower(), PurePath(other.source).suffix.lower()}
    return one.sha256 == other.sha256 and len(kinds) == 1
