"""A Ray cluster gives the same library as this machine alone, and a worker that is killed costs nothing."""

import contextlib
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

from ingest.embedding.embedder import Embedder
from ingest.engines.local import LocalEngine
from ingest.engines.ray import RayEngine
from ingest.errors import EngineUnavailable
from ingest.job import IngestEvent, IngestReport, ingest
from ingest.library import Library
from ingest.parser import ParserLimits

HERE = Path(__file__).parents[1]
KINDS = ("added", "replaced", "moved", "copied", "unchanged", "failed", "skipped", "removed")


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), before])  # where the workers find the embedder

    def make_embedder() -> Embedder:
        from conftest import HashingEmbedder

        return HashingEmbedder()

    with contextlib.closing(RayEngine(make_embedder, jobs=2, limits=ParserLimits(max_bytes=1 << 20))) as made:
        yield made
    os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def local(engine: RayEngine) -> Iterator[LocalEngine]:
    with contextlib.closing(LocalEngine(limits=engine.limits)) as made:
        yield made


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(12):
        paragraphs = (f"Paragraph {i} of file {n} says {i * n} things about subject{n}. " * 8 for i in range(12))
        (folder / f"{n}.md").write_text(f"# Title {n}\n\n" + "\n\n".join(paragraphs))
    (folder / "copy.md").write_text((folder / "3.md").read_text())
    (folder / "表.csv").write_text("名称,价格\n泵,12\n滤网,3\n")
    (folder / "empty.txt").write_text("")
    (folder / "large.txt").write_text("word " * 300_000)
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("inside/a.txt", "A note about copper in an archive.")
        archive.writestr("b.md", "# B\n\nA note about silver in an archive.")
        archive.writestr("bad.pdf", b"%PDF-1.4 rubbish")
    return folder


def counts(report: IngestReport) -> dict[str, int]:
    return {kind: len(getattr(report, kind)) for kind in KINDS if getattr(report, kind)}


def check_equal(one: Library, other: Library) -> None:
    """Raise AssertionError unless documents, paths, chunks and vectors of two libraries are the same."""

    def documents(library: Library) -> list[tuple[object, ...]]:
        return [
            (r.source, r.title, r.mime, r.sha256, r.size, r.state, r.error, r.chunks, r.characters)
            for r in library.documents()
            if not r.source.endswith(("copy.md", "3.md"))  # whichever came first has both paths
        ]

    assert documents(one) == documents(other)
    assert {s.source for s in one.sources()} == {s.source for s in other.sources()}
    for source in one.sources():
        first, second = (library.find_source(source.source) for library in (one, other))
        assert first is not None and second is not None
        chunks = [library.document_chunks(r.document_id) for library, r in ((one, first), (other, second))]
        assert [(c.text, c.start, c.end, c.heading_path) for c in chunks[0]] == [
            (c.text, c.start, c.end, c.heading_path) for c in chunks[1]
        ]
        vectors = [lib.vectors_of([c.chunk_id for c in few]) for lib, few in zip((one, other), chunks, strict=True)]
        np.testing.assert_allclose(*vectors, atol=1e-6)


@pytest.fixture
def other(tmp_path: Path, library: Library) -> Iterator[Library]:
    with Library.open(tmp_path / "other", type(library.embedder)()) as opened:
        yield opened


def test_the_same_library_comes_of_it_and_edits_are_embedded_in_part(
    engine: RayEngine, local: LocalEngine, library: Library, other: Library, docs: Path
) -> None:
    first = ingest(library, [docs], engine=engine)
    assert counts(first) == counts(ingest(other, [docs], engine=local))
    assert counts(first) == {"added": 16, "copied": 1, "failed": 3} and first.embedded == first.chunks > 20
    assert library.embedder.calls == 0  # type: ignore[attr-defined]
    check_equal(library, other)
    path = docs / "5.md"
    path.write_text(path.read_text().replace("Paragraph 6 of file 5", "Something else in file 5"))
    again = ingest(library, [docs], engine=engine)
    assert counts(again) == counts(ingest(other, [docs], engine=local))
    assert counts(again) == {"replaced": 1, "unchanged": 14, "failed": 3}
    assert 0 < again.embedded < again.chunks
    check_equal(library, other)
    assert library.verify().clean and other.verify().clean


def workers() -> list[psutil.Process]:
    """The processes of the actors."""
    found = psutil.Process().children(recursive=True)
    everyone = found or list(psutil.process_iter())
    return [p for p in everyone if "ray::_Reader" in " ".join(_cmdline(p))]


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_workers_that_are_killed_in_the_middle_lose_nothing(
    engine: RayEngine, local: LocalEngine, library: Library, other: Library, docs: Path
) -> None:
    killed: list[int] = []

    def kill(event: IngestEvent) -> None:
        # One before it has a file, one while files are read: each costs seconds until it is up again.
        if event.kind == "found" or (event.kind == "added" and len(killed) < 2):
            for process in workers()[:1]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
                    killed.append(process.pid)

    engine.workers(library)
    report = ingest(library, [docs], engine=engine, progress=kill)
    assert len(killed) >= 2
    assert counts(report) == counts(ingest(other, [docs], engine=local))
    check_equal(library, other)
    assert library.verify().clean


def test_ray_listens_on_loopback_only_and_reports_nothing(engine: RayEngine, library: Library) -> None:
    engine.workers(library)
    listening = set()
    for process in psutil.process_iter():
        if "ray" in " ".join(_cmdline(process)):
            with contextlib.suppress(psutil.Error):
                listening |= {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert listening and {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineUnavailable, match=r"pip install .ray>="):
        RayEngine(lambda: None)  # type: ignore[arg-type, return-value]
