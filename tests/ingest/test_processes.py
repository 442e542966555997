"""What another process does is seen at once, and a process that is killed costs nothing."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import ingest as package
from ingest.job import ingest
from ingest.library import Library, LibraryDamaged, LibraryLocked

PATIENCE = 240  # seconds, for a busy machine
WRITER = Path(__file__).with_name("writer_process.py")
TOPICS = ["copper", "silver", "marble", "timber", "velvet", "granite"]


def start(library_folder: Path, action: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WRITER), str(library_folder), action, *map(str, arguments)]
    path = os.pathsep.join([str(Path(package.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, "PYTHONPATH": path}
    )


def run(library_folder: Path, action: str, *arguments: object) -> None:
    process = start(library_folder, action, *arguments)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors


def write_files(folder: Path, version: int) -> None:
    folder.mkdir(exist_ok=True)
    for n, topic in enumerate(TOPICS):
        sentence = f"Version{version} of the {topic} report, which is about {topic} and nothing else. "
        (folder / f"{topic}.txt").write_text(sentence * (1 if n % 2 else 60))


def found(library: Library, query: str) -> tuple[set[str], set[str]]:
    """Return the titles that dense and keyword search find."""
    both = (library.search_vectors(query, 1), library.search_keywords(query, 1))
    first, second = ({c.title for c in library.chunks([i for i, _ in hits])} for hits in both)
    return first, second


def test_a_reader_sees_what_another_process_adds_replaces_and_deletes(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 1)
    ingest(library, [docs / "silver.txt"])
    assert found(library, "silver") == ({"silver"}, {"silver"})  # its vectors' client is open now
    run(library.folder, "ingest", docs)
    assert found(library, "granite") == ({"granite"}, {"granite"})
    (docs / "granite.txt").write_text("Now all about obsidian.")
    (docs / "marble.txt").unlink()
    run(library.folder, "ingest", docs)
    assert found(library, "obsidian") == ({"granite"}, {"granite"})
    assert "marble" not in {c.title for c in library.chunks([i for i, _ in library.search_vectors("marble", 500)])}
    run(library.folder, "remove", docs / "granite.txt")
    assert found(library, "obsidian")[1] == set()
    everything = library.search_vectors("report", 500)
    assert len(everything) == library.count()
    assert {c.title for c in library.chunks([i for i, _ in everything])} == {"copper", "silver", "timber", "velvet"}
    # And this process can write after the other did.
    write_files(docs, 2)
    ingest(library, [docs])
    assert library.verify().clean


def test_another_process_that_writes_locks_us_out_but_not_our_readers(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("copper")
    ingest(library, [tmp_path / "a.txt"])
    process = start(library.folder, "hold")
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    try:
        with pytest.raises(LibraryLocked):
            ingest(library, [tmp_path / "a.txt"])
        with Library.open(library.folder, library.embedder) as reader:  # does not wait, does not sweep
            assert len(reader.search_vectors("copper", 3)) == 1
    finally:
        process.communicate(timeout=PATIENCE)
    assert ingest(library, [tmp_path / "a.txt"]).exit_status == 0


def check_after_a_crash(library: Library, docs: Path) -> None:
    """Every source answers with one whole version; the next run completes the work, and nothing is doubled."""
    assert library.verify().clean  # opening swept what was left
    for record in library.documents():
        assert record.state == "ready"
        assert len(library.document_chunks(record.document_id)) == record.chunks
    assert len({r.source for r in library.documents()}) == len(library.documents())
    report = ingest(library, [docs], prune=True)
    assert report.exit_status == 0
    assert {Path(r.source).stem for r in library.documents()} == set(TOPICS)
    assert all("Version2" in library.text(r.document_id) for r in library.documents())
    everything = library.search_vectors("report", 1000)
    assert len(everything) == len(set(everything)) == library.count() == sum(r.chunks for r in library.documents())
    assert library.search_keywords("Version1", 10) == []
    assert library.verify().clean


MOMENTS = [
    ("after", "Catalogue", "begin", 2),
    ("before", "ChromaFolder", "upsert", 1),
    ("after", "ChromaFolder", "upsert", 1),
    ("after", "VectorTable", "add", 1),
    ("after", "KeywordIndex", "add", 1),
    ("before", "Catalogue", "finish", 2),
    ("after", "Catalogue", "finish", 3),
    ("after", "ChromaFolder", "delete", 1),
    ("after", "VectorTable", "delete", 1),
    ("before", "Catalogue", "unlink", 1),
    ("after", "Catalogue", "unlink", 1),
    ("before", "Catalogue", "link", 1),
    ("after", "Catalogue", "link", 1),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: "-".join(map(str, m)))
def test_kill_9_at_every_step_loses_and_doubles_nothing(
    library: Library, tmp_path: Path, moment: tuple[str, str, str, int]
) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 2)
    (docs / "granite.txt").rename(docs / "before.txt")  # will be moved back
    write_files(docs, 1)
    (docs / "granite.txt").unlink()
    (docs / "gone.txt").write_text("This file will be gone.")
    ingest(library, [docs])
    library.close()
    write_files(docs, 2)
    (docs / "gone.txt").unlink()
    (docs / "before.txt").unlink()
    process = start(library.folder, "die", *moment, docs)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, errors
    with Library.open(library.folder, library.embedder) as after:
        check_after_a_crash(after, docs)


def test_kill_9_at_ten_random_moments_loses_and_doubles_nothing(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    moments = random.Random(7)
    for version in range(1, 11):
        # given files that are new or edited
        write_files(docs, version if version < 10 else 2)
        # when a run over them is killed somewhere
        process = start(library.folder, "slowly", docs)
        assert process.stdout is not None and process.stdout.readline() == "started\n"
        time.sleep(moments.uniform(0.0, 1.5))
        parsers = psutil.Process(process.pid).children() if process.poll() is None else []
        process.kill()
        process.communicate(timeout=PATIENCE)
        # then what is there is whole, and no parser is left behind
        with Library.open(library.folder, library.embedder) as after:
            assert after.verify().clean
            sources = [r.source for r in after.documents()]
            assert len(set(sources)) == len(sources) and all(r.state == "ready" for r in after.documents())
        _, alive = psutil.wait_procs(parsers, timeout=10)
        assert alive == []
    with Library.open(library.folder, library.embedder) as after:
        check_after_a_crash(after, docs)
        assert {job.state for job in after.history.jobs(100)[1:]} <= {"interrupted", "done"}


def test_two_ingestions_at_once_take_turns(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 2)
    processes = [start(library.folder, "ingest", docs) for _ in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output) == (0, "0\n"), errors
    with Library.open(library.folder, library.embedder) as after:
        assert sorted(j.counts.get("added", 0) for j in after.history.jobs()) == [0, len(TOPICS)]
        check_after_a_crash(after, docs)


def test_a_full_disk_stops_the_run_and_loses_nothing(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("A report about copper.")
    ingest(library, [docs])
    library.close()
    for n in range(40):
        (docs / f"{n}.txt").write_text("".join(f"Sentence {m} of file {n} says {m * n}. " for m in range(2000)))
    output, errors = start(library.folder, "full", docs).communicate(timeout=PATIENCE)
    assert "make room on the disk" in output or "cannot be used" in output, output + errors
    with Library.open(library.folder, library.embedder) as after:
        assert after.verify(repair=True).clean
        assert after.find_source(str(docs / "a.txt")) is not None and len(after.search_keywords("copper", 3)) == 1
        assert ingest(after, [docs]).exit_status == 0
        assert len(after.documents()) == 41 and after.verify().clean


def test_a_deleted_chroma_folder_is_found_and_made_again(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 2)
    ingest(library, [docs])
    library.close()
    shutil.rmtree(library.folder / "chroma")
    with Library.open(library.folder, library.embedder) as after:
        (docs / "copper.txt").write_text("Version2 of something new.")
        assert ingest(after, [docs]).exit_status == 0  # the run itself is not disturbed
        assert not after.verify().clean
        assert after.verify(repair=True).clean
        check_after_a_crash(after, docs)


@pytest.mark.parametrize("size", [0, 100, 5000, 20_000])
def test_a_truncated_database_is_said_to_be_damaged(library: Library, tmp_path: Path, size: int) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 2)
    ingest(library, [docs])
    library.close()
    path = library.folder / "library.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert path.stat().st_size > 30_000
    os.truncate(path, size)
    with (
        pytest.raises(LibraryDamaged, match="remove its folder and ingest again"),
        Library.open(library.folder, library.embedder) as after,
    ):
        after.verify()
    assert all(f.exists() for f in docs.iterdir())


def test_names_with_line_ends_emoji_and_rubbish(library: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    names = ["two\nlines.txt", "😀 .txt", "  spaces .txt", "-rf.txt", "'; DROP TABLE chunks;.txt", "a\x1b[31mred.txt"]
    for n, name in enumerate(names):
        (docs / name).write_text(f"A report about subject{n}.")
    with open(os.fsencode(docs) + b"/\xff\xfe.txt", "wb") as file:
        file.write(b"Never stored.")
    (docs / "loop").symlink_to(docs)
    (docs / "self.txt").symlink_to(docs / "self.txt")
    report = ingest(library, [docs])
    assert {Path(o.source).name for o in report.added} == set(names)
    assert [o.reason for o in report.failed] == ["its name is not valid UTF-8; rename it"]
    assert {Path(o.source).name for o in report.skipped} == {"loop", "self.txt"}
    assert len(ingest(library, [docs]).unchanged) == len(names) and library.verify().clean
