import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.documents import DocumentRecord
from ingest.job import ingest
from ingest.library import Library

TEXT = "A report about the copper kettle and what was boiled in it. " * 40


def sql(library: Library, statement: str) -> None:
    connection = sqlite3.connect(library.folder / "library.sqlite3")
    with connection:
        connection.execute(statement)
    connection.close()


def delete_vectors(library: Library) -> None:
    sql(library, "DELETE FROM vectors WHERE row <= 2")


def cut_vector(library: Library) -> None:
    sql(library, "UPDATE vectors SET vector = substr(vector, 1, 100) WHERE row = 1")


def add_orphan_vector(library: Library) -> None:
    library._use.table.add([b"nobody"], library.embedder.embed_documents(["copper"]))
    library._use.index.upsert([b"nobody"], library.embedder.embed_documents(["copper"]))


def delete_from_index(library: Library) -> None:
    library._use.index.delete(sorted(library._use.table.hashes())[:1])


def add_orphan_to_index(library: Library) -> None:
    library._use.index.upsert([b"nobody"], library.embedder.embed_documents(["copper"]))


def delete_keyword_row(library: Library) -> None:
    sql(library, "DELETE FROM keyword_index WHERE rowid = 1")


def add_orphan_keywords(library: Library) -> None:
    sql(
        library,
        "INSERT INTO keyword_index (rowid, title, heading, body, identifiers) VALUES (999, '', '', 'copper', '')",
    )


def damage_keyword_index(library: Library) -> None:
    sql(library, "UPDATE keyword_index_data SET block = zeroblob(8) WHERE id > 10")


def delete_chroma_folder(library: Library) -> None:
    library.close()
    shutil.rmtree(library.folder / "chroma")


def damage_chroma_database(library: Library) -> None:
    library.close()
    (library.folder / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 100)


def leave_pending(library: Library) -> None:
    sql(
        library,
        "INSERT INTO documents SELECT 'half', 'half.txt', title, mime, sha256, size, 'pending', error, chunks, "
        "characters, ingested_at, pages, text, language, headings FROM documents LIMIT 1",
    )


DAMAGES: list[tuple[Callable[[Library], None], str]] = [
    (delete_vectors, "2 texts of chunks have no vector"),
    (cut_vector, "1 texts of chunks have no vector"),
    (add_orphan_vector, "1 vectors belong to no chunk"),
    (delete_from_index, "1 vectors are missing from their index"),
    (add_orphan_to_index, "1 entries of the index of the vectors belong to no vector"),
    (delete_keyword_row, "1 chunks are missing from the keyword index"),
    (add_orphan_keywords, "1 rows of the keyword index belong to no chunk"),
    (damage_keyword_index, "keyword index is damaged"),
    (delete_chroma_folder, "vectors are missing from their index"),
    (damage_chroma_database, "index of the vectors cannot be read"),
]


@pytest.mark.parametrize(("damage", "problem"), DAMAGES, ids=lambda d: getattr(d, "__name__", ""))
def test_damage_behind_its_back_is_found_and_mended(
    library: Library, commit: Callable[..., DocumentRecord], damage: Callable[[Library], None], problem: str
) -> None:
    commit("a.txt", TEXT)
    commit("b.txt", "Something else altogether: a silver spoon.")
    dense, keyword = library.search_vectors("copper kettle", 50), library.search_keywords("copper kettle", 50)
    damage(library)
    with Library.open(library.folder, library.embedder) as again:
        report = again.verify()
        assert not report.clean and any(problem in p for p in report.problems), report
        assert again.verify().problems == report.problems  # looking changes nothing
        mended = again.verify(repair=True)
        assert mended.clean and mended.problems == report.problems
        assert again.verify().problems == ()
        assert {i for i, _ in again.search_vectors("copper kettle", 50)} == {i for i, _ in dense}
        assert dict(again.search_keywords("copper kettle", 50)) == pytest.approx(dict(keyword))


def test_an_interrupted_document_is_reported_and_swept_by_repair(
    library: Library, commit: Callable[..., DocumentRecord]
) -> None:
    commit("a.txt", TEXT)
    leave_pending(library)
    assert library.verify().problems == ("half.txt: its ingestion was interrupted",)
    assert library.verify(repair=True).clean
    assert [r.source for r in library.documents()] == ["a.txt"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE chunks SET start = start + 1 WHERE row = 1", "not where they should be"),
        ("UPDATE documents SET text = 'x'", "not where they should be"),
        ("DELETE FROM chunks WHERE row = 2", "chunks are stored"),
        ("UPDATE chunks SET hash = x'00' WHERE row = 1", "hashes of its chunks"),
    ],
)
def test_a_damaged_document_is_marked_failed_and_read_again_by_the_next_job(
    library: Library, tmp_path: Path, statement: str, what: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    ingest(library, [path])
    sql(library, statement)
    assert any(what in p for p in library.verify().problems)
    assert library.verify(repair=True).clean
    assert library.documents()[0].state == "failed"
    assert len(ingest(library, [path]).added) == 1
    assert library.verify().clean and library.text(library.documents()[0].document_id) == TEXT


def test_the_report_counts(library: Library, commit: Callable[..., DocumentRecord]) -> None:
    record = commit("a.txt", TEXT)
    library.fail("b.txt", None, 0, "broken")
    report = library.verify()
    assert (report.documents, report.failed_documents) == (1, 1)
    assert report.chunks == report.vectors == report.keyword_rows == record.chunks > 1
    assert report.to_dict()["clean"] is True
