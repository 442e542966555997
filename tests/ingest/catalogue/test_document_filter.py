"""Filters choose exactly the documents that they say, whatever their values contain."""

import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from ingest.catalogue.document_filter import DocumentFilter
from ingest.errors import FilterError
from ingest.job import ingest
from ingest.library import Library
from tests.ingest.conftest import HashingEmbedder

DAYS = {"contracts/lease.md": "2023-05-01", "contracts/old/lease.txt": "2019-01-31", "notes[1].md": "2024-02-29"}
TEXTS = {
    "contracts/lease.md": "# Lease\n\nThe deposit of the kettle flat is 900 euros.",
    "contracts/old/lease.txt": "The deposit of the kettle flat is 700 euros.",
    "contracts_other/a.log": "kettle boiled at noon",
    "code/app.js": "function kettle() { return 'boil' }",
    "code/app.rs": "fn kettle() -> i32 { 1 }",
    "notes[1].md": "A note about the kettle, first.",
    "notes1.md": "A note about the kettle, without brackets.",
    "说明/水壶.txt": "水壶 kettle 可以装两升水，每周清洗一次。",
}


def at_noon(day: str) -> float:
    return datetime.fromisoformat(f"{day}T12:00").timestamp()


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (at_noon(DAYS.get(name, "2021-06-15")),) * 2)
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        archive.writestr("inner/copy.md", "The kettle in the archive.")
    os.utime(folder / "bundle.zip", (at_noon("2022-07-07"),) * 2)
    return folder


@pytest.fixture(scope="module")
def filled(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("library"), HashingEmbedder()) as library:
        ingest(library, [docs])
        ingest(library, [docs / "contracts"], tags=["legal", "a'b\"; DROP TABLE sources; --"])
        ingest(library, [docs / "code"], tags=["legal code"])
        yield library


def chosen(library: Library, docs: Path, **values: object) -> set[str]:
    found = library.choose(DocumentFilter.of(**values))
    return {str(Path(library.document(i).source).relative_to(docs)) for i in found}


CONTRACTS = {"contracts/lease.md", "contracts/old/lease.txt"}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"source": "lease.md"}, {"contracts/lease.md"}),
        ({"source": "old/lease.txt"}, {"contracts/old/lease.txt"}),
        ({"source": ["lease.md", "app.js"]}, {"contracts/lease.md", "code/app.js"}),
        ({"source": "lease.*"}, CONTRACTS),
        ({"source": "bundle.zip"}, {"bundle.zip/inner/copy.md"}),
        ({"source": "contracts/*"}, CONTRACTS),
        ({"source": "*.md"}, {"contracts/lease.md", "notes[1].md", "notes1.md", "bundle.zip/inner/copy.md"}),
        ({"source": "notes[1].md"}, {"notes[1].md"}),   # a file of this very name comes before the pattern
        ({"source": "notes[2-9,1].md"}, {"notes1.md"}),
        ({"type": "md"}, {"contracts/lease.md", "notes[1].md", "notes1.md", "bundle.zip/inner/copy.md"}),
        ({"type": ".JS"}, {"code/app.js"}),
        ({"type": "txt"}, {"contracts/old/lease.txt", "说明/水壶.txt"}),
        ({"type": "text/x-source-code"}, {"code/app.js", "code/app.rs"}),
        ({"type": ["log", "rs"]}, {"contracts_other/a.log", "code/app.rs"}),
        ({"language": "zh"}, {"说明/水壶.txt"}),
        ({"tag": "legal"}, CONTRACTS),
        ({"tag": "legal code"}, {"code/app.js", "code/app.rs"}),
        ({"tag": "a'b\"; DROP TABLE sources; --"}, CONTRACTS),
        ({"since": "2023-01-01"}, {"contracts/lease.md", "notes[1].md"}),
        ({"since": date(2023, 5, 1), "until": "2023-05-01"}, {"contracts/lease.md"}),
        ({"until": "2019-01-31"}, {"contracts/old/lease.txt"}),
        ({"since": "2022-01-01", "until": "2022-12-31"}, {"bundle.zip/inner/copy.md"}),
        ({"type": "md", "tag": "legal"}, {"contracts/lease.md"}),
    ],
)  # fmt: skip
def test_values_of_a_field_are_alternatives_and_fields_must_all_hold(
    filled: Library, docs: Path, values: dict[str, object], names: set[str]
) -> None:
    assert chosen(filled, docs, **values) == names


def test_a_folder_is_everything_below_it_and_no_namesake(filled: Library, docs: Path) -> None:
    assert chosen(filled, docs, folder=docs / "contracts") == CONTRACTS
    assert chosen(filled, docs, folder=f"{docs}/contracts/") == CONTRACTS
    assert chosen(filled, docs, folder=docs / "bundle.zip") == {"bundle.zip/inner/copy.md"}
    assert chosen(filled, docs, folder="/") == {*TEXTS, "bundle.zip/inner/copy.md"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tag": ["legal", "legla"]}, "no document has the tag 'legla'; there are .*legal"),
        ({"folder": "/nowhere"}, "no document has the folder '/nowhere'; there are .*contracts"),
        ({"type": "pdf"}, "no document has the type 'pdf'; there are .*md"),
        ({"type": "exe"}, "type 'exe' is not one that can be read"),
        ({"language": "fr"}, "language 'fr' is not known"),
        ({"source": "' OR 1=1 --"}, "no document has the source"),
        ({"source": "%"}, "no document has the source"),
        ({"source": ""}, "source ''"),
        ({"source": "a\0b"}, "source 'a"),
        ({"since": "yesterday"}, "since 'yesterday' is no day"),
        ({"since": "2024-02-30"}, "is no day"),
        ({"since": "2024-01-02", "until": "2024-01-01"}, "exchange them"),
        ({"since": "2030-01-01"}, "since 2030-01-01; the files were changed between 2019-01-31 and 2024-02-29"),
        ({"type": "js", "language": "zh"}, "no document fits all of: type js, language zh"),
        ({"colour": "red"}, "a filter has no 'colour'"),
        ({"tag": 7}, "give a text or a list of texts"),
    ],
)
def test_what_no_document_has_is_said_with_what_there_is(
    filled: Library, docs: Path, values: dict[str, object], message: str
) -> None:
    with pytest.raises(FilterError, match=message):
        chosen(filled, docs, **values)


def test_a_pattern_of_many_stars_takes_no_time(filled: Library) -> None:
    with pytest.raises(FilterError):
        filled.choose(DocumentFilter.of(source="*a" * 200 + "*Z[!x]"))


def test_an_empty_library_has_nothing_to_find_and_no_error(library: Library) -> None:
    assert library.choose(DocumentFilter.of(tag="x")) == []
    assert library.facets().first_day == ""


def test_there_is_listed_what_can_be_chosen(filled: Library, docs: Path) -> None:
    facets = filled.facets()
    assert facets.tags == {"legal": 2, "a'b\"; DROP TABLE sources; --": 2, "legal code": 2}
    assert facets.languages == {"en": 8, "zh": 1}
    assert facets.types["md"] == 4 and facets.types["text/x-source-code"] == 2 and facets.types["text/plain"] == 3
    assert facets.folders[str(docs / "contracts" / "old")] == 1
    assert (facets.first_day, facets.last_day) == ("2019-01-31", "2024-02-29")
    for name, values in (("folder", facets.folders), ("type", facets.types), ("language", facets.languages)):
        for value, count in values.items():
            assert len(filled.choose(DocumentFilter.of(**{name: value}))) >= count


def test_both_searches_bring_as_many_as_there_are_however_far_down(filled: Library, docs: Path) -> None:
    among = filled.choose(DocumentFilter.of(language="zh"))
    for search in (filled.search_vectors, filled.search_keywords):
        hits = search("kettle deposit euros", 3, among=among)
        assert [c.source for c in filled.chunks([i for i, _ in hits])] == [str(docs / "说明/水壶.txt")]


def test_a_copy_is_shown_under_the_path_that_was_chosen(library: Library, tmp_path: Path) -> None:
    # given a document under two paths
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.md").write_text("The copper kettle.")
    ingest(library, [tmp_path / "a", tmp_path / "b"])
    (record,) = library.documents()
    # when only one of them is searched, then that one is named
    for folder in ("a", "b"):
        in_folder = DocumentFilter.of(folder=tmp_path / folder)
        assert library.choose(in_folder) == [record.document_id]
        paths = library.paths_chosen(in_folder, [record.document_id])
        assert paths == {record.document_id: str(tmp_path / folder / "x.md")}


def test_a_touched_file_gets_its_new_day_without_being_read_again(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("The copper kettle.")
    os.utime(path, (at_noon("2020-01-01"),) * 2)
    ingest(library, [path])
    os.utime(path, (at_noon("2025-01-01"),) * 2)
    assert ingest(library, [path]).unchanged
    assert library.facets().last_day == "2025-01-01"


def test_a_broad_filter_is_searched_in_the_index_and_a_narrow_one_completely(
    library: Library, commit: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given limits so small that a few documents are many
    monkeypatch.setattr("ingest.vectors.search.MAX_COMPARED", 0)
    monkeypatch.setattr("ingest.vectors.search._FEW", 4)
    monkeypatch.setattr("ingest.vectors.search._WIDEST", 40)
    near = [commit(f"near{n}.txt", f"copper kettle {n}").document_id for n in range(60)]  # type: ignore[operator]
    far = [commit(f"far{n}.txt", f"weather in area {n}, a kettle").document_id for n in range(9)]  # type: ignore[operator]
    for among, k in ((near, 5), (far, 5), (far, 9), (far[:2], 5), ([*near, *far], 64)):
        found = library.search_vectors("copper kettle", k, among=among)
        # then the best of theirs come, as a comparison with each tells
        ids = [f"{i}-000000" for i in among]
        scores = library.vectors_of(ids) @ library.embedder.embed_query("copper kettle")
        expected = sorted(map(float, scores), reverse=True)[:k]
        assert [s for _, s in found] == pytest.approx(expected, abs=1e-4)
        assert {i for i, _ in found} <= set(ids)
