"""`rag eval`: answers and retrieval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("eval")
def eval_command() -> None:
    """Measure answers and retrieval on files with known answers."""


@eval_command.command()
@click.option("--file", "file", type=_FILE, required=True, help="JSON lines: id, context, question, answers, …")
@click.option("--mode", type=click.Choice(["end-to-end", "reader"]), default="end-to-end", show_default=True,
              help="Ask over all contexts together, or give the reader the right one.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask only the first N questions.")
@click.option("--details", type=_FILE, help="Write one JSON line a question to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def answers(
    file: Path, mode: str, limit: int | None, details: Path | None, as_json: bool, settings: Settings
) -> None:
    """Ask every question of a file and compare with its answers.

    A line without a question only adds its context as a document.
    """
    from model.json_lines import DataError
    from rag_app.evaluation.answers import (
        ask_reader,
        read_questions,
        report,
        run,
        write_details,
    )

    try:
        questions, contexts = read_questions(file)
    except DataError as error:
        fail(str(error))
    questions = questions[:limit]
    if mode == "reader":
        from model.answering import Answerer
        from rag_app.resources import shipped

        answerer = Answerer.load(settings.reader or shipped("models/reader"))
        answerer.answer(questions[0].question, [questions[0].context])      # the first pass pays for warming up
        outcomes = run(questions, lambda q: ask_reader(answerer, q), lambda _: None, quiet=False)
        found = report(outcomes, "reader")
    else:
        from rag_app.evaluation.end_to_end import product_over

        with product_over(contexts, settings, quiet=False) as (ask, right_document):
            ask(questions[0])
            outcomes = run(questions, ask, right_document, quiet=False)
            found = report(outcomes, "end-to-end")
    _print(found, as_json)
    if details is not None:
        write_details(outcomes, details)


@eval_command.command()
@click.option("--corpus", type=_FILE, required=True, help="corpus.jsonl: _id, title, text")
@click.option("--queries", type=_FILE, required=True, help="queries.jsonl: _id, text")
@click.option("--qrels", type=_FILE, required=True, help="qrels.tsv: query-id, corpus-id, score")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N queries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def retrieval(
    corpus: Path, queries: Path, qrels: Path, limit: int | None, as_json: bool, settings: Settings
) -> None:
    """Search a collection in BEIR's format with vectors, with keywords and with both fused."""
    from model.json_lines import DataError
    from rag_app.collection import build_embedder
    from rag_app.evaluation.retrieval import evaluate, read_beir
    from rag_app.evaluation.temporary_library import temporary_library

    try:
        documents, asked, judged = read_beir(corpus, queries, qrels)
    except DataError as error:
        fail(str(error))
    asked = dict(list(asked.items())[:limit])
    with temporary_library(documents, build_embedder(settings), quiet=False) as library:
        found = evaluate(library, asked, judged, quiet=False)
    _print({"n": len(asked), **found}, as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            click.echo(f"{name:20} " + "  ".join(f"{k} {v:g}" for k, v in value.items()))
        else:
            click.echo(f"{name:20} {'-' if value is None else value}")
