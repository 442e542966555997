"""Parser processes wait for the next run, and are replaced after one that was interrupted."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from ingest.engines.local import LocalEngine
from ingest.job import IngestEvent, ingest
from ingest.library import Library


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    with closing(LocalEngine()) as made:
        yield made


def parsers() -> set[int]:
    found = set()
    for process in psutil.Process().children():
        with suppress(psutil.Error):  # it has just ended
            if "ingest.parser.process" in " ".join(process.cmdline()):
                found.add(process.pid)
    return found


def test_one_process_serves_several_runs_and_ends_with_the_engine(
    engine: LocalEngine, library: Library, tmp_path: Path
) -> None:
    before = parsers()
    found = []
    for n in range(3):
        (tmp_path / f"{n}.txt").write_text(f"A report about subject{n}.")
        assert len(ingest(library, [tmp_path / f"{n}.txt"], engine=engine).added) == 1
        found.append(parsers() - before)
    assert len(found[0]) == 1 and found[0] == found[1] == found[2]
    engine.close()
    assert parsers() == before
    (tmp_path / "more.txt").write_text("A report about copper.")
    assert len(ingest(library, [tmp_path / "more.txt"], engine=engine).added) == 1


def test_after_an_interrupt_the_engine_can_be_used_again(engine: LocalEngine, library: Library, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for n in range(5):
        (tmp_path / "docs" / f"{n}.txt").write_text(f"A report about subject{n}.")

    def interrupt(event: IngestEvent) -> None:
        if event.kind == "embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, [tmp_path / "docs"], engine=engine, progress=interrupt)
    assert len(ingest(library, [tmp_path / "docs"], engine=engine).added) == 5


def test_less_than_one_job_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LocalEngine(0)
