"""BM25 over the FTS5 index, made fast for words that stand nearly everywhere.

SQLite scores every row that holds any word of a query, so one common word makes a search of 100,000 chunks slow while
it hardly moves the ranking. Words are therefore taken from the rarest on until their rows exceed a budget; a small
library never reaches it. FTS5 fixes BM25's k1 at 1.2 and b at 0.75.

Scores are shares: BM25 divided by the limit that it would reach in a chunk that repeated all words of the query for
ever. So 0.5 is a good match and 0.05 a few common words, whatever the query and the library.
"""

import json
import math
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from ingest.keywords.terms import any_of

COLUMN_WEIGHTS = "1.0, 1.0, 1.0, 1.0"  # title, heading, body, identifiers; benchmarks/keyword_analysis.py
_MAX_ROWS = 30_000  # that are scored for one query, if the best are among them
_K1 = 1.2  # FTS5's
_SPARE = 16  # rows of a document in the making may stand among the best


def keyword_search(
    connection: sqlite3.Connection,
    terms: Sequence[str],
    k: int,
    among: Collection[str] | None = None,
    most_rows: int = _MAX_ROWS,
) -> list[tuple[str, float]]:
    """Return up to `k` chunks that hold any of `terms` as `(chunk_id, score in 0..1)`, the largest score first.

    Args:
        connection: to a catalogue.
        terms: words as `ingest.keywords.terms.query_terms` gives them.
        k: how many; at least 1.
        among: ids of the documents to look into, or None for all.
        most_rows: the budget of rows to score; common words are left out to keep to it. With `among` there is none.
    """
    rows = {term: _rows_with(connection, term, most_rows) for term in terms}
    searched = [term for term in terms if rows[term]] if among is not None else _affordable(rows, k, most_rows)
    if not searched:
        return []
    limit = _limit_of_bm25(connection, rows)
    wanted = k + _SPARE
    while True:
        best = _best_rows(connection, any_of(searched), wanted, among)
        scores = dict(best)
        ready = connection.execute(
            "SELECT c.row, c.chunk_id FROM chunks c JOIN documents d USING (document_id) "
            "WHERE d.state = 'ready' AND c.row IN (SELECT value FROM json_each(?))",
            (json.dumps(list(scores)),),
        ).fetchall()
        if len(ready) >= k or len(best) < wanted:
            names = dict(ready)
            return [(names[row], min(1.0, score / limit)) for row, score in best if row in names][:k]
        wanted *= 4


def _best_rows(
    connection: sqlite3.Connection, expression: str, limit: int, among: Collection[str] | None
) -> list[tuple[int, float]]:
    """Return the best rows of the index; their documents are looked up later, for these few only."""
    # The `+` keeps SQLite from searching once for each row of the documents.
    chosen = "AND +rowid IN (SELECT row FROM chunks WHERE document_id IN (SELECT value FROM json_each(?))) "
    return connection.execute(
        f"SELECT rowid, -bm25(keyword_index, {COLUMN_WEIGHTS}) AS score FROM keyword_index "  # noqa: S608
        f"WHERE keyword_index MATCH ? {'' if among is None else chosen}ORDER BY score DESC, rowid LIMIT ?",
        (expression, *(() if among is None else (json.dumps(list(among)),)), limit),
    ).fetchall()


def _affordable(rows: Mapping[str, int], fewest: int, most: int) -> list[str]:
    """Return the rarest terms, as many as stand in `most` rows together, but so many that `fewest` rows do."""
    kept: list[str] = []
    total = 0
    for term in sorted((t for t in rows if rows[t]), key=lambda t: rows[t]):
        if total >= fewest and total + rows[term] > most:
            break
        total += rows[term]
        kept.append(term)
    return kept


def _limit_of_bm25(connection: sqlite3.Connection, rows: Mapping[str, int]) -> float:
    """Return the sum of `idf * (k1 + 1)` with FTS5's idf; words that stand nowhere count too, as the rarest."""
    # FTS5 keeps the length of each row in a table of its own; counting the chunks themselves takes twenty times longer.
    (size,) = connection.execute("SELECT COUNT(*) FROM keyword_index_docsize").fetchone()
    telling = (math.log((size - n + 0.5) / (n + 0.5)) for n in (min(r, size) for r in rows.values()))
    return (_K1 + 1) * sum(max(1e-6, idf) for idf in telling)


def _rows_with(connection: sqlite3.Connection, term: str, most: int) -> int:
    """Count the rows that hold a term, up to `most` and one."""
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM (SELECT 1 FROM keyword_index WHERE keyword_index MATCH ? LIMIT ?)",
        (any_of([term]), most + 1),
    ).fetchone()
    return int(count)
