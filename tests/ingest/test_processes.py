"""What another process does is seen at once, and a process that is killed costs nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ingest as package
from ingest.job import ingest
from ingest.library import Library, LibraryLocked

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
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def write_files(folder: Path, version: int) -> None:
    folder.mkdir(exist_ok=True)
    for n, topic in enumerate(TOPICS):
        sentence = f"Version{version} of the {topic} report, which is about {topic} and nothing else. "
        (folder / f"{topic}.txt").write_text(sentence * (1 if n % 2 else 60))


def found(library: Library, query: str) -> tuple[set[str], set[str]]:
    """Return the titles that dense and keyword search find."""
    both = (library.dense(query, 1), library.keyword(query, 1))
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
    assert "marble" not in {c.title for c in library.chunks([i for i, _ in library.dense("marble", 500)])}
    run(library.folder, "remove", docs / "granite.txt")
    assert found(library, "obsidian")[1] == set()
    everything = library.dense("report", 500)
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
            assert len(reader.dense("copper", 3)) == 1
    finally:
        process.communicate(timeout=30)
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
    everything = library.dense("report", 1000)
    assert len(everything) == len(set(everything)) == library.count() == sum(r.chunks for r in library.documents())
    assert library.keyword("Version1", 10) == []
    assert library.verify().clean


MOMENTS = [
    ("after", "Catalogue", "begin", 2),
    ("before", "Vectors", "upsert", 3),
    ("after", "Vectors", "upsert", 1),
    ("before", "Catalogue", "finish", 2),
    ("after", "Catalogue", "finish", 3),
    ("after", "Vectors", "delete", 1),
    ("before", "Catalogue", "remove", 1),
    ("after", "Catalogue", "remove", 1),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: "-".join(map(str, m)))
def test_kill_9_at_every_step_loses_and_doubles_nothing(
    library: Library, tmp_path: Path, moment: tuple[str, str, str, int]
) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 1)
    (docs / "gone.txt").write_text("This file will be gone.")
    ingest(library, [docs])
    library.close()
    write_files(docs, 2)
    (docs / "gone.txt").unlink()
    process = start(library.folder, "die", *moment, docs)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors
    with Library.open(library.folder, library.embedder) as after:
        check_after_a_crash(after, docs)


@pytest.mark.parametrize("delay", [0.05, 0.3, 0.8])
def test_kill_9_at_any_time_loses_and_doubles_nothing(library: Library, tmp_path: Path, delay: float) -> None:
    docs = tmp_path / "docs"
    write_files(docs, 2)
    process = start(library.folder, "slowly", docs)
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    time.sleep(delay)
    process.kill()
    process.communicate(timeout=30)
    with Library.open(library.folder, library.embedder) as after:
        check_after_a_crash(after, docs)
