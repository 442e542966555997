"""`rag eval followups`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

if TYPE_CHECKING:
    from ingest.embedding import Embedder
    from rag_app.evaluation.dialogues import Dialogues
    from rag_app.followups.rewriter import Rewriter

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_PASSAGES = 5


@click.command("followups")
@click.option("--file", "files", type=_FILE, multiple=True,
              help="JSON lines: history, question, standalone (or rewrite), dependent.")
@click.option("--only-questions", is_flag=True, help="A history of strings holds questions without their answers.")
@click.option("--part", type=click.Choice(["all", "first", "last"]), default="all", show_default=True,
              help="Of each file's conversations: all, the first 80 % (CANARD's train the weights), or the rest.")
@click.option("--independent", "alone", type=_FILE, multiple=True,
              help="JSON lines: question, context. Each is asked after others and must pass unchanged.")
@click.option("--made", type=_FILE, multiple=True,
              help="JSON lines: question, context. Follow-ups are made from them; is their passage still found?")
@click.option("--dialogues", type=_FILE, multiple=True,
              help="JSON lines: id, history, question, rewrite, and the passages: context or contexts; without these, "
                   "the answers of each dialogue are one document. Is it found for questions as asked and completed?")
@click.option("--cache", type=_FOLDER, help="Keep vectors in this folder, so that a further run takes seconds.")
@click.option("--rewriter", "kind", type=click.Choice(["rules", "gpt"]), default="rules", show_default=True,
              help="What finds the words that a question leaves out.")
@click.option("--reader", type=_FOLDER,
              help="Folder of the GPT for --rewriter gpt; by default the one in use.")
@click.option("--limit", type=click.IntRange(min=1), help="So many questions of each file.")
@click.option("--details", is_flag=True, help="Print every completion, on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def followups(
    files: tuple[Path, ...], only_questions: bool, part: str, alone: tuple[Path, ...], made: tuple[Path, ...],
    dialogues: tuple[Path, ...], cache: Path | None, kind: Literal["rules", "gpt"], reader: Path | None,
    limit: int | None, details: bool, as_json: bool, settings: Settings,
) -> None:
    """Test whether follow-up questions are told from others, and completed as people complete them."""
    from model.json_lines import DataError
    from rag_app.cli.evaluate import show
    from rag_app.evaluation import followups as evaluation
    from rag_app.evaluation.dialogues import made_dialogues, read_dialogues
    from rag_app.followups.made import independent
    from rag_app.followups.rows import part_of, read_rows

    if not (files or alone or made or dialogues):
        fail("nothing to measure: give --file, --independent, --made or --dialogues")
    found: dict[str, Any] = {}
    rewriter = _rewriter(kind, reader or settings.reader)
    try:
        for file in files:
            rows = part_of(list(read_rows(file, only_questions=only_questions)), part)[:limit]
            done = evaluation.complete(rows, quiet=False, rewriter=rewriter)
            for lang in sorted({c.row.lang for c in done}):
                found[f"{file.name}, {lang}"] = evaluation.report([c for c in done if c.row.lang == lang])
            if details:
                for c in done:
                    click.echo(f"{c.row.id}\t{c.row.question}\t{c.standalone}\t{c.row.standalone}", err=True)
        for file in alone:
            for others, same in (("random", False), ("same passage", True)):
                done = evaluation.complete(
                    independent(file, same_passage=same, most=limit), quiet=False, rewriter=rewriter
                )
                found[f"{file.name}, after {others}"] = evaluation.report(done)
        asked = {
            **{f"{file.name}, made": made_dialogues(file) for file in made},
            **{file.name: read_dialogues(file, part) for file in dialogues},
        }
    except DataError as error:
        fail(str(error))
    if asked:
        embedder = _embedder(settings, cache)
        for name, judged in asked.items():
            found[f"{name}, recall at {_PASSAGES}"] = _recall(judged, limit, embedder, rewriter)
    show(found, as_json)


def _rewriter(kind: Literal["rules", "gpt"], folder: Path | None) -> Rewriter:
    """The rewriter to measure; a reader without measured limits is used wherever it quotes rather than not."""
    from rag_app.followups.rewriter import RuleRewriter

    if kind == "rules":
        return RuleRewriter()
    from ingest.resources import shipped
    from model.errors import CheckpointError
    from model.grounded import GroundedReader
    from rag_app.followups.gpt_rewriter import FILE, GPTRewriter, Limits, measured_limits
    from rag_app.reader import words_of

    folder = folder or shipped("models/reader")
    try:
        limits = measured_limits(folder)
        if limits is None:
            click.echo(f"{folder} has no {FILE}: every quote that is likelier than none is used", err=True)
            always = Limits(for_pronouns=0.0, for_omissions=0.0, silence=0.0, threshold=0.0)
            limits = {"en": always, "zh": always}
        return GPTRewriter(GroundedReader.load(folder, words_of), limits)
    except CheckpointError as error:
        fail(str(error))


def _embedder(settings: Settings, cache: Path | None) -> Embedder:
    from rag_app.collection import build_embedder
    from rag_app.evaluation.cached_embedder import CachedEmbedder

    embedder = build_embedder(settings)
    return embedder if cache is None else CachedEmbedder(embedder, cache)


def _recall(judged: Dialogues, limit: int | None, embedder: Embedder, rewriter: Rewriter) -> dict[str, Any]:
    """Index the documents and search them as the product does, for the questions as asked and completed."""
    from rag_app.evaluation.dialogues import recall
    from rag_app.evaluation.temporary_library import temporary_library
    from rag_app.retrieval.retriever import LibraryRetriever

    with temporary_library(judged.documents, embedder, quiet=False) as library:
        retriever = LibraryRetriever(library=library, k=_PASSAGES)

        def find(question: str) -> list[str]:
            return [d.metadata["source"] for d in retriever.invoke(question)]

        found = recall(judged.asked[:limit], find, quiet=False, rewriter=rewriter)
    return {"documents": len(judged.documents), **found}
