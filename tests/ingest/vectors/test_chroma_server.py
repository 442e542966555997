"""Against a real `chroma run` on loopback."""

import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import chromadb
import httpx
import pytest
from chromadb.config import Settings

from ingest.documents import LoadedDocument
from ingest.errors import FingerprintMismatch, LibraryDamaged, LibraryError, ServerUnreachable
from ingest.library import Library
from ingest.transfer import export_library, import_library
from ingest.upkeep.reindex import reindex
from tests.ingest.conftest import HashingEmbedder, ReversedEmbedder
from tests.ingest.test_processes import PATIENCE

TOPICS = ("copper", "silver", "marble", "timber", "velvet", "granite")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("chroma"), free_port()
    program = Path(sys.executable).with_name("chroma")
    command = [str(program), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(address):
            assert server.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield address
    finally:
        server.kill()
        server.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/v2/heartbeat").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def shared(tmp_path: Path, url: str) -> Iterator[Library]:
    with Library.open(tmp_path / "shared", HashingEmbedder(), chroma_url=url) as library:
        for topic in TOPICS:
            commit(library, topic)
        yield library


def commit(library: Library, topic: str) -> str:
    text = f"A report about {topic} and nothing else. " * (1 if topic < "m" else 30)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return library.commit(f"{topic}.txt", LoadedDocument(text, "text/plain", topic), sha256, len(text)).document_id


def titles(library: Library, query: str, k: int = 1) -> set[str]:
    return {c.title for c in library.chunks([i for i, _ in library.search_vectors(query, k)])}


def collections(url: str) -> dict[str, int]:
    port = int(url.rpartition(":")[2])
    client = chromadb.HttpClient(host="127.0.0.1", port=port, settings=Settings(anonymized_telemetry=False))
    return {c.name: c.count() for c in client.list_collections()}


def of(library: Library, url: str) -> dict[str, int]:
    library_id = library._catalogue.meta.library_id()
    return {name: count for name, count in collections(url).items() if library_id in name}


def test_vectors_live_on_the_server_in_one_collection_a_library(shared: Library, url: str, tmp_path: Path) -> None:
    assert titles(shared, "marble") == {"marble"} and titles(shared, "report", 500) == set(TOPICS)
    assert not (shared.folder / "chroma").exists()
    ((_, count),) = of(shared, url).items()
    assert count == len(shared._use.table)
    with Library.open(tmp_path / "another", HashingEmbedder(), chroma_url=url) as another:
        commit(another, "silver")
        assert titles(another, "marble", 10) == {"silver"}
        assert shared.verify().clean and another.verify().clean
    few = [r.document_id for r in shared.documents() if r.title in {"silver", "timber"}]
    assert titles(shared, "marble granite", 10) > {"marble", "granite"}
    assert {c.title for c in shared.chunks([i for i, _ in shared.search_vectors("marble granite", 9, among=few)])} == {
        "silver", "timber"
    }  # fmt: skip


def test_several_processes_see_what_one_adds_and_deletes(shared: Library, url: str) -> None:
    with Library.open(shared.folder, HashingEmbedder(), chroma_url=url) as second:
        assert titles(second, "granite") == {"granite"}
        shared.remove(next(r.document_id for r in shared.documents() if r.title == "granite"))
        assert "granite" not in titles(second, "granite", 500)
        commit(shared, "basalt")
        assert titles(second, "basalt") == {"basalt"}
        commit(second, "slate")
        assert titles(shared, "slate") == {"slate"}
        assert second.verify().clean
    assert sum(of(shared, url).values()) == len(shared._use.table)


def test_what_the_server_lost_is_found_and_written_again_without_embedding(shared: Library, url: str) -> None:
    shared._use.index.delete(sorted(shared._use.table.hashes())[:2])
    assert shared.verify().problems == ("2 vectors are missing from their index",)
    calls = shared.embedder.calls  # type: ignore[attr-defined]
    assert shared.verify(repair=True).clean
    shared._use.index.erase()
    with pytest.raises(LibraryDamaged, match="rag verify --repair"):
        shared.search_vectors("marble", 1)
    assert shared.verify(repair=True).clean and titles(shared, "marble") == {"marble"}
    assert shared.embedder.calls == calls  # type: ignore[attr-defined]


def test_it_goes_into_a_file_and_out_again(shared: Library, url: str, tmp_path: Path) -> None:
    export_library(shared, tmp_path / "all.zip")
    with Library.open(tmp_path / "local", HashingEmbedder()) as local:
        import_library(local, tmp_path / "all.zip")
        assert titles(local, "marble") == {"marble"} and local.embedder.calls == 0  # type: ignore[attr-defined]
    with Library.open(tmp_path / "remote", HashingEmbedder(), chroma_url=url) as remote:
        import_library(remote, tmp_path / "all.zip")
        assert titles(remote, "marble") == {"marble"} and remote.verify().clean


def test_reindex_moves_to_the_server_and_back_without_embedding(
    library: Library, commit: Callable[..., object], url: str
) -> None:
    commit("a.txt", "A copper kettle.")
    commit("b.txt", "A silver spoon.")
    library.close()
    with pytest.raises(FingerprintMismatch, match=r"in its folder.*`rag reindex`"):
        Library.open(library.folder, HashingEmbedder(), chroma_url=url)
    embedder = HashingEmbedder()
    report = reindex(library.folder, embedder, chroma_url=url)
    assert (report.embedded, report.moved, embedder.calls) == (0, "server", 0)
    assert not (library.folder / "chroma").exists()
    with Library.open(library.folder, embedder, chroma_url=url) as moved:
        assert moved.chunks([moved.search_vectors("silver", 1)[0][0]])[0].source == "b.txt" and moved.verify().clean
        assert list(of(moved, url).values()) == [2]
    with pytest.raises(FingerprintMismatch, match="RAG_CHROMA_URL"):
        Library.open(library.folder, HashingEmbedder())
    assert reindex(library.folder, embedder).embedded == embedder.calls == 0
    with Library.open(library.folder, embedder) as back:
        assert back.verify().clean


def test_another_model_on_the_server_leaves_no_collection_behind(shared: Library, url: str) -> None:
    (before,) = of(shared, url)
    report = reindex(shared.folder, ReversedEmbedder(), chroma_url=url)
    ((after, count),) = of(shared, url).items()
    assert after != before and count == report.embedded
    with Library.open(shared.folder, ReversedEmbedder(), chroma_url=url) as again:
        assert titles(again, "A report about copper and nothing else.") == {"copper"} and again.verify().clean


def test_a_server_that_does_not_answer_is_named_and_loses_nothing(shared: Library, url: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with Library.open(shared.folder, HashingEmbedder(), chroma_url=nobody) as library:
        for use in (lambda: library.search_vectors("marble", 1), lambda: commit(library, "gold"), library.verify):
            with pytest.raises(ServerUnreachable, match=rf"{nobody}.*chroma run.*RAG_CHROMA_URL"):
                use()
        assert library.search_keywords("marble", 3)
    with Library.open(shared.folder, HashingEmbedder(), chroma_url=url) as library:
        assert library.verify().clean and titles(library, "marble") == {"marble"}


@pytest.mark.parametrize("wrong", ["localhost:8000", "ftp://x", "http://", "http://h:x", "http://h/p", "http://a:b@h"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(LibraryError, match="RAG_CHROMA_URL"):
        Library.open(tmp_path / "library", HashingEmbedder(), chroma_url=wrong)
