import os
import shutil
from pathlib import Path

import pytest

from ingest.embedding.embedder import EmbedderError
from ingest.engines.local import LocalEngine
from ingest.job import IngestEvent, IngestReport, ingest
from ingest.library import Library
from ingest.parser import ParserLimits


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("copper", "silver", "marble"):
        (folder / f"{name}.txt").write_text(f"A report about {name}.")
    return folder


def counts(report: IngestReport) -> dict[str, int]:
    kinds = ("added", "replaced", "moved", "copied", "unchanged", "removed", "failed", "skipped")
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
    assert len(library.search_keywords("report", 5)) == 2 and len(library.search_keywords("bronze", 5)) == 1


def test_prune_removes_what_vanished_below_the_given_folders_only(library: Library, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(docs, other)
    ingest(library, [docs, other])
    (docs / "copper.txt").unlink()
    (other / "silver.txt").unlink()
    assert counts(ingest(library, [docs])) == {"unchanged": 2}
    assert counts(ingest(library, [docs], prune=True)) == {"unchanged": 2, "removed": 1}
    assert {Path(s.source).name for s in library.sources() if str(other) in s.source} == {
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
    assert library.search_keywords("copper", 5) == []
    assert library.verify().clean


def test_an_unknown_type_is_a_failure_when_named(library: Library, docs: Path) -> None:
    (docs / "notes.xyz").write_text("unknown")
    report = ingest(library, [docs / "notes.xyz"])
    assert counts(report) == {"failed": 1} and "'.xyz'" in str(report.failed[0].reason)


def test_a_file_over_the_limit_fails_with_the_limit(library: Library, docs: Path) -> None:
    (docs / "large.txt").write_text("word " * 1000)
    report = ingest(library, [docs], engine=LocalEngine(limits=ParserLimits(max_bytes=1024)))
    assert counts(report) == {"added": 3, "failed": 1}
    assert "larger than" in str(report.failed[0].reason)


def test_a_file_that_vanishes_on_the_way_is_a_failure_and_not_a_crash(library: Library, docs: Path) -> None:
    def remove_one(event: IngestEvent) -> None:
        if event.kind == "found":
            (docs / "silver.txt").unlink(missing_ok=True)

    report = ingest(library, [docs], progress=remove_one)
    assert counts(report) == {"added": 2, "failed": 1}
    assert "cannot be read" in str(report.failed[0].reason)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_failure(library: Library, docs: Path) -> None:
    (docs / "copper.txt").chmod(0)
    assert counts(ingest(library, [docs])) == {"added": 2, "failed": 1}


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
    embedding = [e for e in events if e.kind == "embedding"]
    assert len(embedding) > 1 and any(e.source.endswith("long.txt") for e in embedding)


def test_an_interrupt_leaves_whole_documents_and_the_next_run_resumes(library: Library, docs: Path) -> None:
    for name in ("a", "b"):  # each fills a batch of its own
        (docs / f"{name}.txt").write_text(f"A sentence about {name} that says nothing in particular here. " * 4500)

    def interrupt(event: IngestEvent) -> None:
        if event.kind == "embedding" and event.source.endswith("b.txt"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, [docs], progress=interrupt)
    assert [(Path(r.source).name, r.state) for r in library.documents()] == [("a.txt", "ready")]
    assert library.verify().clean
    assert library.history.jobs()[0].state == "interrupted"
    assert counts(ingest(library, [docs])) == {"added": 4, "unchanged": 1}


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


def test_a_renamed_file_is_moved_and_not_embedded_again(library: Library, docs: Path) -> None:
    ingest(library, [docs], tags=["metals"])
    before, embedded = library.find_source(str(docs / "copper.txt")), library.embedded
    assert before is not None
    (docs / "copper.txt").rename(docs / "kupfer.txt")
    report = ingest(library, [docs])
    assert counts(report) == {"moved": 1, "unchanged": 2} and library.embedded == embedded
    assert report.moved[0].previous == str(docs / "copper.txt")
    after = library.find_source(str(docs / "kupfer.txt"))
    assert after is not None and (after.document_id, after.title) == (before.document_id, "kupfer")
    assert library.find_source(str(docs / "copper.txt")) is None
    assert [s.tags for s in library.sources(after.document_id)] == [("metals",)]
    assert len(library.search_keywords("kupfer", 5)) == 1  # its new name is searched
    assert library.verify().clean


def test_identical_copies_are_stored_once_with_all_their_paths(library: Library, docs: Path) -> None:
    (docs / "again.txt").write_text((docs / "copper.txt").read_text())
    report = ingest(library, [docs])
    assert counts(report) == {"added": 3, "copied": 1} and report.embedded == 3
    assert len(library.documents()) == 3 == library.count()
    (once,) = library.find_content(library.find_source(str(docs / "copper.txt")).sha256)  # type: ignore[union-attr]
    assert [Path(s.source).name for s in library.sources(once.document_id)] == ["again.txt", "copper.txt"]
    assert counts(ingest(library, [docs])) == {"unchanged": 4}

    # The document lives as long as one of its paths, and is named by one that is there.
    (docs / "again.txt").unlink()
    assert counts(ingest(library, [docs], prune=True)) == {"unchanged": 3, "removed": 1}
    assert library.document(once.document_id).source == str(docs / "copper.txt")
    (docs / "copper.txt").write_text("Bronze.")
    assert counts(ingest(library, [docs])) == {"replaced": 1, "unchanged": 2}
    assert library.count() == 3 and library.verify().clean


def test_an_edited_copy_leaves_the_other_alone(library: Library, docs: Path) -> None:
    (docs / "again.txt").write_text((docs / "copper.txt").read_text())
    ingest(library, [docs])
    (docs / "again.txt").write_text("Something else about nickel.")
    assert counts(ingest(library, [docs])) == {"replaced": 1, "unchanged": 3}
    assert len(library.search_keywords("copper", 5)) == 1 == len(library.search_keywords("nickel", 5))
    assert library.verify().clean


def test_two_files_that_change_names_keep_their_content(library: Library, docs: Path) -> None:
    ingest(library, [docs])
    one, two = docs / "copper.txt", docs / "silver.txt"
    texts = one.read_text(), two.read_text()
    one.write_text(texts[1])
    two.write_text(texts[0])
    assert ingest(library, [docs]).exit_status == 0
    for path, text in ((one, texts[1]), (two, texts[0])):
        record = library.find_source(str(path))
        assert record is not None and library.text(record.document_id) == text
    assert library.verify().clean


def test_of_an_edited_file_only_the_changed_chunks_are_embedded(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    paragraphs = [f"Paragraph {n}. " + f"It says {n * 7} things about subject {n}. " * (5 + n % 7) for n in range(60)]
    path.write_text("\n\n".join(paragraphs))
    first = ingest(library, [path])
    assert first.embedded == first.chunks > 20
    paragraphs[10] = "Now this one paragraph is about something else. " * 16
    path.write_text("\n\n".join(paragraphs))
    second = ingest(library, [path])
    assert counts(second) == {"replaced": 1} and second.chunks > 20
    assert 0 < second.embedded <= 5
    assert library.verify().clean and len(library.search_vectors("something else", 100)) == library.count()


def test_tags_are_added_and_survive_an_edit(library: Library, docs: Path) -> None:
    ingest(library, [docs / "copper.txt"], tags=["b"])
    ingest(library, [docs / "copper.txt"], tags=["a"])
    (docs / "copper.txt").write_text("New words.")
    ingest(library, [docs])
    assert {Path(s.source).stem: s.tags for s in library.sources()} == {
        "copper": ("a", "b"), "silver": (), "marble": ()
    }  # fmt: skip


def test_the_history_tells_what_became_of_each_file(library: Library, docs: Path) -> None:
    (docs / "empty.md").write_bytes(b"")
    ingest(library, [docs])
    ingest(library, [docs])
    last, first = library.history.jobs()
    assert (first.state, first.counts, first.chunks) == ("done", {"added": 3, "failed": 1}, 3)
    assert last.counts == {"unchanged": 3, "failed": 1} and last.arguments["paths"] == [str(docs)]
    files = {Path(f.source).name: (f.outcome, f.reason) for f in library.history.files(first.job_id)}
    assert files["copper.txt"] == ("added", None) and files["empty.md"] == ("failed", "the file is empty [empty]")
    assert [f.outcome for f in library.history.files(last.job_id)] == ["failed"]


def test_prune_removes_what_is_ignored_now(library: Library, docs: Path) -> None:
    ingest(library, [docs])
    (docs / ".ragignore").write_text("copper*\n")
    assert counts(ingest(library, [docs])) == {"unchanged": 2}
    assert counts(ingest(library, [docs], prune=True)) == {"unchanged": 2, "removed": 1}
    assert library.search_keywords("copper", 5) == []


def test_several_parsers_at_a_time_find_the_same(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(150):
        (folder / f"{n}.txt").write_text(f"File number {n} about subject{n}.")
    assert counts(ingest(library, [folder], engine=LocalEngine(3))) == {"added": 150}
    assert library.count() == 150 and library.verify().clean
