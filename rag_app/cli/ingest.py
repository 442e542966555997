"""`rag ingest`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

if TYPE_CHECKING:
    from ingest.engines import Engine
    from ingest.job import IngestReport, Outcome
    from ingest.parser import ParserLimits
    from ingest.sources.ignore_rules import Selection

INTERRUPTED = 130


@click.command("ingest")
@click.argument("inputs", nargs=-1, required=True, metavar="PATH...")
@click.option("--prune", is_flag=True, help="Remove documents under PATHs whose file is gone.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Below folders, only what matches (as .gitignore).")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Below folders, not what matches; see .ragignore.")
@click.option("--tag", "tags", multiple=True, help="Mark the documents; `rag list --tag` finds them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be added, changed and removed.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where files are read: here, or on a Ray cluster (an extra).",
)
@click.option("--ray-address", metavar="HOST:PORT", help="Of the Ray cluster, or auto [one of this machine alone].")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    help="Files read at a time [half of the cores, at most 4; with Ray all cores].",
)
@click.option("--null", "-0", is_flag=True, help="The list on standard input is NUL-separated (find -print0).")
@click.option("--allow-network", is_flag=True, help="PATH may be a web address, which is fetched.")
@click.option("--max-size", type=click.IntRange(1), default=200, show_default=True, help="Megabytes of one file.")
@click.option("--parse-seconds", type=click.FloatRange(0.1), default=600.0, show_default=True, help="For one document.")
@click.option("--parse-memory", type=click.IntRange(256), default=2048, show_default=True, help="Megabytes, likewise.")
@click.option("--json", "as_json", is_flag=True, help="Print events on stdout, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@settings_options
def ingest_command(
    inputs: tuple[str, ...],
    prune: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    tags: tuple[str, ...],
    dry_run: bool,
    engine: str,
    ray_address: str | None,
    jobs: int | None,
    null: bool,
    allow_network: bool,
    max_size: int,
    parse_seconds: float,
    parse_memory: int,
    as_json: bool,
    quiet: bool,
    settings: Settings,
) -> None:
    """Read files, folders, patterns ('**/*.md'), archives and web addresses into the library; - reads a list of them.

    Only new and changed files are read again; a moved or copied file is recognised by its content. A file that cannot
    be read is recorded with its reason and the rest goes on; the exit status is then 1 (0: all good, 2: usage, 3: the
    library is locked or damaged). Ctrl-C ends cleanly, and the same command resumes.

    Each document is parsed by a process of its own, within limits of time and memory. The limit of memory is kept by
    the system on Linux; elsewhere the process is measured twice a second.

    With --engine ray, files are read, split and embedded on all machines of a Ray cluster, and written here. The files,
    this program and the embedding model have to be at the same place on each of them.
    """
    from ingest.parser import ParserLimits
    from ingest.sources.ignore_rules import PatternError, Selection
    from rag_app.cli.inputs import InputError, named_inputs

    try:
        paths, addresses = named_inputs(inputs, sys.stdin.buffer, null=null)
        if ray_address and engine != "ray":
            fail("--ray-address goes with --engine ray")
        if addresses and not allow_network:
            fail(f"{addresses[0]} is a web address; say --allow-network to fetch it")
        selection = Selection(include, exclude)
        limits = ParserLimits(parse_seconds, parse_memory, max_size << 20)
        if dry_run:
            for address in addresses:
                click.echo(f"a run would fetch {address}", err=True)
            _dry_run(settings, paths, prune=prune, selection=selection, max_bytes=limits.max_bytes, as_json=as_json)
        with closing(_engine(settings, engine, ray_address, jobs, limits)) as reading:
            _run(
                settings, paths, addresses, prune=prune, selection=selection, tags=tags, engine=reading,
                as_json=as_json, quiet=quiet,
            )  # fmt: skip
    except (PatternError, InputError) as error:
        fail(str(error))


def _engine(settings: Settings, name: str, address: str | None, jobs: int | None, limits: ParserLimits) -> Engine:
    """The engine that was asked for."""
    from ingest.engines.local import LocalEngine

    if name == "local":
        return LocalEngine(jobs or default_jobs(), limits)
    from ingest.engines.ray import RayEngine
    from rag_app.collection import build_embedder

    return RayEngine(partial(build_embedder, settings), address=address, jobs=jobs, limits=limits)


def default_jobs() -> int:
    """Parsers that leave the embedding model some cores."""
    return max(1, min(4, (os.cpu_count() or 2) // 2))


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Treat the signal that stops services like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(
    settings: Settings,
    paths: Sequence[Path],
    addresses: Sequence[str],
    *,
    prune: bool,
    selection: Selection,
    tags: Sequence[str],
    engine: Engine,
    as_json: bool,
    quiet: bool,
) -> NoReturn:
    from tqdm import tqdm

    from ingest.job import IngestEvent, Outcome, ingest
    from ingest.job.ending import Ending
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    with (
        ending_cleanly(),
        open_library(settings) as library,
        tqdm(unit="file", disable=quiet, file=sys.stderr, dynamic_ncols=True) as bar,
    ):

        def show(event: IngestEvent) -> None:
            bar.total = event.total
            bar.n = event.done
            bar.set_postfix_str(f"{event.chunks} passages  {plain(Path(event.source).name)}", refresh=True)
            if as_json and event.kind != "done":
                _print_json({"event": event.kind, **event.to_dict()})

        try:
            fetched, failures = _fetch(library.folder / "downloads", addresses)
            for failure in failures:
                show(IngestEvent(Ending.FAILED, failure.source, 0, 0, 0, failure.reason))
            report = ingest(
                library, [*paths, *fetched], prune=prune, progress=show, selection=selection, tags=tags, engine=engine,
            )  # fmt: skip
        except KeyboardInterrupt:
            if as_json:
                _print_json({"event": "interrupted"})
            click.echo("\ninterrupted: finished files are kept; run the same command to go on", err=True)
            sys.exit(INTERRUPTED)
    report.failed.extend(Outcome(f.source, f.reason) for f in failures)
    if as_json:
        _print_json({"event": "done", **report.to_dict()})
    else:
        show_report(report)
    sys.exit(report.exit_status)


def _fetch(folder: Path, addresses: Sequence[str]) -> tuple[list[Path], list[Outcome]]:
    if not addresses:
        return [], []
    from ingest.job import Outcome
    from ingest.sources.web import FetchError, fetch

    fetched, failures = [], []
    for address in addresses:
        try:
            fetched.append(fetch(address, folder))
        except FetchError as error:
            failures.append(Outcome(address, str(error)))
    return fetched, failures


def show_report(report: IngestReport) -> None:
    """Each bad file with its reason on stderr, then one line of counts."""
    from ingest.job.ending import Ending
    from rag_app.cli.showing import plain, plain_reason

    for outcome in (*report.failed, *report.skipped):
        word = "failed " if outcome in report.failed else "skipped"
        click.echo(f"{word} {plain(outcome.source)}: {plain_reason(outcome.reason)}", err=True)
    counts = {kind: len(report.outcomes(kind)) for kind in Ending}
    always = {Ending.ADDED, Ending.UNCHANGED, Ending.FAILED}
    parts = [f"{count} {kind}" for kind, count in counts.items() if count or kind in always]
    click.echo(f"{', '.join(parts)}; {report.chunks} passages ({report.embedded} embedded) in {report.seconds:.1f} s")


def _dry_run(
    settings: Settings,
    paths: Sequence[Path],
    *,
    prune: bool,
    selection: Selection,
    max_bytes: int,
    as_json: bool,
) -> NoReturn:
    from ingest.job.dry_run import plan
    from ingest.job.ending import Ending
    from rag_app.cli.showing import plain, plain_reason
    from rag_app.collection import open_library

    library = open_library(settings, create=False) if settings.has_library else None
    counts: dict[str, int] = dict.fromkeys(Ending, 0)
    try:
        for one in plan(library, paths, prune=prune, selection=selection, max_bytes=max_bytes):
            counts[one.kind] += 1
            if as_json:
                _print_json({"event": one.kind, **asdict(one)})
            elif one.kind is not Ending.UNCHANGED:
                note = plain_reason(one.reason) or (f"was {plain(one.previous)}" if one.previous else "")
                click.echo(f"{one.kind:8} {plain(one.source)}" + (f": {note}" if note else ""))
    finally:
        if library is not None:
            library.close()
    if as_json:
        _print_json({"event": "done", "dry_run": True, **counts})
    else:
        click.echo("nothing was changed; a run would find: " + ", ".join(f"{n} {k}" for k, n in counts.items() if n))
    sys.exit(1 if counts[Ending.FAILED] else 0)


def _print_json(message: dict[str, Any]) -> None:
    click.echo(json.dumps({k: v for k, v in message.items() if k != "kind"}, ensure_ascii=False))
