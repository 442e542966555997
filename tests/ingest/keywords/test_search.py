"""The keyword search on a catalogue of its own, with a budget small enough to be reached."""

import sqlite3
from collections.abc import Iterator

import pytest

from ingest.catalogue.schema import create_or_migrate
from ingest.keywords.search import keyword_search
from ingest.keywords.terms import index_text

TEXTS = ["pump", "pump valve", "pump pump kettle", "pump seal", "valve", "rare valve pump"]


@pytest.fixture
def catalogue() -> Iterator[sqlite3.Connection]:
    """Six documents of one chunk each, called `0` to `5`."""
    connection = sqlite3.connect(":memory:")
    create_or_migrate(connection)
    for row, text in enumerate(TEXTS, 1):
        name = str(row - 1)
        connection.execute(
            "INSERT INTO documents (document_id, source, title, mime, sha256, size, state, chunks, characters, "
            "ingested_at, pages, text) VALUES (?, ?, '', '', '', 0, 'ready', 1, 0, '', '[]', ?)",
            (name, name, text),
        )
        connection.execute("INSERT INTO sources (source, document_id) VALUES (?, ?)", (name, name))
        connection.execute(
            'INSERT INTO chunks (row, chunk_id, document_id, start, "end", heading_path, text) '
            "VALUES (?, ?, ?, 0, 0, '[]', ?)",
            (row, name, name, text),
        )
        connection.execute("INSERT INTO keyword_index (rowid, body) VALUES (?, ?)", (row, index_text(text)))
    yield connection
    connection.close()


def names(hits: list[tuple[str, float]]) -> set[str]:
    return {name for name, _ in hits}


def test_any_word_is_enough_and_rare_words_count_most(catalogue: sqlite3.Connection) -> None:
    hits = keyword_search(catalogue, ["rare", "pump", "nowhere"], 10)
    assert hits[0][0] == "5"
    assert names(hits) == {"0", "1", "2", "3", "5"}
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)


def test_common_words_are_left_out_when_rarer_ones_find_enough(catalogue: sqlite3.Connection) -> None:
    assert names(keyword_search(catalogue, ["pump", "rare"], 1, most_rows=2)) == {"5"}
    assert names(keyword_search(catalogue, ["pump", "valve"], 3, most_rows=4)) == {"1", "4", "5"}


def test_but_not_when_these_find_too_little_or_there_are_no_others(catalogue: sqlite3.Connection) -> None:
    assert len(keyword_search(catalogue, ["pump", "rare"], 5, most_rows=2)) == 5
    assert len(keyword_search(catalogue, ["pump"], 2, most_rows=1)) == 2


def test_among_given_documents_every_word_is_searched(catalogue: sqlite3.Connection) -> None:
    assert names(keyword_search(catalogue, ["pump", "rare"], 5, among={"3", "4"}, most_rows=2)) == {"3"}
    assert keyword_search(catalogue, ["pump"], 5, among=set()) == []


def test_documents_in_the_making_take_no_places(catalogue: sqlite3.Connection) -> None:
    for n in range(10, 50):
        catalogue.execute(
            "INSERT INTO documents (document_id, source, title, mime, sha256, size, state, error, chunks, characters, "
            "ingested_at, pages, text, language) SELECT ?, ?, title, mime, sha256, size, 'pending', error, chunks, "
            "characters, ingested_at, pages, text, language FROM documents WHERE document_id = '0'",
            (str(n), str(n)),
        )
        catalogue.execute(
            'INSERT INTO chunks (row, chunk_id, document_id, start, "end", heading_path, text) '
            "VALUES (?, ?, ?, 0, 0, '[]', '')",
            (n, str(n), str(n)),
        )
        catalogue.execute("INSERT INTO keyword_index (rowid, body) VALUES (?, 'kettle')", (n,))
    assert names(keyword_search(catalogue, ["kettle"], 3)) == {"2"}


def test_scores_are_shares_of_what_all_the_words_could_reach(catalogue: sqlite3.Connection) -> None:
    ((_, whole),) = keyword_search(catalogue, ["rare"], 1)
    ((_, half),) = keyword_search(catalogue, ["rare", "nowhere"], 1)
    assert 0.3 < whole < 1
    assert half < 0.6 * whole


def test_no_words_find_nothing(catalogue: sqlite3.Connection) -> None:
    assert keyword_search(catalogue, [], 5) == []
    assert keyword_search(catalogue, ["nowhere"], 5, most_rows=1) == []
