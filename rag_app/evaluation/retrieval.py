"""`rag eval retrieval`: nDCG, recall and MRR over a collection in BEIR's format, for each search and their fusion."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ingest.library import Library
from model.json_lines import DataError, read_lines
from rag_app.retrieval.retriever import LibraryRetriever, SearchMode

DEPTH = 100             # documents judged
CHUNKS_PER_DOCUMENT = 3  # a document may hold several hits; so many chunks are fetched for one document wanted

Judgements = Mapping[str, Mapping[str, int]]    # query id -> document id -> relevance > 0


def read_beir(
    corpus: Path, queries: Path, qrels: Path
) -> tuple[dict[str, tuple[str, str]], dict[str, str], Judgements]:
    """Documents as id -> (title, text), queries as id -> text, judgements.

    Raises:
        DataError: a file is missing or not in BEIR's format.
    """
    documents = {str(r["_id"]): (str(r.get("title") or ""), str(r["text"])) for r in _rows(corpus)}
    asked = {str(r["_id"]): str(r["text"]) for r in _rows(queries)}
    judged: dict[str, dict[str, int]] = {}
    try:
        with qrels.open(encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, delimiter="\t"):
                if len(row) < 3 or not row[-1].lstrip("-").isdigit():
                    continue    # the header
                if int(row[-1]) > 0:
                    judged.setdefault(row[0], {})[row[-2]] = int(row[-1])
    except OSError as error:
        raise DataError(f"{qrels}: {error.strerror or error}") from error
    asked = {i: text for i, text in asked.items() if i in judged}
    if not asked:
        raise DataError(f"no query of {queries} has a judgement in {qrels}")
    return documents, asked, judged


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = list(read_lines(path))
    if any("_id" not in r or "text" not in r for r in rows):
        raise DataError(f'{path}: every line needs "_id" and "text"')
    return rows


def evaluate(
    library: Library, queries: Mapping[str, str], judged: Judgements, *, quiet: bool
) -> dict[str, dict[str, float]]:
    """Metrics of every search mode over an indexed library whose sources are the document ids."""
    source = {d.document_id: d.source for d in library.documents()}
    found: dict[str, dict[str, float]] = {}
    for mode in (SearchMode.DENSE, SearchMode.KEYWORD, SearchMode.FUSED):
        retriever = LibraryRetriever(library=library, mode=mode)
        rows = []
        for query_id, text in tqdm(queries.items(), desc=mode.value, unit="q", disable=quiet):
            hits = retriever.search(text, DEPTH * CHUNKS_PER_DOCUMENT)
            ranking = list(dict.fromkeys(source[chunk_id.rsplit("-", 1)[0]] for chunk_id, _ in hits))[:DEPTH]
            rows.append(metrics(ranking, judged[query_id]))
        found[mode.value] = {name: round(sum(r[name] for r in rows) / len(rows), 4) for name in rows[0]}
    return found


def metrics(ranking: Sequence[str], relevant: Mapping[str, int]) -> dict[str, float]:
    """nDCG@10 (linear gain, as trec_eval), recall@10, recall@100 and MRR@10 of one query; 0..1."""
    gains = [relevant.get(d, 0) for d in ranking[:10]]
    ideal = sorted(relevant.values(), reverse=True)[:10]
    first = next((i for i, g in enumerate(gains, 1) if g), None)
    return {
        "ndcg_at_10": _dcg(gains) / _dcg(ideal),
        "recall_at_10": sum(d in relevant for d in ranking[:10]) / len(relevant),
        "recall_at_100": sum(d in relevant for d in ranking[:100]) / len(relevant),
        "mrr_at_10": 1 / first if first else 0.0,
    }


def _dcg(gains: Sequence[int]) -> float:
    return sum(g / math.log2(i + 1) for i, g in enumerate(gains, 1))
