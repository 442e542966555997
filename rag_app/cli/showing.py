"""How an answer looks in a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import click

from ingest.catalogue.document_filter import DocumentFilter
from ingest.library import Library
from ingest.loaders.errors import kind_and_message
from model.text.language import language_of
from rag_app.answers.answer import Answer
from rag_app.answers.checked_answer import notes_on_unproven
from rag_app.answers.evidence import AnswerEvidence, Evidence, Piece, evidence_of

# Documents are data: whatever they hold, no control sequence reaches the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_INDENT = "   "
_ALL = DocumentFilter()
_SAID = {  # English, Chinese
    "less certain": ("less certain; check the passage: ", "不太确定，请核对原文："),
    "nothing searched": ("(nothing was searched)", "（没有检索文档）"),
    "part read": ("the question is long; this part of it was read: ", "问题较长，只读了这一部分："),
    "own words": (
        "What follows was found in your documents, word for word; all else is in the model's own words.",
        "以下内容逐字见于您的文档，其余是模型自己的话。",
    ),
}


def plain(text: str) -> str:
    """Text without control characters."""
    return _CONTROL.sub("", text)


def plain_reason(reason: str | None) -> str:
    """Why a file failed, as a sentence; its kind is for programs."""
    return plain(kind_and_message(reason or "")[1])


def print_answer(
    answer: Answer,
    library: Library,
    *,
    numbered_by_passage: bool = False,
    searched_in: DocumentFilter = _ALL,
) -> None:
    """Each answer inside its sentence, and where it stands; or what came nearest; or that nothing was searched.

    Args:
        answer: what the chain returned.
        library: where its documents are stored.
        numbered_by_passage: see `evidence_of`.
        searched_in: the documents that were chosen; where they do not say, others may.
    """
    if answer.small_talk:
        click.echo(plain(answer.answer))
        if not answer.passages:
            click.secho(_words(answer, "nothing searched"), dim=True)
        return
    if answer.question_read is not None:
        click.secho(_words(answer, "part read") + plain(answer.question_read), dim=True)
    if answer.searched_for != answer.question:
        click.secho(f"searched for: {plain(answer.searched_for)}", dim=True)
    if not answer.answered:
        if answer.possible is None:
            click.secho(plain(answer.answer), bold=True)
        if searched_in:
            click.secho(f"searched only in {plain(searched_in.describe())}", dim=True)
        if answer.possible is None:
            _print_nearest(answer)
            return
    evidence = evidence_of(answer, library, numbered_by_passage=numbered_by_passage)
    alternatives = sum(not one.question for one in answer.shown)
    if alternatives > 1:
        click.echo(f"Your documents give {alternatives} different answers. Check which one applies to you:\n")
    for number, (one, found) in enumerate(zip(answer.shown, evidence, strict=True), 1):
        several = alternatives > 1 and not one.question
        if one.question:
            click.secho(plain(one.question), dim=True)
        if not one.is_quote:
            click.echo(plain(one.marked(notes_on_unproven(language_of(answer.question)))))
            click.secho(_words(answer, "own words") + "\n" if one.unproven else "", dim=True)
        _print_places(found, f"{number}. " if several else "")
        # Other chat models than ours give no calibrated probability.
        confidence = "this model states no confidence" if numbered_by_passage else f"confidence {one.confidence:.0%}"
        less = "" if answer.answered else _words(answer, "less certain")
        click.secho(f"{_INDENT if several else ''}{less}{confidence}\n", dim=True)


def _words(answer: Answer, name: str) -> str:
    """What is said in the question's language."""
    return _SAID[name][language_of(answer.question) == "zh"]


def _print_nearest(answer: Answer) -> None:
    if answer.passages:
        click.echo("\nNearest passages:")
    for passage in answer.passages[:3]:
        place = f", page {passage.page}" if passage.page else ""
        beginning = " ".join(plain(passage.text).split())[:160]
        click.echo(f"  {plain(passage.source_name)}{place}: {beginning}…")


def _print_places(evidence: AnswerEvidence, bullet: str) -> None:
    indent = _INDENT if bullet else ""
    for place in evidence.places:
        if place.table_header:
            click.secho(indent + plain(place.table_header), dim=True)
        sentence = textwrap.indent(_emphasised(place.sentence), indent)
        click.echo(bullet + sentence.removeprefix(indent) if bullet else sentence)
        click.echo(f"{indent}{_place(place)}")
        bullet = indent  # the number stands before the first place only
    for place in evidence.also_in:
        click.echo(f"{indent}also in {_place(place)}")


def _emphasised(sentence: Sequence[Piece]) -> str:
    """The sentence, the answer in it in bold where the terminal can."""
    return "".join(
        click.style(plain(p.text), bold=True, underline=True) if p.is_quote else plain(p.text) for p in sentence
    )


def _place(evidence: Evidence) -> str:
    page = f", page {evidence.page}" if evidence.page else ""
    section = f", {' › '.join(evidence.heading_path)}" if evidence.heading_path else ""
    gone = "" if evidence.around else " (removed meanwhile)"
    date = f", {evidence.date}" if evidence.date else ""
    return f"[{evidence.number}] {plain(evidence.source_name + date + page + section)}{gone}"
