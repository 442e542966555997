"""`rag ingest`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from rag_app.cli.options import settings_options
from rag_app.settings import Settings


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--prune", is_flag=True, help="Remove documents under PATHS whose file is gone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@settings_options
def ingest_command(paths: tuple[Path, ...], prune: bool, as_json: bool, quiet: bool, settings: Settings) -> None:
    """Read files and folders into the library.

    Only new and changed files are read again. A file that cannot be read is recorded with its reason and the rest goes
    on; the exit status is then 1. Ctrl-C ends cleanly, and the same command resumes.
    """
    from tqdm import tqdm

    from ingest.job import IngestEvent, ingest
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    with open_library(settings) as library, tqdm(unit="file", disable=quiet, file=sys.stderr) as bar:

        def show(event: IngestEvent) -> None:
            bar.total = event.total
            bar.n = event.done
            bar.set_postfix_str(f"{event.chunks} passages  {plain(Path(event.source).name)}", refresh=True)

        try:
            report = ingest(library, paths, prune=prune, progress=show)
        except KeyboardInterrupt:
            click.echo("\ninterrupted: finished files are kept; run the same command to go on", err=True)
            sys.exit(130)
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    else:
        for outcome in (*report.failed, *report.skipped):
            word = "failed " if outcome in report.failed else "skipped"
            click.echo(f"{word} {plain(outcome.source)}: {plain(outcome.reason or '')}", err=True)
        click.echo(
            f"{len(report.added)} added, {len(report.replaced)} replaced, {len(report.unchanged)} unchanged, "
            f"{len(report.removed)} removed, {len(report.failed)} failed, {len(report.skipped)} skipped; "
            f"{report.chunks} passages in {report.seconds:.1f} s"
        )
    sys.exit(report.exit_status)
