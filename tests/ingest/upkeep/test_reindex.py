import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.documents import DocumentRecord
from ingest.embedding.embedder import LocalEmbedder
from ingest.errors import FingerprintMismatch, LibraryDamaged, LibraryError, LibraryLocked, LibraryNotFound
from ingest.library import Library
from ingest.upkeep.reindex import reindex
from ingest.vectors import search as vector_search
from tests.ingest.conftest import HashingEmbedder, ReversedEmbedder
from tests.ingest.test_processes import PATIENCE, run, start

Commit = Callable[..., DocumentRecord]


def sql(library: Library, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(library.folder / "library.sqlite3", isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def fill(commit: Commit) -> None:
    for n, topic in enumerate(("copper", "silver", "marble")):
        commit(f"{topic}.txt", f"A report about {topic} and nothing else. " * (1 + 40 * (n % 2)))
    commit("copy.txt", "A report about copper and nothing else. ")


def best(library: Library, query: str) -> str:
    return library.chunks([library.search_vectors(query, 1)[0][0]])[0].source


def test_another_model_needs_a_reindex_which_needs_no_files(library: Library, commit: Commit) -> None:
    # given a library of one model
    fill(commit)
    keyword = library.search_keywords("silver", 9)
    library.close()
    new = ReversedEmbedder()
    with pytest.raises(FingerprintMismatch, match=r"'hashing'.*'reversed'.*`rag reindex`"):
        Library.open(library.folder, new)
    # when it is made anew for another
    seen: list[tuple[str, int, int]] = []
    report = reindex(library.folder, new, progress=lambda *now: seen.append(now))
    # then it answers with that one, of the old one nothing is left, and each distinct text was embedded once
    with Library.open(library.folder, new) as again:
        assert best(again, "A report about marble and nothing else.") == "marble.txt"
        assert again.search_keywords("silver", 9) == keyword
        assert again.verify().problems == () and again.verify().vectors == again.count() == report.chunks
    assert sql(library, "SELECT COUNT(DISTINCT model), COUNT(*) FROM vectors") == [(1, report.embedded)]
    assert report.embedded < report.chunks and report.changed and report.keywords == 0
    vectors = [now for now in seen if now[0] == "vectors"]
    assert vectors[-1] == ("vectors", report.chunks, report.chunks)
    assert [done for _, done, _ in vectors] == sorted(done for _, done, _ in vectors)
    with pytest.raises(FingerprintMismatch):
        Library.open(library.folder, library.embedder)
    # and the same again has nothing to do
    assert not reindex(library.folder, new).changed


def test_there_must_be_a_library_that_nobody_writes_to(library: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match="rag ingest"):
        reindex(tmp_path / "none", ReversedEmbedder())
    process = start(library.folder, "hold")
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    try:
        with pytest.raises(LibraryLocked):
            reindex(library.folder, ReversedEmbedder(), lock_timeout=0.1)
    finally:
        process.communicate(timeout=PATIENCE)


def test_searches_go_on_while_it_runs_and_nobody_writes(library: Library, commit: Commit) -> None:
    fill(commit)
    found: list[str] = []

    class Watched(ReversedEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
            found.append(best(library, "marble report"))
            found.append(library.chunks([library.search_keywords("marble", 1)[0][0]])[0].source)
            process = start(library.folder, "try-to-write")
            assert process.communicate(timeout=PATIENCE)[0] == "locked\n"
            return super().embed_documents(texts)

    reindex(library.folder, Watched())
    assert found and set(found) == {"marble.txt"}


def test_a_process_that_has_it_open_goes_over_to_the_new_model(
    library: Library, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(commit)
    assert best(library, "marble report") == "marble.txt"
    models = {"reversed": ReversedEmbedder()}
    monkeypatch.setattr("ingest.library.current_model.LocalEmbedder", lambda name: models[name])
    reindex(library.folder, ReversedEmbedder())
    assert best(library, "A report about marble and nothing else.") == "marble.txt"
    assert library.embedder.name == "reversed"
    commit("gold.txt", "A gold ring.")
    assert best(library, "A gold ring.") == "gold.txt"
    assert library.verify().clean


def test_a_process_that_cannot_have_the_new_model_says_so_and_writes_nothing(library: Library, commit: Commit) -> None:
    fill(commit)
    reindex(library.folder, ReversedEmbedder())  # which is no sentence-transformers model
    for use in (
        lambda: library.search_vectors("marble", 1),
        lambda: commit("gold.txt", "A gold ring."),
        library.verify,
    ):
        with pytest.raises(FingerprintMismatch, match="'reversed'"):
            use()
    assert library.search_keywords("gold", 3) == []


def test_interrupted_it_goes_on_where_it_was(library: Library, commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.upkeep.reindex._TOGETHER", 2)
    fill(commit)
    distinct = len(sql(library, "SELECT DISTINCT hash FROM chunks"))
    before = library.search_vectors("marble report", 50)

    class Breaks(ReversedEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if self.calls == 1:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    with pytest.raises(KeyboardInterrupt):
        reindex(library.folder, Breaks())
    # the old model answers as it did, also after a restart and after documents came and went
    assert library.search_vectors("marble report", 50) == before
    library.remove(next(r.document_id for r in library.documents() if r.source == "marble.txt"))
    commit("gold.txt", "A gold ring.")
    with Library.open(library.folder, library.embedder) as old:
        assert best(old, "gold ring") == "gold.txt" and old.verify().clean
    new = ReversedEmbedder()
    report = reindex(library.folder, new)
    assert 0 < report.embedded <= distinct - 2 + 1
    with Library.open(library.folder, new) as again:
        assert best(again, "A gold ring.") == "gold.txt"
        assert again.verify().clean and again.verify().vectors == again.count()


MOMENTS = [
    ("before", "VectorTable", "add", 2),
    ("after", "ChromaFolder", "upsert", 2),
    ("before", "Fingerprint", "write", 1),
    ("after", "Fingerprint", "write", 1),
    ("after", "MetaTable", "move_generation", 1),
    ("before", "ChromaFolder", "drop_others", 1),
    ("after", "ChromaFolder", "drop_others", 1),
    ("after", "KeywordRebuild", "_add", 1),
    ("after", "KeywordRebuild", "_exchange", 1),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: "-".join(map(str, m)))
def test_killed_at_any_step_one_of_both_models_answers_and_the_next_run_completes_it(
    library: Library, commit: Commit, moment: tuple[str, str, str, int]
) -> None:
    fill(commit)
    if moment[1] == "KeywordRebuild":
        path = library.folder / "fingerprint.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "keywords": 0}))
    library.close()
    process = start(library.folder, "die-reindexing", *moment)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == -9, errors
    stored = json.loads((library.folder / "fingerprint.json").read_text())
    if stored["model"] == "reversed":
        with Library.open(library.folder, ReversedEmbedder()) as new:  # opening tidies up
            assert new.verify().clean
        assert sql(library, "SELECT COUNT(DISTINCT model) FROM vectors") == [(1,)]
    else:
        with Library.open(library.folder, HashingEmbedder()) as old:
            assert best(old, "marble report") == "marble.txt" and old.verify().clean
    run(library.folder, "reindex")
    with Library.open(library.folder, ReversedEmbedder()) as again:
        assert best(again, "A report about marble and nothing else.") == "marble.txt"
        assert len(again.search_keywords("report", 500)) == again.count()
        assert again.verify().problems == ()
    assert sql(library, "SELECT COUNT(DISTINCT model) FROM vectors") == [(1,)]


@pytest.mark.parametrize("damage", ["{", "[]", '{"model": "x"}', None])
def test_a_library_that_forgot_its_model_is_made_anew(library: Library, commit: Commit, damage: str | None) -> None:
    fill(commit)
    path = library.folder / "fingerprint.json"
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises(LibraryDamaged, match=r"fingerprint\.json.*`rag reindex`"):
        Library.open(library.folder, HashingEmbedder())
    reindex(library.folder, HashingEmbedder())
    with Library.open(library.folder, HashingEmbedder()) as again:
        assert best(again, "marble report") == "marble.txt" and again.verify().clean


def test_a_model_that_gives_nonsense_leaves_the_old_one(library: Library, commit: Commit) -> None:
    fill(commit)

    class Nonsense(ReversedEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.zeros((len(texts), 3), dtype=np.float32)

    with pytest.raises(LibraryError, match=r"gave \(\d+, 3\)"):
        reindex(library.folder, Nonsense())
    assert best(library, "marble report") == "marble.txt"


def test_a_real_model_takes_over_from_a_small_one(
    library: Library, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit("kitchen.txt", "Descale the espresso machine every two months.")
    commit("office.txt", "The lease ends on 31 December.")
    reindex(library.folder, LocalEmbedder())
    # the open library goes over to it by itself, and so does one that is searched by its index
    assert best(library, "When does the rental contract expire?") == "office.txt"
    monkeypatch.setattr(vector_search, "MAX_COMPARED", 0)
    with Library.open(library.folder, LocalEmbedder()) as again:
        assert best(again, "How often is limescale removed?") == "kitchen.txt"
