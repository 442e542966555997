from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.documents import Chunk, DocumentRecord, Incoming, LoadedDocument
from ingest.library import Library
from ingest.vectors import search as vector_search
from ingest.vectors import table as vector_table
from ingest.vectors.exact_search import largest
from tests.ingest.conftest import HashingEmbedder

Commit = Callable[..., DocumentRecord]


@pytest.fixture(params=["compared", "index"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test here runs with both ways of searching."""
    if request.param == "index":
        monkeypatch.setattr(vector_search, "MAX_COMPARED", -1)
        monkeypatch.setattr(vector_search, "_FEW", -1)
    return str(request.param)


def texts_of(library: Library, query: str, k: int, among: list[str] | None = None) -> list[str]:
    return [c.text for c in library.chunks([i for i, _ in library.search_vectors(query, k, among=among)])]


def add(library: Library, source: str, texts: list[str]) -> DocumentRecord:
    chunks, start = [], 0
    for text in texts:
        chunks.append(Chunk(text, start, start + len(text), None, ()))
        start += len(text) + 1
    whole = LoadedDocument("\n".join(texts), "text/plain", source)
    return library.commit_many([Incoming(source, whole, f"sha of {source}", len(whole.text), chunks=chunks)])[0]


@pytest.mark.usefixtures("way")
def test_hundreds_of_equal_passages_hide_no_other_one(library: Library) -> None:
    # given a footer on every page, beside as many passages that each say something else
    others = [f"word{n} and token{7 * n} in passage{n}" for n in range(200)]
    for part in range(3):
        add(library, f"{part}.txt", ["Confidential. Do not copy."] * 100 + others[part::3])
    # when each passage is asked for in its own words, then it comes first
    assert [texts_of(library, text, 1)[0] for text in others] == others
    # and of the footer, others follow it soon
    found = texts_of(library, "Confidential. Do not copy.", 10)
    assert found[0] == "Confidential. Do not copy." and len(set(found)) >= 7
    # but where there is room, every copy is told
    assert len(texts_of(library, "Confidential", 1000)) == library.count() == 500


@pytest.mark.usefixtures("way")
def test_the_copies_of_one_document_are_found_among_many(library: Library) -> None:
    for n in range(20):
        add(library, f"{n}.txt", ["The copper kettle holds two litres.", f"It stands in room {n}."])
    one = next(r.document_id for r in library.documents() if r.source == "13.txt")
    assert texts_of(library, "copper kettle", 5, [one]) == [
        "The copper kettle holds two litres.", "It stands in room 13."
    ]  # fmt: skip


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("narrow", [0, 10_000])
def test_a_filter_finds_the_best_of_its_own_however_broad_it_is(
    library: Library, monkeypatch: pytest.MonkeyPatch, narrow: int
) -> None:
    monkeypatch.setattr(vector_search, "_NARROW", narrow)
    monkeypatch.setattr(vector_search, "_WIDEST", 100)
    for n in range(120):
        add(library, f"{n}.txt", [f"The copper kettle of room {n}." if n % 2 else f"Weather and kettle in area {n}."])
    weather = [r.document_id for r in library.documents() if int(r.source[:-4]) % 2 == 0]
    found = texts_of(library, "the copper kettle of room", 60, weather)
    assert len(found) == 60 and all("area" in text for text in found)
    vector = library.embedder.embed_query("the copper kettle of room")
    scores = library.vectors_of([f"{i}-000000" for i in weather]) @ vector
    assert [s for _, s in library.search_vectors("the copper kettle of room", 5, among=weather)] == pytest.approx(
        np.sort(scores)[::-1][:5], abs=1e-5
    )


@pytest.mark.usefixtures("way")
def test_what_comes_and_goes_is_seen(library: Library, commit: Commit) -> None:
    with Library.open(library.folder, library.embedder) as reader:
        for n in range(30):
            commit(f"{n}.txt", f"Report {n} about topic{n}.")
            assert texts_of(reader, f"Report {n} about topic{n}.", 1) == [f"Report {n} about topic{n}."]
        for record in library.documents()[:25]:
            library.remove(record.document_id)
        left = {library.text(r.document_id) for r in library.documents()}
        assert set(texts_of(reader, "report", 100)) == left and len(left) == 5
        commit("new.txt", "Report 3 about topic3.")
        assert texts_of(reader, "Report 3 about topic3.", 1) == ["Report 3 about topic3."]


@pytest.mark.usefixtures("way")
def test_a_text_that_is_removed_from_one_file_and_stays_in_another_keeps_its_vector(
    library: Library, commit: Commit
) -> None:
    commit("a.txt", "Copper kettle.")
    commit("b.txt", "Copper kettle.")
    calls = library.embedder.calls  # type: ignore[attr-defined]
    commit("a.txt", "Silver spoon.")
    assert texts_of(library, "copper", 1) == ["Copper kettle."]
    commit("b.txt", "Marble table.")
    assert "Copper kettle." not in texts_of(library, "copper", 9)
    assert library.verify().clean and library.verify().vectors == 2
    assert library.embedder.calls == calls + 2  # type: ignore[attr-defined]


def test_comparing_finds_exactly_the_nearest(library: Library) -> None:
    add(library, "a.txt", [f"alpha{n} beta{n % 7} gamma{n % 11}" for n in range(300)])
    chunks = library.document_chunks(library.documents()[0].document_id)
    vectors = library.vectors_of([c.chunk_id for c in chunks])
    for query in ("beta3 gamma5", "alpha7", "beta1"):
        similarities = vectors @ library.embedder.embed_query(query)
        expected = np.sort(similarities)[::-1][:20]
        assert [s for _, s in library.search_vectors(query, 20)] == pytest.approx(expected, abs=1e-6)


def test_a_library_that_outgrows_comparing_is_searched_by_its_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_search, "MAX_COMPARED", 3)
    with Library.open(tmp_path / "library", HashingEmbedder()) as library:
        for n in range(6):
            add(library, f"{n}.txt", [f"Report about topic{n}."])
            assert texts_of(library, f"topic{n}", 1) == [f"Report about topic{n}."]
            assert library._use.search._compares_all(library.generation) == (n < 3)


def test_a_keyword_search_waits_for_no_writing_thread(library: Library, commit: Commit) -> None:
    record = commit("a.txt", "The copper kettle holds two litres.")
    with library._catalogue.database.transaction() as writing, ThreadPoolExecutor(1) as other:
        writing.execute("DELETE FROM keyword_index")
        ((found, _),) = other.submit(library.search_keywords, "kettle", 5).result(timeout=20)
        writing.execute("ROLLBACK")
        writing.execute("BEGIN")
    assert found.startswith(record.document_id)
    library.remove(record.document_id)
    assert library.search_keywords("kettle", 5) == []


def test_vectors_are_read_in_the_order_of_the_file(library: Library) -> None:
    # Looking up all rows of the model and sorting them, for each block, made the first question wait 40 times as long.
    plan = library._catalogue.database.rows(f"EXPLAIN QUERY PLAN {vector_table._NEXT_BLOCK}", 0, "model", 10)
    assert [str(step[3]) for step in plan] == ["SEARCH vectors USING INTEGER PRIMARY KEY (rowid>?)"]


@pytest.mark.parametrize("k", [1, 3, 50, 100])
def test_the_largest_come_first_and_equal_ones_in_their_order(k: int) -> None:
    similarities = np.random.default_rng(0).integers(0, 9, 50).astype(np.float32)  # many ties
    assert largest(similarities, k).tolist() == np.argsort(-similarities, kind="stable")[:k].tolist()
