"""`rag eval retrieval`: nDCG, recall and MRR of each search and of the ways to fuse them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from ingest.library import Library
from model.text.language import Language, language_of
from rag_app.evaluation.retrieval_sets import QuerySet
from rag_app.evaluation.usual_fusions import fuse_min_max, fuse_ranks
from rag_app.retrieval.cross_language import in_other_language
from rag_app.retrieval.fusion import CANDIDATES, Ranking, fuse
from rag_app.retrieval.fusion_weights import DENSE_WEIGHT

DEPTH = 100  # documents judged
CHUNKS_PER_DOCUMENT = 3  # a document may hold several hits; so many chunks are fetched for one document wanted


@dataclass(frozen=True, slots=True)
class Found:
    """What both searches bring for one query.

    `source` gives the document of each chunk id, `foreign` are the hits in the other language than the query.
    """

    lang: Language
    relevant: Mapping[str, int]
    dense: Ranking
    keyword: Ranking
    source: Mapping[str, str]
    foreign: frozenset[str] = frozenset()

    def documents(self, ranking: Ranking) -> list[str]:
        """The documents of a ranking of chunks, each at its best place."""
        return list(dict.fromkeys(self.source[chunk_id] for chunk_id, _ in ranking))[:DEPTH]

    def fused(self, dense_weight: float) -> list[str]:
        """The documents as the product ranks them with another weight."""
        hits = fuse(self.dense[:CANDIDATES], self.keyword[:CANDIDATES], dense_weight, 2 * CANDIDATES, self.foreign)
        return self.documents(hits)


SEARCHES: Mapping[str, Callable[[Found], list[str]]] = {
    "dense": lambda f: f.documents(f.dense),
    "keyword": lambda f: f.documents(f.keyword),
    "rrf": lambda f: f.documents(fuse_ranks(f.dense[:CANDIDATES], f.keyword[:CANDIDATES], 2 * CANDIDATES)),
    "min-max": lambda f: f.documents(fuse_min_max(f.dense[:CANDIDATES], f.keyword[:CANDIDATES], 0.5, 2 * CANDIDATES)),
    "fused": lambda f: f.fused(DENSE_WEIGHT[f.lang]),
}
"""Ways to rank: the product's is `fused`, the others are there to be compared with."""


def search(library: Library, query_set: QuerySet, *, quiet: bool) -> list[Found]:
    """Ask an indexed library, whose sources are the document ids, every query of a set."""
    names = {d.document_id: d.source for d in library.documents()}
    depth = DEPTH * CHUNKS_PER_DOCUMENT
    found = []
    for query_id, text in tqdm(query_set.queries.items(), desc=query_set.name, unit="q", disable=quiet):
        dense, keyword = library.search_vectors(text, depth), library.search_keywords(text, depth)
        source = {chunk_id: names[chunk_id.rsplit("-", 1)[0]] for chunk_id, _ in [*dense, *keyword]}
        foreign = in_other_language(library, text, dense[:CANDIDATES])
        found.append(Found(language_of(text), query_set.judged[query_id], dense, keyword, source, foreign))
    return found


def evaluate(found: Sequence[Found]) -> dict[str, dict[str, float]]:
    """The mean metrics of every way to rank."""
    return {name: mean([metrics(ranked(f), f.relevant) for f in found]) for name, ranked in SEARCHES.items()}


def mean(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each metric over queries or over sets."""
    listed = list(rows)
    return {name: round(sum(r[name] for r in listed) / len(listed), 4) for name in listed[0]}


def metrics(ranking: Sequence[str], relevant: Mapping[str, int]) -> dict[str, float]:
    """nDCG@10 (linear gain, as trec_eval), recall@10, recall@100 and MRR@10 of one query; 0..1."""
    gains = [relevant.get(d, 0) for d in ranking[:10]]
    first = next((i for i, g in enumerate(gains, 1) if g), None)
    return {
        "ndcg_at_10": ndcg(ranking, relevant),
        "recall_at_10": sum(d in relevant for d in ranking[:10]) / len(relevant),
        "recall_at_100": sum(d in relevant for d in ranking[:100]) / len(relevant),
        "mrr_at_10": 1 / first if first else 0.0,
    }


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int]) -> float:
    """nDCG@10 with linear gain, 0..1."""
    ideal = sorted(relevant.values(), reverse=True)[:10]
    return _dcg([relevant.get(d, 0) for d in ranking[:10]]) / _dcg(ideal)


def _dcg(gains: Sequence[int]) -> float:
    return sum(g / math.log2(i + 1) for i, g in enumerate(gains, 1))
