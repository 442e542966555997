from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from ingest.embedding import SentenceTransformerEmbedder
from ingest.library import Library
from rag_app.citations import check_citations, find_quote, sentence_around
from rag_app.retrieval.retriever import LibraryRetriever
from tests.rag_app.conftest import add


def annotated(text: str, start: int, end: int, passage: int = 0) -> AIMessage:
    annotation = {
        "type": "citation",
        "cited_text": text,
        "start_index": 0,
        "end_index": len(text),
        "extras": {"passage": passage, "passage_start": start, "passage_end": end},
    }
    return AIMessage([{"type": "text", "text": text, "annotations": [annotation]}])


def test_a_span_becomes_a_citation_of_the_stored_text(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("access code of the garage")
    at = documents[0].page_content.index("4711")
    (found,) = check_citations(annotated("4711", at, at + 4), documents, library)
    assert found.quote == "4711"
    assert library.text(found.document_id)[found.start : found.end] == "4711"
    assert found.source == "garage.txt"


def test_a_span_of_a_passage_that_does_not_exist_is_dropped(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("garage")
    assert check_citations(annotated("x", 0, 1, passage=7), documents, library) == ()


def test_a_passage_that_is_not_what_is_stored_proves_nothing(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("garage")
    documents[0].page_content = documents[0].page_content.replace("4711", "0815")
    at = documents[0].page_content.index("0815")
    assert check_citations(annotated("0815", at, at + 4), documents, library) == ()


def test_quotes_of_a_foreign_model_are_looked_up(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("access code of the garage")
    message = AIMessage('It is "the  access code of the garage is 4711" [1], and "the moon is cheese" [1].')
    (found,) = check_citations(message, documents, library)
    assert found.quote == "The access code of the garage is 4711"


def test_chinese_quotation_marks_count_too(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("预订会议室需要提前几天？")
    (found,) = check_citations(AIMessage("“预订会议室需要提前两天”【1】"), documents, library)
    assert found.quote == "预订会议室需要提前两天"


def test_a_quote_is_text_never_a_pattern() -> None:
    assert find_quote(".*", "anything") is None
    assert find_quote("a.b*c", "see a.b*c here") == (4, 9)


def test_the_sentence_around_a_span() -> None:
    text = "First one. The code is 4711, they say. Last one."
    at = text.index("4711")
    first, last = sentence_around(text, at, at + 4)
    assert text[first:last] == "The code is 4711, they say."


def test_the_sentence_around_a_chinese_span() -> None:
    text = "第一句。预订需要提前两天。第三句。"
    at = text.index("两天")
    first, last = sentence_around(text, at, at + 2)
    assert text[first:last] == "预订需要提前两天。"


def test_a_decimal_point_ends_no_sentence() -> None:
    text = "It costs 3.50 euros a day."
    first, last = sentence_around(text, 17, 22)
    assert text[first:last] == text


@given(st.text("ab .。!\n中", max_size=60), st.data())
def test_the_sentence_always_holds_the_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sentence_around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)


def test_a_vanished_document_proves_nothing(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> None:
    with Library.open(tmp_path, embedder) as library:
        document_id = add(library, "roof.txt", "The roof was mended in 2019.")
        documents = LibraryRetriever(library=library, k=1).invoke("roof")
        library.remove(document_id)
        assert check_citations(annotated("2019", 23, 27), documents, library) == ()
