"""The watcher sees what happens in a folder within two seconds of quiet."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.errors import LibraryLocked
from ingest.job import IngestReport
from ingest.job.watch import WatchSettings, watch
from ingest.library import Library

PATIENCE = float(os.environ.get("TEST_PATIENCE", "120"))  # seconds; two are enough on an idle machine


class Watcher:
    """A watcher in a thread, with its own view of the library, as in a process of its own."""

    def __init__(self, library: Library, folder: Path) -> None:
        self.runs: list[IngestReport | LibraryLocked] = []
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(library.folder, library.embedder, folder))
        self._thread.start()

    def _watch(self, library_folder: Path, embedder: object, folder: Path) -> None:
        try:
            with Library.open(library_folder, embedder, lock_timeout=0.3) as library:  # type: ignore[arg-type]
                self.runs.extend(watch(library, [folder], self._stop, settings=WatchSettings(quiet=0.3, retry=0.5)))
        except BaseException as error:  # noqa: BLE001 - shown by the test
            self.error = error

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert self.error is None and not self._thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "first.txt").write_text("A report about copper.")
    return folder


@pytest.fixture
def watcher(library: Library, docs: Path) -> Iterator[Watcher]:
    watching = Watcher(library, docs)
    wait_for(lambda: library.count() == 1)
    yield watching
    watching.stop()
    assert library.verify().clean


def names(library: Library) -> set[str]:
    return {Path(s.source).name for s in library.sources()}


def test_create_modify_move_and_delete_are_reflected(library: Library, docs: Path, watcher: Watcher) -> None:
    (docs / "new.txt").write_text("A report about silver.")
    wait_for(lambda: bool(library.search_keywords("silver", 3)))
    (docs / "new.txt").write_text("A report about bronze.")
    wait_for(lambda: bool(library.search_keywords("bronze", 3)) and not library.search_keywords("silver", 3))
    before = library.find_source(str(docs / "new.txt"))
    (docs / "sub").mkdir()
    (docs / "new.txt").rename(docs / "sub" / "moved.txt")
    wait_for(lambda: names(library) == {"first.txt", "moved.txt"})
    after = library.find_source(str(docs / "sub" / "moved.txt"))
    assert before is not None and after is not None and before.document_id == after.document_id
    shutil.rmtree(docs / "sub")
    wait_for(lambda: names(library) == {"first.txt"})


def test_an_editors_dance_is_one_change_and_leaves_no_temporary_file(
    library: Library, docs: Path, watcher: Watcher
) -> None:
    (docs / "4913").write_bytes(b"")
    (docs / "4913").unlink()
    (docs / ".first.txt.swp").write_text("swap")
    (docs / "first.txt").rename(docs / "first.txt~")
    (docs / "first.txt").write_text("A report about gold.")
    (docs / "first.txt~").unlink()
    (docs / "~$first.docx").write_bytes(b"lock")
    wait_for(lambda: bool(library.search_keywords("gold", 3)))
    assert names(library) == {"first.txt"}


def test_a_burst_of_files_is_taken_whole(library: Library, docs: Path, watcher: Watcher) -> None:
    for n in range(120):
        (docs / f"{n}.txt").write_text(f"File number {n}.")
        (docs / f"{n}.txt").write_text(f"File number {n} about subject{n}.")
    wait_for(lambda: library.count() == 121)
    assert len(watcher.runs) < 60


def test_a_folder_that_is_moved_in_is_read(library: Library, docs: Path, tmp_path: Path, watcher: Watcher) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("A report about marble.")
    outside.rename(docs / "inside")
    wait_for(lambda: names(library) == {"first.txt", "a.txt"})


def test_new_ignore_rules_take_effect(library: Library, docs: Path, watcher: Watcher) -> None:
    (docs / ".ragignore").write_text("first*\n")
    wait_for(lambda: names(library) == set())


def test_a_locked_library_is_waited_for(library: Library, docs: Path, watcher: Watcher) -> None:
    with library.writing():
        (docs / "new.txt").write_text("A report about silver.")
        wait_for(lambda: any(isinstance(run, LibraryLocked) for run in watcher.runs))
    wait_for(lambda: bool(library.search_keywords("silver", 3)))


def test_a_file_that_cannot_be_read_yet_is_tried_again(library: Library, docs: Path, watcher: Watcher) -> None:
    # given a file somebody writes to all the time
    path = docs / "growing.txt"
    done = threading.Event()

    def write() -> None:
        with path.open("w") as file:
            while not done.is_set():
                file.write("A report about granite. ")
                file.flush()
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(1.0)
    done.set()
    writer.join()
    wait_for(lambda: bool(library.search_keywords("granite", 3)))
    record = library.find_source(str(path))
    assert record is not None and library.text(record.document_id).strip() == path.read_text().strip()


def test_a_folder_that_is_not_there_is_an_error(library: Library, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder"):
        next(iter(watch(library, [tmp_path / "none"], threading.Event())))
