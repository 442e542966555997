"""`rag jobs`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings


@click.command("jobs")
@click.argument("job_id", type=int, required=False, metavar="[NUMBER]")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of runs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def jobs_command(job_id: int | None, limit: int, as_json: bool, settings: Settings) -> None:
    """Show the latest runs of ingestion, or what one run did with each file.

    Files that were unchanged are only counted. A run that was killed is shown as running until the next one starts.
    """
    from rag_app.collection import open_library

    with open_library(settings, create=False) as library:
        if job_id is None:
            jobs = library.history.jobs(limit)
            files = []
        else:
            job = library.history.job(job_id)
            if job is None:
                fail(f"there is no run {job_id} in collection {settings.collection!r} (see `rag jobs`)", 1)
            jobs = [job]
            files = library.history.files(job_id)
    if as_json:
        listed = [asdict(job) for job in jobs]
        found = listed if job_id is None else {**listed[0], "files": [asdict(f) for f in files]}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    from rag_app.cli.showing import plain, plain_reason

    for job in jobs:
        counts = ", ".join(f"{n} {kind}" for kind, n in job.counts.items()) or "nothing"
        paths = plain(" ".join(map(str, job.arguments.get("paths", []))))
        click.echo(f"{job.job_id:5}  {job.started_at}  {job.state:11} {job.seconds:8.1f} s  {counts}  {paths}")
    for file in files:
        note = f": {plain_reason(file.reason)}" if file.reason else ""
        click.echo(f"       {file.outcome:9} {file.chunks:6} passages  {plain(file.source)}{note}")
