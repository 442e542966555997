import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.errors import FingerprintMismatch
from ingest.job import ingest
from ingest.library import Library
from ingest.splitting.splitter import SplitterSettings
from ingest.transfer import TransferError, export_library, import_library


@pytest.fixture
def exported(library: Library, tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Kettles\n\n" + "The copper kettle holds two litres. " * 80)
    (docs / "copy.md").write_text((docs / "a.md").read_text())
    (docs / "b.txt").write_text("水壶是铜做的。")
    (docs / "bad.txt").write_bytes(b"")
    ingest(library, [docs], tags=["kitchen"])
    report = export_library(library, tmp_path / "all.zip")
    assert (report.documents, report.chunks) == (2, library.count())
    return tmp_path / "all.zip"


@pytest.fixture
def other(library: Library, tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "other", library.embedder) as opened:
        yield opened


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    changed = path.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return changed


def test_what_comes_back_is_what_was_there(library: Library, other: Library, exported: Path, tmp_path: Path) -> None:
    calls = library.embedder.calls  # type: ignore[attr-defined]
    report = import_library(other, exported)
    assert (report.documents, report.chunks, report.skipped) == (2, library.count(), 0)
    assert library.embedder.calls == calls  # type: ignore[attr-defined]  # nothing was embedded anew
    for ours, theirs in zip([r for r in library.documents() if r.state == "ready"], other.documents(), strict=True):
        assert (ours.source, ours.title, ours.sha256, ours.chunks) == (
            theirs.source, theirs.title, theirs.sha256, theirs.chunks
        )  # fmt: skip
        assert library.text(ours.document_id) == other.text(theirs.document_id)
        assert library.headings(ours.document_id) == other.headings(theirs.document_id)
        before, after = library.document_chunks(ours.document_id), other.document_chunks(theirs.document_id)
        assert [(c.text, c.start, c.heading_path) for c in before] == [(c.text, c.start, c.heading_path) for c in after]
        assert [(s.source, s.tags) for s in library.sources(ours.document_id)] == [
            (s.source, s.tags) for s in other.sources(theirs.document_id)
        ]
    assert [s for _, s in library.search_vectors("copper kettle", 3)] == pytest.approx(
        [s for _, s in other.search_vectors("copper kettle", 3)]
    )
    assert other.search_keywords("水壶", 3) and other.verify().clean
    # Again, nothing new; and the files themselves need no second reading.
    assert import_library(other, exported).skipped == 2
    assert len(ingest(other, [tmp_path / "docs"]).unchanged) == 3


def spoil_text(entries: dict[str, bytes]) -> None:
    entries["documents.jsonl"] = entries["documents.jsonl"].replace(b"copper", b"silver")


def forge(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, bytes]], None]:
    """Change the first document and mend the hashes, as a forger would."""

    def _forge(entries: dict[str, bytes]) -> None:
        import hashlib

        first, *rest = entries["documents.jsonl"].splitlines(keepends=True)
        message = json.loads(first)
        change(message)
        entries["documents.jsonl"] = b"".join([json.dumps(message).encode() + b"\n", *rest])
        manifest = json.loads(entries["manifest.json"])
        manifest["sha256"] = {
            name: hashlib.sha256(entries[name]).hexdigest() for name in ("documents.jsonl", "vectors.f32")
        }
        entries["manifest.json"] = json.dumps(manifest).encode()

    return _forge


def spoil_vectors(entries: dict[str, bytes]) -> None:
    entries["vectors.f32"] = np.full(len(entries["vectors.f32"]) // 4, np.nan, dtype="<f4").tobytes()
    forge(lambda _: None)(entries)


def outside(message: dict[str, Any]) -> None:
    message["chunks"][0][1] = 10**9


def no_text(message: dict[str, Any]) -> None:
    message["text"] = {"not": "a text"}


def no_path(message: dict[str, Any]) -> None:
    message["paths"] = [["", None, []]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (spoil_text, "damaged"),
        (spoil_vectors, "not finite"),
        (forge(outside), "outside its text"),
        (forge(no_text), "a text is none"),
        (forge(no_path), "a path is empty"),
        (lambda e: e.update({"../../evil.sh": b"rm"}), "does not hold just"),
        (lambda e: e.pop("vectors.f32"), "does not hold just"),
        (lambda e: e.update({"manifest.json": b"[]"}), "holds what no export would"),
        (lambda e: e.update({"manifest.json": b'{"format": "other"}'}), "no export"),
    ],
)
def test_a_damaged_or_forged_file_stores_nothing(
    other: Library, exported: Path, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    with pytest.raises(TransferError, match=reason):
        import_library(other, rewritten(exported, change))
    assert other.documents() == [] and other.verify().clean


def test_what_is_no_archive_is_refused(other: Library, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no archive")
    with pytest.raises(TransferError, match="no export"):
        import_library(other, tmp_path / "x.zip")


def test_an_export_of_another_model_or_splitter_is_refused(library: Library, exported: Path, tmp_path: Path) -> None:
    settings = SplitterSettings(chunk_units=100)
    with (
        Library.open(tmp_path / "third", library.embedder, settings) as third,
        pytest.raises(FingerprintMismatch, match="another splitter"),
    ):
        import_library(third, exported)


def test_a_failed_export_leaves_the_earlier_file(library: Library, exported: Path) -> None:
    before = exported.read_bytes()
    library._use.table.delete(sorted(library._use.table.hashes())[:1])
    with pytest.raises(Exception, match="verify --repair"):
        export_library(library, exported)
    assert exported.read_bytes() == before
    assert [p.name for p in exported.parent.iterdir() if p.name.startswith(".")] == []


def test_days_travel_and_a_file_without_them_is_read_too(library: Library, other: Library, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("The copper kettle.")
    os.utime(docs / "a.md", (1_000_000_000, 1_000_000_000))  # September 2001
    ingest(library, [docs])
    export_library(library, tmp_path / "all.zip")
    import_library(other, tmp_path / "all.zip")
    assert other.facets().last_day == "2001-09-09"

    def without_days(message: dict[str, Any]) -> None:
        del message["modified"]

    (record,) = other.documents()
    other.remove(record.document_id)
    import_library(other, rewritten(tmp_path / "all.zip", forge(without_days)))
    assert other.facets().last_day == other.documents()[0].ingested_at[:10]
