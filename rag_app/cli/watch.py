"""`rag watch`."""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from rag_app.cli import fail
from rag_app.cli.ingest import default_jobs, ending_cleanly, show_report
from rag_app.cli.options import settings_options
from rag_app.settings import Settings


@click.command("watch")
@click.argument(
    "folders", nargs=-1, required=True, metavar="FOLDER...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)  # fmt: skip
@click.option("--include", multiple=True, metavar="PATTERN", help="Only what matches (as .gitignore).")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Not what matches; see .ragignore.")
@click.option("--tag", "tags", multiple=True, help="Mark the documents; `rag list --tag` finds them.")
@click.option("--quiet-seconds", type=click.FloatRange(0.1, 60), default=0.5, show_default=True,
              help="A run starts when nothing changed for so long.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), help="Files parsed at a time [half of the cores, at most 4].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a run on stdout.")
@settings_options
def watch_command(
    folders: tuple[Path, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    tags: tuple[str, ...],
    quiet_seconds: float,
    jobs: int | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Keep the library up to date with FOLDERs until Ctrl-C: what is created, changed, moved or deleted is reflected.

    Documents whose file is deleted are removed. Other commands may write in between; the watcher waits for them.
    """
    import json

    from ingest.engines.local import LocalEngine
    from ingest.errors import LibraryLocked
    from ingest.job.watch import WatchSettings, watch
    from ingest.sources.ignore_rules import PatternError, Selection
    from rag_app.collection import open_library

    try:
        with (
            ending_cleanly(),
            open_library(settings) as library,
            closing(LocalEngine(jobs or default_jobs())) as engine,
        ):
            library.embedder.embed_query("ready")  # loads the model now, not when the first file comes
            click.echo(f"watching {', '.join(map(str, folders))}; Ctrl-C ends", err=True)
            runs = watch(
                library, folders, threading.Event(), settings=WatchSettings(quiet=quiet_seconds),
                selection=Selection(include, exclude), tags=tags, engine=engine,
            )  # fmt: skip
            for run in runs:
                if isinstance(run, LibraryLocked):
                    click.echo(f"waiting: {run}", err=True)
                elif as_json:
                    click.echo(json.dumps(run.to_dict(), ensure_ascii=False))
                else:
                    click.echo(datetime.now().astimezone().strftime("%H:%M:%S "), nl=False)
                    show_report(run)
                sys.stdout.flush()
    except PatternError as error:
        fail(str(error))
    except KeyboardInterrupt:
        click.echo("ended; what was finished is kept", err=True)
