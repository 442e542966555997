"""`rag eval`: answers, grounding and retrieval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from rag_app.cli import fail
from rag_app.cli.evaluate_retrieval import retrieval
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("eval")
def eval_command() -> None:
    """Measure answers, their grounding and retrieval on files with known answers."""


eval_command.add_command(retrieval)


@eval_command.command()
@click.option("--file", "file", type=_FILE, required=True, help="JSON lines: id, context, question, answers, …")
@click.option(
    "--mode",
    type=click.Choice(["end-to-end", "reader"]),
    default="end-to-end",
    show_default=True,
    help="Ask over all contexts together, or give the reader the right one.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask only the first N questions.")
@click.option("--details", type=_FILE, help="Write one JSON line a question to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def answers(file: Path, mode: str, limit: int | None, details: Path | None, as_json: bool, settings: Settings) -> None:
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
        from ingest.resources import shipped
        from rag_app.chat_models.reader import load_reader

        answerer = load_reader(settings.reader or shipped("models/reader"))
        answerer.answer(questions[0].question, [questions[0].context])  # the first pass pays for warming up
        outcomes = run(questions, lambda q: ask_reader(answerer, q), lambda _: None, quiet=False)
        found = report(outcomes, "reader")
    else:
        from rag_app.evaluation.end_to_end import product_over

        with product_over(contexts, settings, quiet=False) as (ask, right_document):
            ask(questions[0])
            outcomes = run(questions, ask, right_document, quiet=False)
            found = report(outcomes, "end-to-end")
    show(found, as_json)
    if details is not None:
        write_details(outcomes, details)


@eval_command.command()
@click.option(
    "--file",
    "files",
    type=_FILE,
    required=True,
    multiple=True,
    help="JSON lines: id, context, question, answers, …; may be given several times.",
)
@click.option(
    "--config",
    type=_FILE,
    help="Recipe of the reader: of files that it trains on, only contexts that it "
    "reserves are asked [default: the shipped reader's].",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask about N questions of each file, drawn at random.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def grounding(
    files: tuple[Path, ...], config: Path | None, limit: int | None, as_json: bool, settings: Settings
) -> None:
    """Test whether answers come from the passage.

    The answer is replaced by another of its kind (does the quote follow?), the sentences that hold it are deleted, or
    only other passages are given (is the question refused?). Rows with "counterfactual": true are already replaced.
    """
    from ingest.resources import shipped
    from model.json_lines import DataError
    from model.training.recipe import RecipeError, load_recipe
    from rag_app.chat_models.reader import load_reader
    from rag_app.evaluation.answers import read_questions
    from rag_app.evaluation.grounding import ask_changed, report, unseen

    try:
        recipe = load_recipe(config or shipped("recipes/reader.toml"))
        asked = {file.name: unseen(read_questions(file)[0], file.name, recipe) for file in files}
    except (DataError, RecipeError) as error:
        fail(str(error))
    answerer = load_reader(settings.reader or shipped("models/reader"))
    changes = {name: ask_changed(answerer, questions, limit, quiet=False) for name, questions in asked.items()}
    together = [c for found in changes.values() for c in found]
    show(
        {
            "files": {name: report(found) for name, found in changes.items()},
            "languages": {
                lang: report([c for c in together if c.lang == lang]) for lang in sorted({c.lang for c in together})
            },
        },
        as_json,
    )


def show(found: dict[str, Any], as_json: bool) -> None:
    """Print numbers, one line each or a group of them, or as one JSON object."""
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in _flat(found):
        click.echo(f"{name:23} {value}")


def _flat(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """One line a number or a group of numbers."""
    for name, value in found.items():
        if not isinstance(value, dict):
            yield above + name, _shown(value)
        elif any(isinstance(v, dict) for v in value.values()):
            yield from _flat(value, f"{above}{name}, ")
        else:
            yield above + name, "  ".join(f"{k} {_shown(v)}" for k, v in value.items())


def _shown(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
