"""What each choice of the keyword search is worth: every one switched off or replaced in turn.

    python -m benchmarks.keyword_analysis --set FOLDER … --file QUESTIONS.jsonl … [--skip 300] [--limit 150]

FOLDER is in BEIR's layout, QUESTIONS has lines with context, question and answers; both may be xz-compressed. Prints
nDCG@10 / recall@10 in per cent for each variant and set. No embedding model is used. Questions of Chinese sets are
asked a second time in the other script (`… other script`), with OpenCC.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from opencc import OpenCC

from ingest.catalogue.schema import KEYWORD_INDEX
from ingest.documents import LoadedDocument
from ingest.keywords import search as keyword_search
from ingest.keywords import terms as keywords
from ingest.keywords.stop_words import STOP_WORDS
from ingest.loaders.normalise import normalise
from ingest.splitting.splitter import split
from model.text.language import language_of
from rag_app.evaluation.retrieval import mean, metrics
from rag_app.evaluation.retrieval_sets import Collection, QuerySet, read_beir_folder, read_question_files

_HITS = 300


@dataclass(frozen=True)
class Variant:
    """Replacements of the product's parts: `words` of `ingest.keywords.terms`, the tokenizer, the columns' weights."""

    words: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: str = "porter unicode61"
    weights: str = keyword_search.COLUMN_WEIGHTS


def bigrams(run: str) -> Iterator[str]:
    """Pairs of neighbouring characters; one that stands alone as it is."""
    yield from ((a + b for a, b in pairwise(run)) if len(run) > 1 else run)


def characters_and_bigrams(run: str) -> Iterator[str]:
    """Single characters and pairs."""
    yield from run
    yield from (a + b for a, b in pairwise(run))


def jieba_alone(run: str) -> Iterator[str]:
    """Words of the dictionary, long ones also in parts."""
    yield from keywords.segmenter().cut_for_search(run)


def jieba_and_all_bigrams(run: str) -> Iterator[str]:
    """Words and all pairs."""
    words = list(keywords.segmenter().cut_for_search(run))
    yield from words
    yield from (pair for pair in bigrams(run) if pair not in words)


_words_and_unknown_pairs = keywords._chinese_words


def as_it_is_and_characters(run: str) -> Iterator[str]:
    """The product's words, and their characters."""
    words = list(_words_and_unknown_pairs(run))
    yield from words
    yield from (character for character in run if character not in words)


def as_it_is_and_characters_of_unknown_words(run: str) -> Iterator[str]:
    """The product's words, and the characters of those that the dictionary does not know."""
    for word in _words_and_unknown_pairs(run):
        yield word
        if len(word) > 1 and word not in keywords.segmenter().FREQ:
            yield from word


def _weights(column: int, weight: str) -> str:
    weights = keyword_search.COLUMN_WEIGHTS.split(", ")
    return ", ".join([*weights[:column], weight, *weights[column + 1 :]])


VARIANTS = {
    "as it is": Variant(),
    "scripts told apart": Variant({"simplified": lambda text: text}),
    "Chinese: bigrams": Variant({"_chinese_words": bigrams}),
    "Chinese: characters, bigrams": Variant({"_chinese_words": characters_and_bigrams}),
    "Chinese: jieba alone": Variant({"_chinese_words": jieba_alone}),
    "Chinese: jieba, all bigrams": Variant({"_chinese_words": jieba_and_all_bigrams}),
    "Chinese: as it is, characters": Variant({"_chinese_words": as_it_is_and_characters}),
    "Chinese: … of unknown words": Variant({"_chinese_words": as_it_is_and_characters_of_unknown_words}),
    "no stemming": Variant(tokenizer="unicode61"),
    "no stop words": Variant({"ASKING_WORDS": frozenset()}),
    "function words only": Variant({"ASKING_WORDS": STOP_WORDS}),
    "no identifiers": Variant({"identifiers": lambda _: iter(())}),
    "title weight 0": Variant(weights=_weights(0, "0.0")),
    "title weight 1": Variant(weights=_weights(0, "1.0")),
    "title weight 5": Variant(weights=_weights(0, "5.0")),
}


def ask(collection: Collection, sets: list[QuerySet], variant: Variant) -> dict[str, dict[str, float]]:
    """Index a collection in memory and ask all queries."""
    with contextlib.ExitStack() as replaced, contextlib.closing(sqlite3.connect(":memory:")) as index:
        for name, value in variant.words.items():
            replaced.enter_context(patch.object(keywords, name, value))
        index.execute(KEYWORD_INDEX.format("keyword_index").replace("porter unicode61", variant.tokenizer))
        names = []
        for name, (title, text) in collection.documents.items():
            document = LoadedDocument(normalise(text if text.strip() else title), "text/plain", title)
            for chunk in split(document):
                names.append(name)
                body = chunk.text
                row = (keywords.index_text(title), keywords.index_text(body), keywords.index_identifiers(body))
                index.execute("INSERT INTO keyword_index (title, heading, body, identifiers) VALUES (?, '', ?, ?)", row)
        return {s.name: mean(_asked(index, names, s, variant.weights)) for s in sets}


def _asked(index: sqlite3.Connection, names: list[str], asked: QuerySet, weights: str) -> Iterator[dict[str, float]]:
    sql = (
        f"SELECT rowid FROM keyword_index WHERE keyword_index MATCH ? "
        f"ORDER BY bm25(keyword_index, {weights}), rowid LIMIT {_HITS}"
    )
    for query_id, text in asked.queries.items():
        terms = keywords.query_terms(text)
        rows = index.execute(sql, (keywords.any_of(terms),)).fetchall() if terms else []
        ranking = list(dict.fromkeys(names[row - 1] for (row,) in rows))
        yield metrics(ranking, asked.judged[query_id])


def in_the_other_script(asked: QuerySet) -> QuerySet | None:
    """The same questions in traditional instead of simplified characters or back; None for English ones."""
    if all(language_of(text) == "en" for text in asked.queries.values()):
        return None
    together = " ".join(asked.queries.values())
    simplified: Callable[[str], str] = OpenCC("t2s").convert
    convert = OpenCC("s2t").convert if simplified(together) == together else simplified
    return QuerySet(f"{asked.name}, other script", {i: convert(t) for i, t in asked.queries.items()}, asked.judged)


def _part(asked: QuerySet, skip: int, limit: int | None) -> QuerySet:
    return QuerySet(asked.name, dict(list(asked.queries.items())[skip:]), asked.judged).first(limit)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, action="append", default=[], dest="folders")
    parser.add_argument("--file", type=Path, action="append", default=[], dest="files")
    parser.add_argument("--distractors", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int, help="only the first N queries of each set")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first N queries of each set")
    parser.add_argument("--variants", default="", help="only those whose name matches this regular expression")
    given = parser.parse_args()
    collections = [read_beir_folder(folder) for folder in given.folders]
    if given.files:
        collections.append(read_question_files(given.files, given.distractors))
    for collection in collections:
        sets = [_part(query_set, given.skip, given.limit) for query_set in collection.query_sets]
        sets += [other for s in sets if (other := in_the_other_script(s)) is not None]
        print(f"{'':32}" + "  ".join(s.name for s in sets))
        for name, variant in VARIANTS.items():
            if re.search(given.variants, name):
                found = ask(collection, sets, variant)
                numbers = (f"{100 * m['ndcg_at_10']:.1f} / {100 * m['recall_at_10']:.1f}" for m in found.values())
                print(f"{name:32}" + "  ".join(numbers), flush=True)
        print()


if __name__ == "__main__":
    main()
