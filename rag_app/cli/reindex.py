"""`rag reindex`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

_STAGES = {"vectors": "embedding", "index": "indexing vectors", "keywords": "indexing words"}


@click.command("reindex")
@click.option(
    "--embedder",
    help="The sentence-transformers model to go over to, name or path [RAG_EMBEDDER, else the one that ships].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@settings_options
def reindex_command(embedder: str | None, as_json: bool, quiet: bool, settings: Settings) -> None:
    """Make the indexes of a collection anew from its stored text: for another embedding model or a newer version.

    The documents' files are not needed, and questions are answered with the old indexes until the new ones are whole.
    Interrupted, it goes on where it was when it is called again. RAG_CHROMA_URL says whether the vectors' index goes
    to a Chroma server or into the folder.
    """
    from tqdm import tqdm

    from ingest.upkeep.reindex import Stage, reindex
    from rag_app.collection import build_embedder

    given, settings = embedder, replace(settings, embedder=embedder or settings.embedder)
    bar = tqdm(unit="passage", disable=quiet or as_json, file=sys.stderr, dynamic_ncols=True)
    made: dict[str, int] = {}  # stage -> passages that were there when it began: they say nothing about the speed

    def show(stage: Stage, done: int, total: int) -> None:
        if stage not in made:
            made[stage] = done
            bar.reset(total=total)
            bar.set_description(_STAGES[stage])
            bar.initial = done
        bar.total = total
        bar.update(done - bar.n)

    try:
        with bar:
            report = reindex(
                settings.library_folder, build_embedder(settings), chroma_url=settings.chroma_url, progress=show
            )
    except KeyboardInterrupt:
        fail("interrupted; the same command goes on where it was, and until then the old indexes answer", 130)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    elif not report.changed:
        click.echo(f"nothing to do: {report.chunks} passages are indexed for this model and version already")
    else:
        parts = [f"{report.embedded} texts embedded"]
        parts += [f"{report.keywords} passages in a new keyword index"] if report.keywords else []
        parts += (
            [f"the vectors' index is {'on the server' if report.moved == 'server' else 'in the folder'} now"]
            if (report.moved)
            else []
        )
        click.echo(f"{report.chunks} passages: {', '.join(parts)}")
    if given and not as_json:
        click.echo(f"set RAG_EMBEDDER={given} for the other commands", err=True)
