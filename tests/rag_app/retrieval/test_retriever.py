from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from ingest.catalogue.document_filter import DocumentFilter
from ingest.embedding.embedder import Embedder
from ingest.errors import FilterError
from ingest.library import Library
from rag_app.retrieval.cross_language import in_other_language
from rag_app.retrieval.retriever import IN_CONVERSATION, LibraryRetriever, SearchMode
from tests.rag_app.conftest import add


def test_the_right_passage_comes_first_in_english(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("What is the code for the garage?")
    assert found[0].metadata["source"] == "garage.txt"


def test_the_right_passage_comes_first_in_chinese(library: Library) -> None:
    found = LibraryRetriever(library=library, k=2).invoke("会议室要提前多久预订？")
    assert found[0].metadata["source"] == "会议室.txt"


def test_hits_in_the_other_language_are_told_by_their_text(library: Library) -> None:
    dense = library.search_vectors("garage", 10)
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


FOLLOW_UP, SAID = "And for guests?", "What does soup cost in the canteen? three euros"


def sources(found: list[Document]) -> list[str]:
    return [d.metadata["source"] for d in found]


def test_a_follow_up_is_found_by_what_was_said_before_it(library: Library) -> None:
    retriever = LibraryRetriever(library=library, k=1)
    # both searches lead, so the best hit of the question alone may stand before it
    assert "canteen.txt" in sources(retriever.invoke(FOLLOW_UP, conversation=SAID))[:2]
    assert "会议室.txt" in sources(retriever.invoke("还有呢？", conversation="预订会议室需要提前多久？ 两天"))[:2]


def test_a_question_that_stands_alone_is_found_whatever_was_said_before_it(library: Library) -> None:
    retriever = LibraryRetriever(library=library, k=1)
    question = "What is the access code of the garage?"
    alone, after = retriever.invoke(question), retriever.invoke(question, conversation=SAID)
    assert sources(alone) == ["garage.txt"] and "garage.txt" in sources(after)[:2]
    score = {d.metadata["source"]: d.metadata["score"] for d in after}
    assert score["garage.txt"] == alone[0].metadata["score"] == 1.0, "both searches lead"


def test_two_searches_share_two_more_passages(handbooks: Library) -> None:
    retriever = LibraryRetriever(library=handbooks, k=1)
    assert len(retriever.invoke("password")) == 1
    assert len(retriever.invoke("password", conversation="What about lunch?")) == 1 + IN_CONVERSATION
    assert len(retriever.invoke("password", k=2, conversation="What about lunch?")) == 2 + IN_CONVERSATION


@pytest.mark.parametrize("mode", list(SearchMode))
@pytest.mark.parametrize("conversation", ["", "  \n"])
def test_without_a_conversation_the_question_alone_is_searched(
    library: Library, mode: SearchMode, conversation: str
) -> None:
    retriever = LibraryRetriever(library=library, mode=mode, k=2)
    assert retriever.invoke("soup and lunch", conversation=conversation) == retriever.invoke("soup and lunch")


@pytest.mark.parametrize("mode", list(SearchMode))
def test_each_chunk_counts_as_in_the_search_that_likes_it_better(library: Library, mode: SearchMode) -> None:
    retriever = LibraryRetriever(library=library, mode=mode, longest_passage=0)
    alone, behind = dict(retriever.search(FOLLOW_UP, 50)), dict(retriever.search(f"{SAID} {FOLLOW_UP}", 50))
    found = retriever.invoke(FOLLOW_UP, k=10, conversation=SAID)
    assert {d.id for d in found} == alone.keys() | behind.keys()
    for d in found:
        assert d.metadata["score"] == max(alone.get(d.id, 0.0), behind.get(d.id, 0.0))
    scores = [d.metadata["score"] for d in found]
    assert scores == sorted(scores, reverse=True)


def test_a_filter_holds_for_what_was_said_too(library: Library) -> None:
    found = LibraryRetriever(library=library).invoke(FOLLOW_UP, conversation=SAID, filter={"language": "zh"})
    assert set(sources(found)) == {"会议室.txt"}


@pytest.mark.parametrize("conversation", ['"', "NEAR(a b) OR", "?!。", "x" * 5000])
def test_no_conversation_is_search_syntax(library: Library, conversation: str) -> None:
    assert "garage.txt" in sources(LibraryRetriever(library=library).invoke("garage", conversation=conversation))


class Judge:
    """Likes texts that hold a word, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append(question)
        return [float("Bicycles" in t) for t in texts]


def test_a_reranker_judges_what_both_searches_found_by_the_question(library: Library) -> None:
    judge = Judge()
    retriever = LibraryRetriever(library=library, k=1, reranker=judge)
    assert sources(retriever.invoke(FOLLOW_UP, conversation=SAID))[0] == "garage.txt"
    assert judge.asked == [FOLLOW_UP]


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
