"""What a run of ingestion tells while it works, and what it did."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ingest.job.ending import Ending

EventKind = Ending | Literal["found", "embedding", "done"]


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
    moved: list[Outcome] = field(default_factory=list)
    copied: list[Outcome] = field(default_factory=list)
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
