"""`rag ask`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import click

from ingest.catalogue.document_filter import DocumentFilter
from rag_app.cli.options import filter_options, settings_options
from rag_app.settings import Settings


@click.command("ask")
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--passages", type=click.IntRange(1, 50), help="Passages to read [8].")
@click.option("--min-confidence", type=click.FloatRange(0, 1), help="Withhold answers below this.")
@filter_options
@settings_options
def ask_command(
    question: str,
    as_json: bool,
    passages: int | None,
    min_confidence: float | None,
    chosen: DocumentFilter,
    settings: Settings,
) -> None:
    """Ask one QUESTION. Exit status 0 with an answer, 1 when the documents do not say.

    What is said to be asked only may be given several times: --type pdf --type docx means either of them; different
    ones, such as --folder contracts --since 2024-01-01, must all hold.
    """
    from rag_app.chain import build_chain
    from rag_app.cli import fail
    from rag_app.cli.showing import print_answer
    from rag_app.collection import open_library
    from rag_app.question.limit import QuestionTooLong

    if not question.strip():
        fail("the question is empty")
    settings = replace(
        settings,
        passages=passages or settings.passages,
        min_confidence=settings.min_confidence if min_confidence is None else min_confidence,
        filter=chosen,
    )
    with open_library(settings, create=False) as library:
        try:
            answer = build_chain(settings, library=library).invoke({"question": question})
        except QuestionTooLong as error:
            fail(str(error))
        if as_json:
            click.echo(json.dumps(answer.to_dict(), ensure_ascii=False))
        else:
            print_answer(answer, library, numbered_by_passage=settings.chat_model != "local", searched_in=chosen)
    sys.exit(0 if answer.answered else 1)
