from pathlib import Path
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from ingest.document_filter import DocumentFilter
from ingest.embedding import Embedder
from ingest.errors import FilterError
from ingest.library import Library
from rag_app.retrieval.cross_language import in_other_language
from rag_app.retrieval.retriever import LibraryRetriever, SearchMode
from tests.rag_app.conftest import add


def test_the_right_passage_comes_first_in_english(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("What is the code for the garage?")
    assert found[0].metadata["source"] == "garage.txt"


def test_the_right_passage_comes_first_in_chinese(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("会议室要提前多久预订？")
    assert found[0].metadata["source"] == "会议室.txt"


def test_hits_in_the_other_language_are_told_by_their_text(library: Library) -> None:
    dense = library.dense("garage", 10)
    sources = {chunk.chunk_id: chunk.source for chunk in library.chunks([i for i, _ in dense])}
    assert {sources[i] for i in in_other_language(library, "Where is the garage?", dense)} == {"会议室.txt"}
    assert {sources[i] for i in in_other_language(library, "车库在哪里？", dense)} == {"garage.txt", "canteen.txt"}
    assert in_other_language(library, "garage", []) == frozenset()


def test_a_question_finds_the_passage_in_the_other_language_among_some_in_its_own(handbooks: Library) -> None:
    retriever = LibraryRetriever(library=handbooks, k=4)
    sources = [d.metadata["source"] for d in retriever.invoke("密码至少要有多少个字符？")]
    assert set(sources[:2]) == {"handbook-2023.txt", "handbook-2025.txt"}


def test_metadata_locates_the_passage_in_the_stored_text(library: Library) -> None:
    for document in LibraryRetriever(library=library).invoke("garage"):
        text = library.text(document.metadata["document_id"])
        assert text[document.metadata["start"] : document.metadata["end"]] == document.page_content
        assert 0 <= document.metadata["score"] <= 1


@pytest.mark.parametrize("mode", list(SearchMode))
def test_every_mode_finds_something_and_respects_k(library: Library, mode: SearchMode) -> None:
    assert len(LibraryRetriever(library=library, mode=mode).invoke("soup and lunch", k=1)) == 1


@pytest.mark.parametrize("query", ["", "   ", '"', "NEAR(a b)", "a AND", "*", "title:x", "?!。"])
def test_no_query_is_search_syntax(library: Library, query: str) -> None:
    assert isinstance(LibraryRetriever(library=library).invoke(query), list)


def test_a_filter_chooses_the_documents(library: Library) -> None:
    retriever = LibraryRetriever(library=library, k=2, filter={"source": "canteen.txt"})
    question = "What is the code for the garage?"
    assert [d.metadata["source"] for d in retriever.invoke(question)] == ["canteen.txt"]
    # one that comes with the call takes its place
    (found,) = retriever.invoke(question, filter=DocumentFilter.of(language="zh"))
    assert found.metadata["source"] == "会议室.txt"
    with pytest.raises(FilterError, match="tag 'x'"):
        retriever.invoke(question, filter={"tag": "x"})


@pytest.mark.parametrize("mode", list(SearchMode))
def test_a_filter_leaves_as_many_as_there_are(library: Library, mode: SearchMode) -> None:
    retriever = LibraryRetriever(library=library, mode=mode, filter={"language": "en"})
    found = retriever.invoke("the garage and soup 会议室")
    assert {d.metadata["source"] for d in found} == {"garage.txt", "canteen.txt"}


def test_a_filter_that_is_none_is_refused_at_once(library: Library) -> None:
    with pytest.raises(FilterError, match="it has source, folder"):
        LibraryRetriever(library=library, filter={"colour": "red"})


def test_neighbouring_hits_are_one_passage_whose_offsets_are_right(tmp_path: Path, embedder: Embedder) -> None:
    text = " ".join(f"The copper kettle number {n} stands on shelf {n % 7} in the cellar." for n in range(60))
    with Library.open(tmp_path, embedder) as library:
        document_id = add(library, "kettles.txt", text)
        assert len(library.document_chunks(document_id)) > 3
        for longest in (None, 0, 2000):
            retriever = LibraryRetriever(library=library, k=8, longest_passage=longest)
            found = retriever.invoke("copper kettle on a shelf")
            assert any(len(d.metadata["chunk_ids"]) > 1 for d in found) == (longest == 2000)
            for d in found:
                assert text[d.metadata["start"] : d.metadata["end"]] == d.page_content
                assert len(d.page_content) <= 2000


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own contract for retrievers."""

    @pytest.fixture(autouse=True)
    def _library(self, library: Library) -> None:
        type(self).library = library

    library: Library

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return LibraryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": self.library}

    @property
    def retriever_query_example(self) -> str:
        return "lunch garage 会议室"
