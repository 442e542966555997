"""`rag eval retrieval`: searches and their fusion on collections with judged documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

if TYPE_CHECKING:
    from rag_app.evaluation.retrieval_sets import Collection

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    "--set",
    "folders",
    type=_FOLDER,
    multiple=True,
    help="A folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels.tsv; may be given several times.",
)
@click.option(
    "--file",
    "files",
    type=_FILE,
    multiple=True,
    help="JSON lines: context, question, answers. The passages of all files are one collection.",
)
@click.option("--distractors", type=_FILE, multiple=True, help="… of which only the passages are used.")
@click.option("--corpus", type=_FILE, help="corpus.jsonl: _id, title, text")
@click.option("--queries", type=_FILE, help="queries.jsonl: _id, text")
@click.option("--qrels", type=_FILE, help="qrels.tsv: query-id, corpus-id, score")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N queries of each set.")
@click.option("--cache", type=_FOLDER, help="Keep vectors in this folder, so that a further run takes seconds.")
@click.option("--learn-weights", is_flag=True, help="Also learn how much the vector search should count in the fusion.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def retrieval(
    folders: tuple[Path, ...],
    files: tuple[Path, ...],
    distractors: tuple[Path, ...],
    corpus: Path | None,
    queries: Path | None,
    qrels: Path | None,
    limit: int | None,
    cache: Path | None,
    learn_weights: bool,
    as_json: bool,
    settings: Settings,
) -> None:
    """Compare vectors, keywords and their fusion on collections with judged documents.

    Fusions: rrf (reciprocal ranks), min-max (equal weights) and fused, which is the product's.
    """
    from model.json_lines import DataError
    from rag_app.collection import build_embedder
    from rag_app.evaluation.cached_embedder import CachedEmbedder
    from rag_app.evaluation.fusion_learning import learn_weights as learn
    from rag_app.evaluation.retrieval import evaluate, mean, search
    from rag_app.evaluation.temporary_library import temporary_library

    if not (folders or files or corpus):
        fail("give --set FOLDER, --file FILE, or --corpus, --queries and --qrels")
    if any((corpus, queries, qrels)) and not all((corpus, queries, qrels)):
        fail("--corpus, --queries and --qrels belong together")
    try:
        collections = list(_collections(folders, files, distractors, corpus, queries, qrels))
    except DataError as error:
        fail(str(error))
    names = [query_set.name for collection in collections for query_set in collection.query_sets]
    if len(names) > len(set(names)):
        fail(f"two sets have the same name: {', '.join(sorted(names))}")
    embedder = build_embedder(settings)
    if cache is not None:
        embedder = CachedEmbedder(embedder, cache)
    found = {}
    for collection in collections:
        with temporary_library(collection.documents, embedder, quiet=False) as library:
            for query_set in collection.query_sets:
                found[query_set.name] = search(library, query_set.first(limit), quiet=False)
    sets: dict[str, dict[str, Any]] = {name: {"n": len(asked), **evaluate(asked)} for name, asked in found.items()}
    report: dict[str, Any] = next(iter(sets.values()))
    if len(sets) > 1:
        report = {"sets": sets, "mean": {s: mean(of[s] for of in sets.values()) for s in report if s != "n"}}
    if learn_weights:
        report |= {"learned": learn(found)}
    if as_json:
        click.echo(json.dumps(report))
        return
    _print_table(sets, report.get("mean"))
    if learn_weights:
        _print_learned(report["learned"])


def _collections(
    folders: tuple[Path, ...],
    files: tuple[Path, ...],
    distractors: tuple[Path, ...],
    corpus: Path | None,
    queries: Path | None,
    qrels: Path | None,
) -> Iterator[Collection]:
    from rag_app.evaluation.retrieval_sets import read_beir, read_beir_folder, read_question_files

    if corpus and queries and qrels:
        yield read_beir(corpus, queries, qrels, corpus.resolve().parent.name)
    for folder in folders:
        yield read_beir_folder(folder)
    if files:
        yield read_question_files(files, distractors)


def _print_table(sets: Mapping[str, Mapping[str, Any]], average: Mapping[str, Any] | None) -> None:
    rows = {**sets, **({"mean": {"n": "", **average}} if average else {})}
    searches = [name for name in next(iter(sets.values())) if name != "n"]
    width = max(len(name) for name in rows) + 2
    for metric in next(iter(sets.values()))[searches[0]]:
        click.echo(f"{metric:{width}} {'n':>6}" + "".join(f"{s:>9}" for s in searches))
        for name, row in rows.items():
            click.echo(f"{name:{width}} {row['n']:>6}" + "".join(f"{100 * row[s][metric]:9.1f}" for s in searches))
        click.echo()


def _print_learned(learned: Mapping[str, Any]) -> None:
    for lang, weight in learned["weights"].items():
        click.echo(f"learned for {lang}: dense weight {weight:g}")
        for name, judged in learned["held_out"][lang].items():
            click.echo(f"  without {name}: {judged['weight']:g}, nDCG@10 there {100 * judged['ndcg_at_10']:.1f}")
        steps = "  ".join(f"{weight} {100 * value:.1f}" for weight, value in learned["curves"][lang].items())
        click.echo(f"  nDCG@10 by weight: {steps}")
    click.echo(f"rag_app/retrieval/fusion_weights.py: DENSE_WEIGHT = {json.dumps(learned['weights'])}")
