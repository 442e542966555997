"""How an answer looks in a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ingest.library import DocumentNotFound, Library
from rag_app.answer import Answer
from rag_app.citations import sentence_around

# Documents are data: whatever they hold, no control sequence reaches the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Text without control characters."""
    return _CONTROL.sub("", text)


def print_answer(answer: Answer, library: Library) -> None:
    """The answer, each quote inside its sentence, and where it stands; or what came nearest."""
    if answer.standalone_question != answer.question:
        click.secho(f"searched for: {plain(answer.standalone_question)}", dim=True)
    click.secho(plain(answer.answer), bold=True)
    if not answer.answered:
        if answer.passages:
            click.echo("\nNearest passages:")
        for passage in answer.passages[:3]:
            place = f", page {passage.page}" if passage.page else ""
            beginning = " ".join(plain(passage.text).split())[:160]
            click.echo(f"  {plain(Path(passage.source).name)}{place}: {beginning}…")
        return
    for i, citation in enumerate(answer.citations, 1):
        try:
            text = library.text(citation.document_id)
        except DocumentNotFound:
            click.echo(f"\n[{i}] {plain(Path(citation.source).name)} was removed meanwhile")
            continue
        first, last = sentence_around(text, citation.start, citation.end)
        place = f", page {citation.page}" if citation.page else ""
        click.echo(f"\n[{i}] {plain(Path(citation.source).name)}{place}, characters {citation.start}-{citation.end}")
        click.echo(
            "    " + plain(text[first:citation.start])
            + click.style(plain(citation.quote), underline=True) + plain(text[citation.end:last])
        )
    click.secho(f"\nconfidence {answer.confidence:.0%}", dim=True)
