"""BM25 over the FTS5 index, made fast for words that stand nearly everywhere.

SQLite scores every row that holds any word of a query, so one common word makes a search of 100,000 chunks slow while
it hardly moves the ranking. Words are therefore taken from the rarest on until their rows exceed a budget; a small
library never reaches it. FTS5 fixes BM25's k1 at 1.2 and b at 0.75.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence

from ingest.keywords import any_of

_COLUMN_WEIGHTS = "2.0, 1.5, 1.0, 1.0"  # title, heading, body, identifiers
_MOST_ROWS = 30_000  # that are scored for one query, if the best are among them
_SPARE = 16  # rows of a document in the making may stand among the best


def keyword_search(
    connection: sqlite3.Connection,
    terms: Sequence[str],
    k: int,
    among: Collection[str] | None = None,
    most_rows: int = _MOST_ROWS,
) -> list[tuple[str, float]]:
    """Return up to `k` chunks that hold any of `terms` as `(chunk_id, BM25 score)`, the largest score first.

    Args:
        connection: to a catalogue.
        terms: words as `ingest.keywords.query_terms` gives them.
        k: how many; at least 1.
        among: ids of the documents to look into, or None for all.
        most_rows: the budget of rows to score; common words are left out to keep to it. With `among` there is none.
    """
    if among is None:
        terms = _affordable(connection, terms, k, most_rows)
    if not terms:
        return []
    wanted = k + _SPARE
    while True:
        best = _best_rows(connection, any_of(terms), wanted, among)
        scores = dict(best)
        ready = connection.execute(
            "SELECT c.row, c.chunk_id FROM chunks c JOIN documents d USING (document_id) "
            "WHERE d.state = 'ready' AND c.row IN (SELECT value FROM json_each(?))",
            (json.dumps(list(scores)),),
        ).fetchall()
        if len(ready) >= k or len(best) < wanted:
            names = dict(ready)
            return [(names[row], score) for row, score in best if row in names][:k]
        wanted *= 4


def _best_rows(
    connection: sqlite3.Connection, expression: str, limit: int, among: Collection[str] | None
) -> list[tuple[int, float]]:
    """Return the best rows of the index; their documents are looked up later, for these few only."""
    # The `+` keeps SQLite from searching once for each row of the documents.
    chosen = "AND +rowid IN (SELECT row FROM chunks WHERE document_id IN (SELECT value FROM json_each(?))) "
    return connection.execute(
        f"SELECT rowid, -bm25(keyword_index, {_COLUMN_WEIGHTS}) AS score FROM keyword_index "  # noqa: S608
        f"WHERE keyword_index MATCH ? {'' if among is None else chosen}ORDER BY score DESC, rowid LIMIT ?",
        (expression, *(() if among is None else (json.dumps(list(among)),)), limit),
    ).fetchall()


def _affordable(connection: sqlite3.Connection, terms: Sequence[str], fewest: int, most: int) -> Sequence[str]:
    """Return the rarest of `terms`, as many as stand in `most` rows together, but so many that `fewest` rows do."""
    (size,) = connection.execute("SELECT COALESCE(MAX(row), 0) FROM chunks").fetchone()
    if size <= most:
        return terms
    rows = {term: _rows_with(connection, term, most) for term in terms}
    kept: list[str] = []
    total = 0
    for term in sorted((t for t in terms if rows[t]), key=lambda t: rows[t]):
        if total >= fewest and total + rows[term] > most:
            break
        total += rows[term]
        kept.append(term)
    return kept


def _rows_with(connection: sqlite3.Connection, term: str, most: int) -> int:
    """Count the rows that hold a term, up to `most` and one."""
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM (SELECT 1 FROM keyword_index WHERE keyword_index MATCH ? LIMIT ?)",
        (any_of([term]), most + 1),
    ).fetchone()
    return int(count)
