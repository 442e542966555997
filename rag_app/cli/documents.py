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
@click.option("--tag", help="Only documents with this tag.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def list_command(tag: str | None, as_json: bool, settings: Settings) -> None:
    """List the documents of a collection with their state, tags and all their paths."""
    from rag_app.cli.showing import plain, plain_reason
    from rag_app.collection import open_library

    if not settings.has_library:
        click.echo(json.dumps([]) if as_json else f"the collection {settings.collection!r} is empty: rag ingest PATH")
        return
    with open_library(settings, create=False) as library:
        records = library.documents()
        sources = library.sources()
    tags: dict[str, set[str]] = {}
    paths: dict[str, list[str]] = {}
    for source in sources:
        tags.setdefault(source.document_id, set()).update(source.tags)
        paths.setdefault(source.document_id, []).append(source.source)
    if tag is not None:
        records = [r for r in records if tag in tags.get(r.document_id, ())]
    if as_json:
        listed = [
            {**asdict(r), "paths": paths.get(r.document_id, []), "tags": sorted(tags.get(r.document_id, ()))}
            for r in records
        ]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for r in records:
        marks = "".join(f"  #{plain(t)}" for t in sorted(tags.get(r.document_id, ())))
        click.echo(f"{r.document_id}  {r.state:7} {r.chunks:6} passages  {plain(r.source)}{marks}")
        for path in paths.get(r.document_id, []):
            if path != r.source:
                click.echo(f"{'':26}also {plain(path)}")
        if r.error:
            click.echo(f"{'':26}{plain_reason(r.error)}")
    click.echo(f"{len(records)} documents in collection {settings.collection!r}")


@click.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="ID_OR_PATH...")
@settings_options
def remove_command(names: tuple[str, ...], settings: Settings) -> None:
    """Remove documents by id or by path; the files themselves stay where they are.

    A document that has several paths (identical copies) goes with its last path, or at once by its id; an archive
    takes along what is in it.
    """
    from rag_app.cli.showing import plain
    from rag_app.collection import open_library

    missing = []
    with open_library(settings, create=False) as library:
        for name in names:
            wanted = {name, str(Path(name).absolute())}
            found = [s for s in library.sources() if s.document_id == name or wanted & {s.source, s.container}]
            if not found:
                missing.append(name)
            for source in found:
                library.unlink(source.source)
                click.echo(f"removed {source.document_id}  {plain(source.source)}")
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
