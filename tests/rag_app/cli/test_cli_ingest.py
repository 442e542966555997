"""The commands that an operator uses, with a small embedder in place of the large one."""

import hashlib
import json
import os
import sqlite3
import sys
import threading
import zipfile
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from ingest.library import Library
from rag_app.cli import main


class SmallEmbedder:
    name = "small"
    dimension = 16
    fingerprint = "small-16"

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        return vector / np.linalg.norm(vector)


@pytest.fixture(autouse=True)
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_app.collection.build_embedder", lambda _: SmallEmbedder())


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "drafts").mkdir(parents=True)
    (folder / "a.txt").write_text("A report about copper.")
    (folder / "b.md").write_text("# Silver\n\nA report about silver.")
    (folder / "drafts" / "c.txt").write_text("A draft about gold.")
    return folder


def rag(home: Path, *arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["--home", str(home / "home"), *map(str, arguments)], input=stdin)


def events(found: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.stdout.splitlines()]


def listed(home: Path) -> dict[str, dict[str, Any]]:
    return {Path(r["source"]).name: r for r in json.loads(rag(home, "list", "--json").stdout)}


def test_events_for_machines(tmp_path: Path, docs: Path) -> None:
    (docs / "bad.pdf").write_bytes(b"%PDF-1.4 rubbish")
    found = rag(tmp_path, "ingest", docs, "--json", "--quiet", "--tag", "metals")
    *steps, last = events(found)
    assert found.exit_code == 1
    assert steps[0]["event"] == "found" and steps[0]["total"] == 4
    assert {Path(s["source"]).name for s in steps if s["event"] == "added"} == {"a.txt", "b.md", "c.txt"}
    (failed,) = [s for s in steps if s["event"] == "failed"]
    assert Path(failed["source"]).name == "bad.pdf" and failed["reason"]
    assert last["event"] == "done" and last["exit_status"] == 1 and len(last["added"]) == 3
    assert listed(tmp_path)["a.txt"]["tags"] == ["metals"]
    assert "a.txt" in rag(tmp_path, "list", "--tag", "metals").stdout
    assert "0 documents" in rag(tmp_path, "list", "--tag", "other").stdout


def test_a_dry_run_tells_and_changes_nothing(tmp_path: Path, docs: Path) -> None:
    found = rag(tmp_path, "ingest", docs, "--dry-run")
    assert found.exit_code == 0 and "3 added" in found.stdout and not (tmp_path / "home").exists()
    rag(tmp_path, "ingest", docs, "--quiet")
    before = listed(tmp_path)
    (docs / "a.txt").write_text("A report about tin.")
    (docs / "b.md").rename(docs / "renamed.md")
    (docs / "drafts" / "c.txt").unlink()
    (docs / "new.txt").write_text("About zinc.")
    (docs / "copy.txt").write_text("About zinc.")
    found = rag(tmp_path, "ingest", docs, "--dry-run", "--prune", "--json")
    *steps, last = events(found)
    assert {(s["event"], Path(s["source"]).name) for s in steps} == {
        ("replaced", "a.txt"), ("moved", "renamed.md"), ("removed", "c.txt"), ("added", "copy.txt"),
        ("copied", "new.txt"),
    }  # fmt: skip
    assert last["dry_run"] is True and listed(tmp_path) == before
    # and the run itself does just that
    *_, last = events(rag(tmp_path, "ingest", docs, "--prune", "--json", "--quiet"))
    assert {k: len(last[k]) for k in ("replaced", "moved", "removed", "added", "copied", "unchanged")} == dict.fromkeys(
        ("replaced", "moved", "removed", "added", "copied"), 1
    ) | {"unchanged": 0}


def test_patterns_lists_and_rules_choose_the_files(tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(docs)
    assert "1 added" in rag(tmp_path, "ingest", "**/c.*", "--quiet").stdout
    assert "1 added" in rag(tmp_path, "ingest", "-", "--quiet", stdin=os.fsencode(docs / "a.txt") + b"\n").stdout
    assert "1 added" in rag(tmp_path, "ingest", "-0", "-", "--quiet", stdin=os.fsencode(docs / "b.md") + b"\0").stdout
    assert "2 unchanged" in rag(tmp_path, "ingest", ".", "--exclude", "drafts/", "--quiet").stdout
    assert "1 unchanged" in rag(tmp_path, "ingest", ".", "--include", "*.md", "--quiet").stdout
    (docs / ".ragignore").write_text("*.txt\n")
    assert "2 removed" in rag(tmp_path, "ingest", docs, "--prune", "--quiet").stdout


def test_usage_errors_have_status_2(tmp_path: Path, docs: Path) -> None:
    for arguments in (
        ["ingest"],
        ["ingest", "-"],
        ["ingest", docs, "--exclude", "!"],
        ["ingest", docs, "--jobs", "0"],
        ["ingest", "http://127.0.0.1:9/page"],
        ["import", tmp_path / "none.zip"],
    ):
        found = rag(tmp_path, *arguments)
        assert found.exit_code == 2, found.output
    assert "--allow-network" in rag(tmp_path, "ingest", "http://127.0.0.1:9/page").stderr
    missing = rag(tmp_path, "ingest", tmp_path / "nowhere*.txt", "--quiet")
    assert missing.exit_code == 1 and "no such file" in missing.stderr


def test_ray_without_the_extra_is_said_to_be_missing(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rag(tmp_path, "ingest", docs, "--ray-address", "host:6379")
    assert found.exit_code == 2 and "goes with --engine ray" in found.stderr
    monkeypatch.setitem(sys.modules, "ray", None)
    found = rag(tmp_path, "ingest", docs, "--engine", "ray")
    assert found.exit_code == 2 and "pip install 'ray>=2.50'" in found.stderr


def test_a_locked_or_damaged_library_has_status_3(tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rag(tmp_path, "ingest", docs, "--quiet")
    folder = tmp_path / "home" / "collections" / "default"
    opened = Library.open
    monkeypatch.setattr(Library, "open", partial(opened, lock_timeout=0.2))
    with opened(folder, SmallEmbedder()) as library:
        done = threading.Event()
        held = threading.Event()

        def hold() -> None:
            with library.writing():
                held.set()
                done.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        locked = rag(tmp_path, "ingest", docs, "--quiet")
        done.set()
        thread.join()
    assert locked.exit_code == 3 and "another ingestion" in locked.stderr
    connection = sqlite3.connect(folder / "library.sqlite3")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.truncate(folder / "library.sqlite3", 5000)
    damaged = rag(tmp_path, "ingest", docs, "--quiet")
    assert damaged.exit_code == 3 and "ingest again" in damaged.stderr and "Traceback" not in damaged.stderr


def test_the_history_and_one_run_in_it(tmp_path: Path, docs: Path) -> None:
    (docs / "empty.txt").write_bytes(b"")
    rag(tmp_path, "ingest", docs, "--quiet")
    rag(tmp_path, "ingest", docs, "--quiet")
    last, first = json.loads(rag(tmp_path, "jobs", "--json").stdout)
    assert first["counts"] == {"added": 3, "failed": 1} and last["counts"] == {"unchanged": 3, "failed": 1}
    one = rag(tmp_path, "jobs", first["job_id"])
    assert "the file is empty" in one.stdout and "a.txt" in one.stdout
    assert rag(tmp_path, "jobs", 99).exit_code == 1


def test_statistics_as_bars_json_and_picture(tmp_path: Path, docs: Path) -> None:
    (docs / "水壶.txt").write_text("铜水壶可以装两升水。")
    rag(tmp_path, "ingest", docs, "--quiet")
    found = json.loads(rag(tmp_path, "stats", "--json", "--plot", tmp_path / "plot.png").stdout)
    assert found["documents"] == 4 and found["languages"] == {"en": 3, "zh": 1}
    assert found["types"] == {"text/plain": 3, "text/markdown": 1}
    assert sum(found["lengths"].values()) == found["chunks"] == 4 and found["shortest"] == 10
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "█" in rag(tmp_path, "stats").stdout
    assert rag(tmp_path, "stats", "--plot", tmp_path / "plot.xyz").exit_code == 2


def test_export_and_import(tmp_path: Path, docs: Path) -> None:
    rag(tmp_path, "ingest", docs, "--quiet")
    assert rag(tmp_path, "export", tmp_path / "all.zip", "--quiet").exit_code == 0
    assert rag(tmp_path, "export", tmp_path / "all.zip", "--quiet").exit_code == 2
    found = rag(tmp_path, "--collection", "other", "import", tmp_path / "all.zip", "--quiet", "--json")
    assert json.loads(found.stdout) == {"documents": 3, "chunks": 3, "skipped": 0}
    assert rag(tmp_path, "--collection", "other", "verify").exit_code == 0
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    bad = rag(tmp_path, "--collection", "third", "import", tmp_path / "bad.zip", "--quiet")
    assert bad.exit_code == 2 and "no export" in bad.stderr
    assert "third" not in rag(tmp_path, "doctor").stdout, "no collection is made for what cannot be imported"
    nowhere = rag(tmp_path, "export", tmp_path / "no folder" / "all.zip", "--quiet")
    assert nowhere.exit_code == 2 and f"{tmp_path / 'no folder'}: there is no such folder" in nowhere.stderr


def test_an_archive_is_read_and_removed_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/a.txt", "A report about copper.")
        archive.writestr("bad.pdf", b"%PDF-1.4 rubbish, and rubbish, and rubbish")
        archive.writestr("photo.xyz", b"\0\1\2")
    found = rag(tmp_path, "ingest", path, "--quiet")
    assert found.exit_code == 1 and "bad.pdf" in found.stderr and "photo.xyz" in found.stderr
    assert {k: r["state"] for k, r in listed(tmp_path).items()} == {
        "all.zip": "ready", "a.txt": "ready", "bad.pdf": "failed"
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/a.txt", "A report about copper.")
        archive.writestr("in/b.txt", "A report about silver.")
    *_, last = events(rag(tmp_path, "ingest", path, "--quiet", "--json"))
    assert [Path(o["source"]).name for o in last["added"]] == ["b.txt"]
    assert [Path(o["source"]).name for o in last["removed"]] == ["bad.pdf"] and last["embedded"] == 1
    path.rename(tmp_path / "renamed.zip")
    *_, last = events(rag(tmp_path, "ingest", tmp_path / "renamed.zip", "--quiet", "--json"))
    assert len(last["moved"]) == 3 and last["embedded"] == 0
    assert rag(tmp_path, "remove", tmp_path / "renamed.zip").exit_code == 0
    assert listed(tmp_path) == {} and rag(tmp_path, "verify").exit_code == 0


def test_an_address_is_fetched_only_when_allowed(tmp_path: Path, docs: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(docs))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/a.txt"
        good = rag(tmp_path, "ingest", address, "--allow-network", "--quiet")
        bad = rag(tmp_path, "ingest", address + ".none", "--allow-network", "--quiet")
        server.shutdown()
    assert good.exit_code == 0 and "1 added" in good.stdout
    assert bad.exit_code == 1 and "404" in bad.stderr
