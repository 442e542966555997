from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage

from ingest.embedding.embedder import LocalEmbedder
from ingest.job import ingest
from ingest.library import Library
from rag_app.answers.citations import proven_answers
from rag_app.retrieval.retriever import LibraryRetriever
from tests.rag_app.conftest import add


def block(*places: tuple[int, int, int], also: tuple[tuple[int, int, int], ...] = ()) -> dict[str, Any]:
    """One answer of a reply, which claims quotes as (passage, start, end)."""
    claims = [(place, False) for place in places] + [(place, True) for place in also]
    annotations = [
        {
            "type": "citation",
            "cited_text": "",
            "start_index": 0,
            "end_index": 1,
            "extras": {"passage": p, "passage_start": a, "passage_end": z, "also": is_further},
        }
        for (p, a, z), is_further in claims
    ]
    return {"type": "text", "text": "…", "annotations": annotations}


def reply(*blocks: dict[str, Any], confidences: tuple[float, ...] = (0.9,)) -> AIMessage:
    return AIMessage([*blocks], response_metadata={"answers": [{"confidence": c} for c in confidences]})


def span(document: Document, words: str) -> tuple[int, int]:
    start = document.page_content.index(words)
    return start, start + len(words)


def test_a_span_becomes_a_citation_of_the_stored_text(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("access code of the garage")
    (answer,) = proven_answers(reply(block((0, *span(documents[0], "4711")))), documents, library)
    assert (answer.text, answer.confidence, answer.also_in) == ("4711", 0.9, ())
    (found,) = answer.citations
    assert found.quote == "4711"
    assert found.sentence == "The access code of the garage is 4711."
    assert library.text(found.document_id)[found.sentence_start : found.sentence_end] == found.sentence
    assert library.text(found.document_id)[found.start : found.end] == "4711"
    assert found.source == "garage.txt"


def test_a_span_of_a_passage_that_does_not_exist_is_dropped(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("garage")
    assert proven_answers(reply(block((7, 0, 1), (-1, 0, 1))), documents, library) == ()


def test_a_passage_that_is_not_what_is_stored_proves_nothing(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("garage")
    documents[0].page_content = documents[0].page_content.replace("4711", "0815")
    assert proven_answers(reply(block((0, *span(documents[0], "0815")))), documents, library) == ()


def test_quotes_of_a_foreign_model_are_looked_up(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("access code of the garage")
    message = AIMessage('It is "the  access code of the garage is 4711" [1], and "the moon is cheese" [1].')
    (answer,) = proven_answers(message, documents, library)
    assert answer.text == message.text and not answer.is_quote
    (found,) = answer.citations
    assert found.quote == "The access code of the garage is 4711"


def test_chinese_quotation_marks_count_too(library: Library) -> None:
    documents = LibraryRetriever(library=library, k=1).invoke("预订会议室需要提前几天？")
    (answer,) = proven_answers(AIMessage("“预订会议室需要提前两天”【1】"), documents, library)
    assert answer.citations[0].quote == "预订会议室需要提前两天"


def test_a_vanished_document_proves_nothing(tmp_path: Path, embedder: LocalEmbedder) -> None:
    with Library.open(tmp_path, embedder) as library:
        document_id = add(library, "roof.txt", "The roof was mended in 2019.")
        documents = LibraryRetriever(library=library, k=1).invoke("roof")
        library.remove(document_id)
        assert proven_answers(reply(block((0, 23, 27))), documents, library) == ()


def test_several_answers_each_keep_their_citations(library: Library) -> None:
    garage, canteen = (
        LibraryRetriever(library=library, k=1).invoke(q)[0] for q in ("access code of the garage", "canteen soup")
    )
    documents = [garage, canteen]
    message = reply(
        block((0, *span(garage, "4711")), (0, *span(garage, "row C"))),
        block((1, *span(canteen, "five euros"))),
        confidences=(0.9, 0.6),
    )
    first, second = proven_answers(message, documents, library)
    assert (first.text, first.confidence) == ("4711\nrow C", 0.9)
    assert (second.text, second.confidence) == ("five euros", 0.6)
    assert second.citations[0].source == "canteen.txt"
    assert second.citations[0].sentence == "Guests pay five euros."


def test_a_place_is_cited_once_however_often_it_was_read(library: Library) -> None:
    """Passages overlap: the same words of a document stand in two of them."""
    (document,) = LibraryRetriever(library=library, k=1).invoke("access code of the garage")
    again = document.model_copy(deep=True)
    claim = span(document, "garage is 4711")
    (answer,) = proven_answers(
        reply(block((0, *claim), also=((1, *span(document, "4711")),))), [document, again], library
    )
    assert len(answer.citations) == 1 and answer.also_in == ()


def test_when_a_document_has_vanished_another_that_says_the_same_proves_it(
    tmp_path: Path, embedder: LocalEmbedder
) -> None:
    with Library.open(tmp_path, embedder) as library:
        for name in ("a.txt", "b.txt"):
            add(library, name, f"The roof was mended in 2019. This is {name}.")
        documents = LibraryRetriever(library=library, k=2).invoke("roof")
        library.remove(documents[0].metadata["document_id"])
        message = reply(block((0, *span(documents[0], "2019")), also=((1, *span(documents[1], "2019")),)))
        (answer,) = proven_answers(message, documents, library)
    assert answer.citations[0].source == documents[1].metadata["source"]
    assert answer.also_in == ()


def test_a_question_for_steps_gets_the_whole_list(tmp_path: Path, embedder: LocalEmbedder) -> None:
    steps = "In case of fire:\n1. Close the doors.\n2. Leave the house.\n3. Call 112."
    with Library.open(tmp_path, embedder) as library:
        add(library, "fire.txt", steps)
        documents = LibraryRetriever(library=library, k=1).invoke("fire")
        message = reply(block((0, *span(documents[0], "Leave the house"))))
        (whole,) = proven_answers(message, documents, library, whole_lists=True)
        (item,) = proven_answers(message, documents, library)
    assert whole.text == item.text == "Leave the house"
    assert whole.citations[0].sentence == steps
    assert item.citations[0].sentence == "2. Leave the house."


def test_a_markdown_table_brings_its_header(tmp_path: Path, embedder: LocalEmbedder) -> None:
    with Library.open(tmp_path, embedder) as library:
        add(library, "codes.txt", "| Code | Meaning |\n|---|---|\n| E05 | Tank empty. Fill it |\n| E06 | No flow |\n")
        documents = LibraryRetriever(library=library, k=1).invoke("E05")
        (answer,) = proven_answers(reply(block((0, *span(documents[0], "Tank empty")))), documents, library)
    (citation,) = answer.citations
    assert citation.sentence == "| E05 | Tank empty. Fill it |"
    assert citation.table_header == "| Code | Meaning |"


def test_a_quote_is_cited_under_its_own_heading_not_under_that_of_most_of_its_passage(
    tmp_path: Path, embedder: LocalEmbedder
) -> None:
    """Short sections are joined into one passage, which is named after the longest of them."""
    handbook = tmp_path / "handbook.md"
    handbook.write_text(
        "# 2 Leave\n\nIt is 24 days.\n\n## 2.1 Sick leave\n\n"
        "Call the duty line before 7:30 on the first day. A note is needed from the seventh calendar day on.\n\n"
        "## 2.2 Pets\n\nOne paid day.\n"
    )
    with Library.open(tmp_path / "library", embedder) as library:
        ingest(library, [handbook])
        documents = LibraryRetriever(library=library, k=1).invoke("leave")
        answers = [
            proven_answers(reply(block((0, *span(documents[0], words)))), documents, library)[0]
            for words in ("24 days", "7:30", "One paid day")
        ]
    assert [a.citations[0].heading_path for a in answers] == [
        ("2 Leave",),
        ("2 Leave", "2.1 Sick leave"),
        ("2 Leave", "2.2 Pets"),
    ]
