import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.documents import DocumentRecord, Heading, Incoming, LoadedDocument, PageSpan
from ingest.errors import (
    DocumentNotFound,
    FingerprintMismatch,
    LibraryClosed,
    LibraryError,
    LibraryLocked,
    LibraryNotFound,
)
from ingest.library import Library
from ingest.splitting.splitter import SplitterSettings

Commit = Callable[..., DocumentRecord]


def sources(library: Library, hits: list[tuple[str, float]]) -> list[str]:
    return [chunk.source for chunk in library.chunks([chunk_id for chunk_id, _ in hits])]


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.documents() == [] and library.count() == 0
    assert library.search_vectors("x", 5) == library.search_keywords("x", 5) == library.chunks(["x"]) == []
    assert library.verify().clean


def test_a_committed_document_is_found_stored_and_counted(library: Library, commit: Commit) -> None:
    before = library.generation
    record = commit("a.txt", "The red fox hunts at night.")
    assert (record.state, record.chunks, record.characters) == ("ready", 1, 27)
    assert library.document(record.document_id) == record == library.documents()[0]
    assert library.text(record.document_id) == "The red fox hunts at night."
    assert library.count() == 1 and library.generation > before
    (chunk,) = library.document_chunks(record.document_id)
    assert chunk.chunk_id == f"{record.document_id}-000000"
    ((dense_id, similarity),) = library.search_vectors("red fox", 10)  # k is larger than the library
    ((keyword_id, score),) = library.search_keywords("foxes", 10)
    assert dense_id == keyword_id == chunk.chunk_id
    assert 0.3 < similarity <= 1.0 and score > 0


def test_the_best_come_first_and_no_more_than_asked(library: Library, commit: Commit) -> None:
    for n in range(30):
        commit(f"{n}.txt", f"Report number {n} about topic{n} and " + "weather " * n)
    for search in (library.search_vectors, library.search_keywords):
        hits = search("topic7 weather", 5)
        assert len(hits) == 5
        assert [s for _, s in hits] == sorted((s for _, s in hits), reverse=True)
        assert search("topic7", 0) == []
    assert sources(library, library.search_keywords("topic7", 5)) == ["7.txt"]
    assert sources(library, library.search_vectors("Report number 3 about topic3 and weather weather weather", 1)) == [
        "3.txt"
    ]


def test_a_search_among_some_documents_finds_the_best_of_theirs(library: Library, commit: Commit) -> None:
    # given many documents that fit the question better than two others
    for n in range(40):
        commit(f"{n}.txt", f"copper kettle {n}")
    rest = [commit(f"other{n}.txt", f"weather report, one kettle, area {n}").document_id for n in range(2)]
    for search in (library.search_vectors, library.search_keywords):
        # when only those two are searched, then they are found, the unknown id notwithstanding
        hits = search("copper kettle", 5, among=[*rest, "unknown"])
        assert set(sources(library, hits)) == {"other0.txt", "other1.txt"}
        assert [s for _, s in hits] == sorted((s for _, s in hits), reverse=True)
        assert len(search("copper kettle", 1, among=rest)) == 1
        assert search("copper kettle", 5, among=[]) == search("copper kettle", 5, among=["unknown"]) == []
    library.remove(rest[0])
    assert sources(library, library.search_vectors("copper kettle", 5, among=rest)) == ["other1.txt"]


def test_a_new_version_replaces_the_old_one_everywhere(library: Library, commit: Commit) -> None:
    old = commit("a.txt", "Copper kettle.")
    new = commit("a.txt", "Silver spoon.")
    assert [r.document_id for r in library.documents()] == [new.document_id] != [old.document_id]
    assert library.search_keywords("copper", 5) == []
    assert library.chunks([f"{old.document_id}-000000"]) == []
    assert len(library.search_vectors("copper kettle", 5)) == library.count() == 1
    with pytest.raises(DocumentNotFound):
        library.text(old.document_id)
    assert library.verify().clean


def test_the_same_content_again_changes_nothing_and_embeds_nothing(library: Library, commit: Commit) -> None:
    first = commit("a.txt", "Copper kettle.")
    generation, calls = library.generation, library.embedder.calls  # type: ignore[attr-defined]
    assert commit("a.txt", "Copper kettle.") == first
    assert (library.generation, library.embedder.calls) == (generation, calls)  # type: ignore[attr-defined]


def test_identical_text_in_two_files_and_twice_in_one_is_kept_apart(library: Library, commit: Commit) -> None:
    paragraph = "The same paragraph about a lighthouse keeper stands here once more. " * 14
    one, two = commit("a.txt", paragraph + "\n\n" + paragraph), commit("b.txt", paragraph + "\n\n" + paragraph)
    assert one.chunks == two.chunks > 1
    assert library.count() == one.chunks + two.chunks
    library.remove(one.document_id)
    assert set(sources(library, library.search_vectors("lighthouse", 50))) == {"b.txt"}
    assert library.verify().clean


def test_a_removed_document_is_gone(library: Library, commit: Commit) -> None:
    record = commit("a.txt", "Copper kettle.")
    commit("b.txt", "Silver spoon.")
    library.remove(record.document_id)
    assert sources(library, library.search_vectors("copper kettle", 5)) == ["b.txt"]
    assert library.search_keywords("copper", 5) == []
    with pytest.raises(DocumentNotFound, match="no document"):
        library.remove(record.document_id)


def test_a_failed_document_is_listed_with_its_reason_and_answers_nothing(library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle.")
    record = library.fail("a.txt", "0" * 64, 3, "it is broken")
    assert (record.state, record.error, record.chunks) == ("failed", "it is broken", 0)
    assert library.documents() == [record]
    assert library.search_keywords("copper", 5) == library.search_vectors("copper", 5) == []
    assert commit("a.txt", "Mended kettle.").state == "ready"
    assert len(library.documents()) == 1
    assert library.verify().clean


def test_a_file_that_cannot_be_read_now_keeps_its_earlier_answers(library: Library, commit: Commit) -> None:
    record = commit("a.txt", "Copper kettle.")
    assert library.fail("a.txt", None, 0, "the drive is away") == record
    assert len(library.search_keywords("copper", 5)) == 1


def test_chunks_come_in_the_order_asked(library: Library, commit: Commit) -> None:
    ids = [f"{commit(f'{n}.txt', f'text {n}').document_id}-000000" for n in range(3)]
    asked = [ids[2], "unknown", ids[0], ids[2]]
    assert [c.chunk_id for c in library.chunks(asked)] == [ids[2], ids[0], ids[2]]


def test_pages_and_headings_survive_storage(library: Library) -> None:
    pages = (PageSpan(1, 0, 5), PageSpan(2, 7, 12))
    headings = (Heading(1, "first", 0), Heading(2, "secnd", 7))
    document = LoadedDocument(
        "first\n\nsecnd", "application/pdf", "T", pages, headings, warning="page 3 has no text layer"
    )
    record = library.commit("x.pdf", document, "0" * 64, 10)
    assert library.pages(record.document_id) == pages
    assert library.headings(record.document_id) == headings
    assert record.error == "page 3 has no text layer"
    assert library.document_chunks(record.document_id)[0].page == 1


def test_a_document_without_text_is_refused_and_leaves_nothing(library: Library, commit: Commit) -> None:
    with pytest.raises(ValueError, match="no text"):
        commit("a.txt", " \n ")
    assert library.documents() == []


def test_an_embedder_that_fails_leaves_the_old_version(library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle.")
    works = library.embedder.embed_documents

    def breaks(texts: object) -> np.ndarray:
        raise KeyboardInterrupt

    library.embedder.embed_documents = breaks  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        commit("a.txt", "Silver spoon.")
    library.embedder.embed_documents = works  # type: ignore[method-assign]
    assert len(library.search_keywords("copper", 5)) == 1
    assert [r.state for r in library.documents()] == ["ready"]
    assert library.verify().clean


def test_large_documents_are_embedded_in_bounded_batches(library: Library) -> None:
    text = "A sentence about nothing in particular that is neither short nor long. " * 2500
    seen: list[tuple[int, int]] = []
    largest = 0
    works = library.embedder.embed_documents

    def watched(texts: list[str]) -> np.ndarray:
        nonlocal largest
        largest = max(largest, len(texts))
        return works(texts)

    library.embedder.embed_documents = watched  # type: ignore[method-assign,assignment]
    document = LoadedDocument(text, "text/plain", "t")
    record = library.commit("a", document, hashlib.sha256(b"a").hexdigest(), 1, progress=lambda *p: seen.append(p))
    assert largest <= 512 and len(seen) > 1
    assert seen[-1] == (record.chunks, record.chunks)


def test_it_reopens_with_what_it_had(library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle.")
    library.close()
    with Library.open(library.folder, library.embedder, create=False) as again:
        assert sources(again, again.search_vectors("copper", 3)) == ["a.txt"]


def test_a_closed_library_says_what_to_do(library: Library, commit: Commit) -> None:
    record = commit("a.txt", "Copper kettle.")
    library.close()
    library.close()  # twice is harmless
    for use in (
        lambda: library.generation,
        library.documents,
        lambda: library.text(record.document_id),
        lambda: library.search_vectors("copper", 3),
        lambda: library.search_keywords("copper", 3),
        lambda: commit("b.txt", "Silver spoon."),
        lambda: library.remove(record.document_id),
        library.verify,
        library.history.jobs,
    ):
        with pytest.raises(LibraryClosed, match=r"was closed; open it again with `Library\.open`"):
            use()
    with Library.open(library.folder, library.embedder) as again:  # nothing of it was lost, and nobody holds the lock
        assert sources(again, again.search_keywords("copper", 3)) == ["a.txt"]


@pytest.mark.parametrize("of", ["document", "text", "pages", "headings", "remove"])
def test_an_unknown_document_is_an_error_that_names_it(library: Library, of: str) -> None:
    with pytest.raises(DocumentNotFound, match="no document has the id 'unknown'"):
        getattr(library, of)("unknown")


def test_opening_without_creating_makes_nothing(tmp_path: Path, library: Library) -> None:
    with pytest.raises(LibraryNotFound, match="rag ingest"):
        Library.open(tmp_path / "none", library.embedder, create=False)
    assert not (tmp_path / "none").exists()


def test_another_model_or_splitter_is_refused_by_name(library: Library) -> None:
    with pytest.raises(FingerprintMismatch, match=r"'hashing'.*chunk_units 200.*chunk_units 100.*--collection"):
        Library.open(library.folder, library.embedder, SplitterSettings(chunk_units=100))
    stored = json.loads((library.folder / "fingerprint.json").read_text())
    (library.folder / "fingerprint.json").write_text(json.dumps({**stored, "fingerprint": "x", "model": "bge"}))
    with pytest.raises(FingerprintMismatch, match="'bge'"):
        Library.open(library.folder, library.embedder)


def test_a_keyword_index_of_an_earlier_version_is_made_again(library: Library, commit: Commit) -> None:
    commit("a.txt", "圖書館 opens at nine.")
    commit("b.txt", "Copper kettle.")
    with closing(sqlite3.connect(library.folder / "library.sqlite3", isolation_level=None)) as database:
        database.execute("DELETE FROM keyword_index")
    path = library.folder / "fingerprint.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "keywords": 0}))
    with Library.open(library.folder, library.embedder) as again:
        assert sources(again, again.search_keywords("图书馆", 3)) == ["a.txt"]
        assert sources(again, again.search_keywords("kettles", 3)) == ["b.txt"]
        assert again.verify().clean
    assert json.loads(path.read_text())["keywords"] > 0
    path.write_text(json.dumps({**json.loads(path.read_text()), "keywords": 10**6}))
    with pytest.raises(FingerprintMismatch, match="keyword index 1000000"):
        Library.open(library.folder, library.embedder)


def test_damaged_files_are_an_error_that_says_which(tmp_path: Path, library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle.")
    (library.folder / "fingerprint.json").unlink()
    with pytest.raises(LibraryError, match=r"fingerprint\.json is missing"):
        Library.open(library.folder, library.embedder)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "library.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library.open(tmp_path / "bad", library.embedder)


def test_a_second_writer_waits_and_is_told_while_readers_go_on(library: Library, commit: Commit) -> None:
    record = commit("a.txt", "Copper kettle.")
    with Library.open(library.folder, library.embedder, lock_timeout=0.1) as second, library.writing():
        with library.writing():  # reentrant
            pass
        for write in (lambda: second.remove(record.document_id), second.verify):
            with pytest.raises(LibraryLocked, match="another ingestion"):
                write()
        assert len(second.search_vectors("copper", 3)) == len(second.search_keywords("copper", 3)) == 1


def test_two_libraries_in_one_process_see_each_other(library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle.")
    with Library.open(library.folder, library.embedder) as second:
        assert len(second.search_vectors("copper", 5)) == 1
        commit("b.txt", "Silver spoon.")
        assert len(second.search_vectors("copper", 5)) == 2
        second.remove(second.documents()[0].document_id)
        assert sources(library, library.search_vectors("copper", 5)) == ["b.txt"]
    assert sources(library, library.search_vectors("copper", 5)) == ["b.txt"]  # closing one leaves the other open


def test_threads_may_search_while_one_writes(library: Library, commit: Commit) -> None:
    commit("a.txt", "Copper kettle zero.")
    errors: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        try:
            while not stop.is_set():
                assert library.search_vectors("copper kettle", 3)
                assert library.search_keywords("copper", 3)
                assert library.documents()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(15):
        commit("a.txt", f"Copper kettle {n}.")
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert library.count() == 1 and library.verify().clean


def test_many_documents_are_committed_together(library: Library) -> None:
    # given a batch in which one document stands twice and one is there already
    def incoming(name: str, text: str) -> Incoming:
        return Incoming(name, LoadedDocument(text, "text/plain", name), f"sha of {text}", len(text))

    before = library.commit("a.txt", LoadedDocument("Alpha stays.", "text/plain", "a.txt"), "sha of Alpha stays.", 12)
    batch = [incoming("a.txt", "Alpha stays."), incoming("b.txt", "Beta is new."), incoming("b.txt", "Beta is new.")]

    # when it is committed
    records = library.commit_many(batch)

    # then each is there once, ready, and findable
    assert records[0] == before
    assert records[1] == records[2]
    assert [r.state for r in library.documents()] == ["ready", "ready"]
    assert library.chunks([library.search_keywords("beta", 1)[0][0]])[0].source == "b.txt"
    assert library.verify().clean


def test_a_batch_with_an_empty_document_stores_nothing(library: Library) -> None:
    good = Incoming("a.txt", LoadedDocument("Alpha.", "text/plain", "a"), "1", 6)
    empty = Incoming("b.txt", LoadedDocument("  ", "text/plain", "b"), "2", 2)
    with pytest.raises(ValueError, match=r"b\.txt.*no text"):
        library.commit_many([good, empty])
    assert library.documents() == []
