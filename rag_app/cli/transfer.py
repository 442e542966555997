"""`rag export`, `rag import`."""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

if TYPE_CHECKING:
    from tqdm import tqdm


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@settings_options
def export_command(file: Path, force: bool, as_json: bool, quiet: bool, settings: Settings) -> None:
    """Write all documents of a collection, with their vectors, into one FILE for `rag import`.

    The file holds the text of your documents and their paths; it is not encrypted.
    """
    from tqdm import tqdm

    from ingest.transfer import export_library
    from rag_app.collection import open_library

    if file.exists() and not force:
        fail(f"{file} is there already; say --force to replace it")
    if not file.absolute().parent.is_dir():
        fail(f"{file.absolute().parent}: there is no such folder; make it first")
    with (
        open_library(settings, create=False) as library,
        tqdm(unit="document", disable=quiet, file=sys.stderr, dynamic_ncols=True) as bar,
    ):
        report = export_library(library, file, progress=lambda done, total: _show(bar, done, total))
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        click.echo(f"{report.documents} documents, {report.chunks} passages in {file} ({_megabytes(file)})")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@settings_options
def import_command(file: Path, as_json: bool, quiet: bool, settings: Settings) -> None:
    """Add the documents of an exported FILE to a collection, which is made if there is none.

    Everything is checked before anything is stored. Nothing is embedded anew, and no path in the file is opened.
    """
    from tqdm import tqdm

    from ingest.transfer import import_library
    from rag_app.collection import open_library

    if not file.is_file():
        fail(f"{file}: there is no such file")
    if not zipfile.is_zipfile(file):  # said before a collection is made for it
        fail(f"{file} is no export of a collection, or is damaged")
    with (
        open_library(settings) as library,
        tqdm(unit="document", disable=quiet, file=sys.stderr, dynamic_ncols=True) as bar,
    ):
        report = import_library(library, file, progress=lambda done, total: _show(bar, done, total))
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        skipped = f", {report.skipped} were there already" if report.skipped else ""
        click.echo(f"{report.documents} documents, {report.chunks} passages added{skipped}")


def _show(bar: tqdm[Any], done: int, total: int) -> None:
    bar.total = total
    bar.n = done
    bar.refresh()


def _megabytes(file: Path) -> str:
    return f"{file.stat().st_size / 2**20:.1f} MiB"
