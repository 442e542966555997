"""BM25 over the FTS5 index, made fast for words that stand nearly everywhere.

SQLite scores every row that holds any word of a query, so one common word makes a search of 100,000 chunks slow while
it hardly moves the ranking. Words are therefore taken from the rarest on until their rows exceed a budget; a small
library never reaches it. FTS5 fixes BM25's k1 at 1.2 and b at 0.75.
"""

import sqlite3
from collections.abc import Sequence

from ingest.keywords import any_of

COLUMN_WEIGHTS = "2.0, 1.5, 1.0, 1.0"  # title, heading, body, identifiers
_MOST_ROWS = 30_000  # that are scored for one query, unless its rarest word alone has more
_FEWEST_WORDS = 1


def affordable(connection: sqlite3.Connection, terms: Sequence[str], most_rows: int = _MOST_ROWS) -> list[str]:
    """Return those of `terms` that a search scores: the rarest, as many as have `most_rows` rows together.

    Words that the index does not hold are left out.
    """
    rows = {term: _rows_with(connection, term, most_rows) for term in terms}
    kept: list[str] = []
    total = 0
    for term in sorted((t for t in terms if rows[t]), key=lambda t: rows[t]):
        total += rows[term]
        if kept and total > most_rows:
            break
        kept.append(term)
    return kept


def _rows_with(connection: sqlite3.Connection, term: str, most: int) -> int:
    """Count the rows that hold a term, up to `most` and one."""
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM (SELECT 1 FROM keyword_index WHERE keyword_index MATCH ? LIMIT ?)",
        (any_of([term]), most + 1),
    ).fetchone()
    return int(count)
