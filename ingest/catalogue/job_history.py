"""What earlier runs of ingestion did, kept in the catalogue: the last thousand runs, file by file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ingest.catalogue.database import Database

_KEPT = 1000  # jobs

JobState = Literal["running", "done", "interrupted"]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One run. Times are ISO 8601 in UTC; `ended_at` is None while it runs, and for one that was killed.

    `counts` are files by outcome, `chunks` were written, `arguments` are what the run was asked to do.
    """

    job_id: int
    started_at: str
    ended_at: str | None
    state: JobState
    arguments: dict[str, Any]
    counts: dict[str, int]
    chunks: int
    seconds: float


@dataclass(frozen=True, slots=True)
class JobFile:
    """What became of one file in a run; files that were unchanged are only counted."""

    source: str
    outcome: str
    reason: str | None
    chunks: int


class JobHistory:
    """The history of one library. Only who holds the writer lock may call what writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, arguments: Mapping[str, Any]) -> int:
        """Note that a run starts and return its number. Runs that never ended were killed: nobody else can write."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE jobs SET state = 'interrupted' WHERE state = 'running'")
            cursor = connection.execute(
                "INSERT INTO jobs (started_at, state, arguments) VALUES (?, 'running', ?)",
                (_now(), json.dumps(arguments, ensure_ascii=True)),
            )
            job_id = int(cursor.lastrowid or 0)
            connection.execute("DELETE FROM jobs WHERE job_id <= ?", (job_id - _KEPT,))
        return job_id

    def add(self, job_id: int, files: Sequence[JobFile]) -> None:
        """Note what became of files."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO job_files VALUES (?, ?, ?, ?, ?)",
                ((job_id, f.source, f.outcome, f.reason, f.chunks) for f in files),
            )

    def end(self, job_id: int, state: JobState, counts: Mapping[str, int], chunks: int, seconds: float) -> None:
        """Note that a run is over."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET ended_at = ?, state = ?, counts = ?, chunks = ?, seconds = ? WHERE job_id = ?",
                (_now(), state, json.dumps({k: n for k, n in counts.items() if n}), chunks, round(seconds, 3), job_id),
            )

    def jobs(self, limit: int = 20) -> list[JobRecord]:
        """Return the latest runs, the last one first."""
        rows = self._database.rows(
            "SELECT job_id, started_at, ended_at, state, arguments, counts, chunks, seconds FROM jobs "
            "ORDER BY job_id DESC LIMIT ?",
            limit,
        )
        return [_job(row) for row in rows]

    def job(self, job_id: int) -> JobRecord | None:
        """Return one run, or None."""
        rows = self._database.rows(
            "SELECT job_id, started_at, ended_at, state, arguments, counts, chunks, seconds FROM jobs WHERE job_id = ?",
            job_id,
        )
        return _job(rows[0]) if rows else None

    def files(self, job_id: int) -> list[JobFile]:
        """Return what became of the files of one run, in the order of the work."""
        rows = self._database.rows(
            "SELECT source, outcome, reason, chunks FROM job_files WHERE job_id = ? ORDER BY rowid", job_id
        )
        return [JobFile(*row) for row in rows]  # type: ignore[arg-type]


def _job(row: tuple[object, ...]) -> JobRecord:
    job_id, started_at, ended_at, state, arguments, counts, chunks, seconds = row
    return JobRecord(
        job_id, started_at, ended_at, state, json.loads(str(arguments)), json.loads(str(counts)), chunks, seconds  # type: ignore[arg-type]
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
