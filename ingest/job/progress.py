"""The account of one run: each event is told at once, each ending goes into the report and the history."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ingest.catalogue.job_history import JobFile, JobHistory
from ingest.job.ending import Ending
from ingest.job.report import EventKind, IngestEvent, IngestReport, Outcome


class Progress:
    """Counts, tells and records; the caller holds the library's writer lock."""

    def __init__(self, history: JobHistory, listener: Callable[[IngestEvent], None] | None) -> None:
        self.report = IngestReport()
        self._history = history
        self._listener = listener
        self._done = 0
        self._total = 0
        self._job_id = 0
        self._unsaved: list[JobFile] = []

    def begin(self, arguments: Mapping[str, Any]) -> None:
        """Note in the history that a run starts."""
        self._job_id = self._history.begin(arguments)

    def found(self, total: int) -> None:
        """Tell how many files there are."""
        self._total = total
        self.tell("found", "")

    def tell(self, kind: EventKind, source: str, reason: str | None = None, chunks: int = 0) -> None:
        """Tell of an event; `chunks` are written, but not yet in the report."""
        if self._listener is not None:
            written = self.report.chunks + chunks
            self._listener(IngestEvent(kind, source, self._done, self._total, written, reason))

    def end_one(self, kind: Ending, outcome: Outcome, *, counts: bool = True) -> None:
        """Note what became of a file; `counts` is false for what is not among the files found."""
        self.report.outcomes(kind).append(outcome)
        self._done += counts
        if kind is not Ending.UNCHANGED:
            self._unsaved.append(JobFile(outcome.source, kind, outcome.reason, outcome.chunks))
        self.tell(kind, outcome.source, outcome.reason if kind in {Ending.FAILED, Ending.SKIPPED} else None)

    def save(self) -> None:
        """Write to the history what became of files since the last time."""
        unsaved, self._unsaved = self._unsaved, []
        if unsaved:
            self._history.add(self._job_id, unsaved)

    def end(self, state: Literal["done", "interrupted"]) -> None:
        """Note in the history that the run is over."""
        self.save()
        counts: dict[str, int] = {kind: len(self.report.outcomes(kind)) for kind in Ending}
        self._history.end(self._job_id, state, counts, self.report.chunks, self.report.seconds)
