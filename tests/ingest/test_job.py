import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import job
from ingest.documents import LoadedDocument
from ingest.embedding import EmbedderError
from ingest.job import IngestEvent, IngestReport, ingest
from ingest.library import Library


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("copper", "silver", "marble"):
        (folder / f"{name}.txt").write_text(f"A report about {name}.")
    return folder


def counts(report: IngestReport) -> dict[str, int]:
    kinds = ("added", "replaced", "unchanged", "removed", "failed", "skipped")
    return {kind: len(getattr(report, kind)) for kind in kinds if getattr(report, kind)}


def test_a_second_run_changes_nothing_and_embeds_nothing(library: Library, docs: Path) -> None:
    first = ingest(library, [docs])
    generation, calls = library.generation, library.embedder.calls  # type: ignore[attr-defined]
    second = ingest(library, [docs])
    assert counts(first) == {"added": 3} and first.chunks == 3 and first.exit_status == 0
    assert counts(second) == {"unchanged": 3} and second.chunks == 0
    assert (library.generation, library.embedder.calls) == (generation, calls)  # type: ignore[attr-defined]


def test_an_edited_file_is_replaced_and_a_touched_one_is_not(library: Library, docs: Path) -> None:
    ingest(library, [docs])
    (docs / "copper.txt").write_text("Now about bronze.")
    os.utime(docs / "silver.txt", (1, 1))
    assert counts(ingest(library, [docs])) == {"replaced": 1, "unchanged": 2}
    assert len(library.keyword("report", 5)) == 2 and len(library.keyword("bronze", 5)) == 1


def test_prune_removes_what_vanished_below_the_given_folders_only(library: Library, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(docs, other)
    ingest(library, [docs, other])
    (docs / "copper.txt").unlink()
    (other / "silver.txt").unlink()
    assert counts(ingest(library, [docs])) == {"unchanged": 2}
    assert counts(ingest(library, [docs], prune=True)) == {"unchanged": 2, "removed": 1}
    assert {Path(r.source).name for r in library.documents() if str(other) in r.source} == {
        "copper.txt", "silver.txt", "marble.txt"
    }  # fmt: skip
    assert library.verify().clean


def test_prune_spares_a_folder_that_is_away(library: Library, docs: Path) -> None:
    ingest(library, [docs])
    docs.rename(docs.with_name("unmounted"))
    report = ingest(library, [docs], prune=True)
    assert counts(report) == {"failed": 1} and report.exit_status == 1
    assert library.count() == 3


def test_bad_files_are_recorded_and_the_rest_goes_on(library: Library, docs: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    (docs / "empty.md").write_bytes(b"")
    (docs / "notes.xyz").write_text("unknown")
    report = ingest(library, [docs, docs / "nowhere.txt"])
    assert counts(report) == {"added": 3, "failed": 3, "skipped": 1}
    assert report.exit_status == 1
    assert all(outcome.reason for outcome in report.failed + report.skipped)
    assert {Path(r.source).name for r in library.documents() if r.state == "failed"} == {"broken.pdf", "empty.md"}
    again = ingest(library, [docs])  # failed files are tried again
    assert counts(again) == {"unchanged": 3, "failed": 2, "skipped": 1}
    (docs / "empty.md").write_text("# Filled")
    assert counts(ingest(library, [docs])) == {"added": 1, "unchanged": 3, "failed": 1, "skipped": 1}


def test_a_file_that_became_bad_answers_no_longer(library: Library, docs: Path) -> None:
    ingest(library, [docs])
    (docs / "copper.txt").write_bytes(b"")
    assert counts(ingest(library, [docs])) == {"unchanged": 2, "failed": 1}
    assert library.keyword("copper", 5) == []
    assert library.verify().clean


def test_an_unknown_type_is_a_failure_when_named(library: Library, docs: Path) -> None:
    (docs / "notes.xyz").write_text("unknown")
    report = ingest(library, [docs / "notes.xyz"])
    assert counts(report) == {"failed": 1} and "'.xyz'" in str(report.failed[0].reason)


def test_a_file_over_the_limit_fails_with_the_limit(library: Library, docs: Path) -> None:
    (docs / "large.txt").write_text("word " * 1000)
    report = ingest(library, [docs], max_bytes=1024)
    assert counts(report) == {"added": 3, "failed": 1}
    assert "larger than" in str(report.failed[0].reason)


def test_a_file_that_vanishes_on_the_way_is_a_failure_and_not_a_crash(library: Library, docs: Path) -> None:
    def remove_the_next(event: IngestEvent) -> None:
        if event.kind == "added":
            (docs / "silver.txt").unlink(missing_ok=True)

    report = ingest(library, [docs], progress=remove_the_next)
    assert counts(report) == {"added": 2, "failed": 1}
    assert "cannot be read" in str(report.failed[0].reason)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_failure(library: Library, docs: Path) -> None:
    (docs / "copper.txt").chmod(0)
    assert counts(ingest(library, [docs])) == {"added": 2, "failed": 1}


def test_any_exception_of_a_parser_is_a_failed_file(
    library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load: Callable[[Path], LoadedDocument] = job.load

    def surprising(path: Path) -> LoadedDocument:
        if path.stem == "marble":
            raise ZeroDivisionError("a parser's bug")
        return load(path)

    monkeypatch.setattr(job, "load", surprising)
    report = ingest(library, [docs])
    assert counts(report) == {"added": 2, "failed": 1}
    assert report.failed[0].reason == "it could not be parsed (ZeroDivisionError: a parser's bug)"


def test_a_broken_embedder_is_no_files_fault(library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(texts: object) -> None:
        raise EmbedderError("no model")

    monkeypatch.setattr(library.embedder, "embed_documents", broken)
    with pytest.raises(EmbedderError):
        ingest(library, [docs])
    assert library.documents() == []


def test_progress_counts_up_to_the_total(library: Library, docs: Path) -> None:
    (docs / "long.txt").write_text("A sentence that says something about nothing in particular here. " * 2500)
    events: list[IngestEvent] = []
    report = ingest(library, [docs], progress=events.append)
    assert (events[0].kind, events[-1].kind) == ("found", "done")
    assert events[0].total == events[-1].done == 4
    assert [e.done for e in events] == sorted(e.done for e in events)
    assert [e.chunks for e in events] == sorted(e.chunks for e in events)
    assert events[-1].chunks == report.chunks == library.count()
    assert sum(e.kind == "embedding" and e.source.endswith("long.txt") for e in events) > 1


def test_an_interrupt_leaves_whole_documents_and_the_next_run_resumes(library: Library, docs: Path) -> None:
    def interrupt(event: IngestEvent) -> None:
        if event.kind == "embedding" and event.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, [docs], progress=interrupt)
    assert [r.state for r in library.documents()] == ["ready"]
    assert library.verify().clean
    assert counts(ingest(library, [docs])) == {"added": 2, "unchanged": 1}


def test_the_library_inside_the_folder_does_not_ingest_itself(tmp_path: Path, library: Library, docs: Path) -> None:
    (library.folder / "uploads").mkdir()
    (library.folder / "uploads" / "u.txt").write_text("an upload")
    assert counts(ingest(library, [tmp_path])) == {"added": 3}


def test_the_report_is_ready_for_json(library: Library, docs: Path) -> None:
    report = ingest(library, [docs]).to_dict()
    assert report["exit_status"] == 0 and report["seconds"] > 0
    assert {Path(o["source"]).name for o in report["added"]} == {"copper.txt", "silver.txt", "marble.txt"}


def test_a_name_that_is_not_utf8_is_reported_and_the_rest_goes_on(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"hello")
    (folder / "good.txt").write_text("The good one.")
    report = ingest(library, [folder])
    assert [Path(o.source).name for o in report.added] == ["good.txt"]
    assert [(o.source.endswith("caf\\xe9.txt"), o.reason) for o in report.failed] == [
        (True, "its name is not valid UTF-8; rename it")
    ]
