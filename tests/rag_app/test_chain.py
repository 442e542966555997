import asyncio
from collections.abc import Iterator

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from ingest.library import Library
from rag_app.answer import Answer
from rag_app.chain import build_chain
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(passages=3)


def test_an_answer_is_quoted_from_a_document(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    answer = build_chain(settings, library=library, model=reader).invoke(
        {"question": "What is the garage's access code?"}
    )
    assert answer.answered
    (citation,) = answer.citations
    assert "4711" in citation.quote
    assert citation.source == "garage.txt"
    assert library.text(citation.document_id)[citation.start : citation.end] == citation.quote


def test_a_chinese_answer_likewise(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    answer = build_chain(settings, library=library, model=reader).invoke({"question": "预订会议室需要提前多久？"})
    assert answer.answered
    assert "两天" in answer.citations[0].quote
    assert answer.citations[0].source == "会议室.txt"


def test_what_the_documents_do_not_say_is_not_answered(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    answer = build_chain(settings, library=library, model=reader).invoke(
        {"question": "Who was the first person to climb Mount Everest?"}
    )
    assert not answer.answered
    assert answer.answer == "Not in your documents."
    assert answer.citations == ()
    assert answer.passages, "the nearest passages are still shown"


def test_the_json_form_has_exactly_the_promised_keys(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    found = build_chain(settings, library=library, model=reader).invoke({"question": "What does soup cost?"}).to_dict()
    assert list(found) == ["question", "answer", "answered", "confidence", "citations", "timings_ms", "usage"]
    assert 0 <= found["confidence"] <= 1
    for citation in found["citations"]:
        assert list(citation) == ["source", "document_id", "chunk_id", "start", "end", "quote", "page", "score"]


def test_a_follow_up_is_searched_with_its_history(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    chain = build_chain(settings, library=library, model=reader)
    history = [HumanMessage("What does soup cost in the canteen?"), AIMessage("three euros")]
    answer = chain.invoke({"question": "And for guests?", "chat_history": history})
    assert answer.question == "And for guests?"
    assert "canteen" in answer.standalone_question
    assert answer.passages[0].source == "canteen.txt"


def test_an_empty_question_is_refused(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    with pytest.raises(ValueError, match="empty"):
        build_chain(settings, library=library, model=reader).invoke({"question": "  "})


def test_async_batch_and_events(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    chain = build_chain(settings, library=library, model=reader)
    asked = [{"question": "What is the garage's access code?"}, {"question": "What does soup cost?"}]
    assert [a.question for a in chain.batch(asked)] == [a["question"] for a in asked]

    async def events() -> tuple[Answer, set[str]]:
        kinds = {e["event"] async for e in chain.astream_events(asked[0], version="v2")}
        return await chain.ainvoke(asked[0]), kinds

    answer, kinds = asyncio.run(events())
    assert answer.answered
    assert {"on_retriever_end", "on_chat_model_stream", "on_chain_end"} <= kinds


def replies(*texts: str) -> Iterator[AIMessage]:
    return iter([AIMessage(t) for t in texts])


def test_any_chat_model_works_and_its_quotes_are_proven(library: Library, settings: Settings) -> None:
    model = GenericFakeChatModel(messages=replies('The code: "access code of the garage is 4711" [1].'))
    answer = build_chain(settings, library=library, model=model).invoke(
        {"question": "What is the garage's access code?"}
    )
    assert answer.answered
    assert answer.citations[0].quote == "access code of the garage is 4711"


def test_a_model_that_makes_things_up_is_not_believed(library: Library, settings: Settings) -> None:
    model = GenericFakeChatModel(messages=replies('Surely "the code of the garage is 0815" [1].'))
    answer = build_chain(settings, library=library, model=model).invoke(
        {"question": "What is the garage's access code?"}
    )
    assert not answer.answered
    assert answer.answer == "Not in your documents."
