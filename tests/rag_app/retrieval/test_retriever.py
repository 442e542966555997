from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from ingest.library import Library
from rag_app.retrieval.retriever import LibraryRetriever, SearchMode


def test_the_right_passage_comes_first_in_english(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("What is the code for the garage?")
    assert found[0].metadata["source"] == "garage.txt"


def test_the_right_passage_comes_first_in_chinese(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("会议室要提前多久预订？")
    assert found[0].metadata["source"] == "会议室.txt"


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
