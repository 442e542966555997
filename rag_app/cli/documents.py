"""`rag list`, `rag remove`, `rag verify`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def list_command(as_json: bool, settings: Settings) -> None:
    """List the documents of a collection with their state."""
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    if not settings.has_library:
        click.echo(json.dumps([]) if as_json else f"the collection {settings.collection!r} is empty: rag ingest PATH")
        return
    with open_library(settings, create=False) as library:
        records = library.documents()
    if as_json:
        click.echo(json.dumps([asdict(r) for r in records], ensure_ascii=False))
        return
    for r in records:
        click.echo(f"{r.document_id}  {r.state:7} {r.chunks:6} passages  {plain(r.source)}")
        if r.error:
            click.echo(f"{'':26}{plain(r.error)}")
    click.echo(f"{len(records)} documents in collection {settings.collection!r}")


@click.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="ID_OR_PATH...")
@settings_options
def remove_command(names: tuple[str, ...], settings: Settings) -> None:
    """Remove documents by id or by path; the files themselves stay where they are."""
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    missing = []
    with open_library(settings, create=False) as library:
        for name in names:
            records = library.documents()
            wanted = {name, str(Path(name).absolute())}
            found = [r for r in records if r.document_id == name or r.source in wanted]
            if not found:
                missing.append(name)
            for record in found:
                library.remove(record.document_id)
                click.echo(f"removed {record.document_id}  {plain(record.source)}")
    if missing:
        fail(f"no such document: {', '.join(missing)} (see `rag list`)", 1)


@click.command("verify")
@click.option("--repair", is_flag=True, help="Mend what is found: the catalogue is the truth.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def verify_command(repair: bool, as_json: bool, settings: Settings) -> None:
    """Check that catalogue, keyword index and vectors agree. Exit status 1 if a problem remains."""
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    with open_library(settings, create=False) as library:
        report = library.verify(repair=repair)
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    else:
        for problem in report.problems:
            click.echo(plain(problem), err=True)
        click.echo(
            f"{report.documents} documents ({report.failed_documents} failed), {report.chunks} passages, "
            f"{report.keyword_rows} keyword rows, {report.vectors} vectors: "
            + ("clean" if report.clean else f"{len(report.remaining)} problems; `rag verify --repair` mends them")
        )
    sys.exit(0 if report.clean else 1)
