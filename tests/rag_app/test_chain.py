import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import ANY

import pytest
from langchain_core._api import LangChainBetaWarning
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableLambda

from ingest.catalogue.document_filter import DocumentFilter
from ingest.errors import FilterError
from ingest.library import Library
from model.reader.answering import Answerer
from model.reader.calibration import Calibration
from model.reader.grounded import GroundedReader
from model.reader.reading import Quote, Reading, Readings
from rag_app.answers.answer import Answer
from rag_app.chain import ChainInput, build_chain
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.question.limit import QuestionTooLong
from rag_app.question.messages.kind import LIKELY
from rag_app.retrieval.fusion import Ranking
from rag_app.retrieval.retriever import LibraryRetriever
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


@pytest.mark.parametrize(
    ("question", "quote", "told"),
    [
        ("What is the garage's access code?", "4711", "No certain answer in your documents."),
        ("预订会议室需要提前多久？", "两天", "您的文档中没有足够确定的答案。"),
    ],
)
def test_a_withheld_answer_that_may_well_be_right_is_shown_with_its_place_but_is_none(
    library: Library, settings: Settings, question: str, quote: str, told: str
) -> None:
    strict = ChatLocalGPT(min_confidence=0.999)
    answer = build_chain(settings, library=library, model=strict).invoke({"question": question})
    assert not answer.answered and answer.answers == () and answer.citations == ()
    assert answer.answer == told
    assert answer.possible is not None and answer.shown == (answer.possible,)
    assert answer.possible.confidence == answer.confidence < 0.999
    (citation,) = answer.possible.citations
    assert quote in citation.quote == answer.withheld
    assert library.text(citation.document_id)[citation.start : citation.end] == citation.quote
    found = answer.to_dict()["possible"]
    assert (found["answer"], found["citations"][0]["quote"]) == (answer.withheld, citation.quote)


def test_the_json_form_has_exactly_the_promised_keys(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    question = {"question": "What is the garage's access code?"}
    found = build_chain(settings, library=library, model=reader).invoke(question).to_dict()
    assert found["answered"]
    assert list(found) == [
        "question",
        "answer",
        "answered",
        "confidence",
        "answers",
        "citations",
        "timings_ms",
        "usage",
    ]
    assert 0 <= found["confidence"] <= 1
    for answer in found["answers"]:
        assert list(answer) == ["answer", "confidence", "citations", "also_in"]
    for citation in found["citations"]:
        assert list(citation) == [
            "source",
            "document_id",
            "chunk_id",
            "start",
            "end",
            "quote",
            "page",
            "score",
            "sentence",
            "sentence_start",
            "sentence_end",
            "heading_path",
            "table_header",
            "date",
        ]


def test_the_answer_is_bare_and_its_sentence_is_beside_it(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    answer = build_chain(settings, library=library, model=reader).invoke(
        {"question": "What is the garage's access code?"}
    )
    (citation,) = answer.citations
    assert answer.answer == citation.quote == "4711"
    assert citation.sentence == "The access code of the garage is 4711."
    text = library.text(citation.document_id)
    assert text[citation.sentence_start : citation.sentence_end] == citation.sentence


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How long must a password be?", {"handbook-2023.txt": "10", "handbook-2025.txt": "14"}),
        ("每周可以居家办公多少天？", {"员工手册2022.txt": "一", "员工手册2025.txt": "三"}),  # with or without the unit
    ],
)
def test_documents_that_disagree_are_both_quoted(
    handbooks: Library, reader: ChatLocalGPT, question: str, said: dict[str, str]
) -> None:
    answer = build_chain(Settings(), library=handbooks, model=reader).invoke({"question": question})
    assert len(answer.answers) == 2
    dates = [citation.date for one in answer.answers for citation in one.citations]
    for one in answer.answers:
        (citation,) = one.citations
        assert said.pop(citation.source) in one.text == citation.quote
        assert citation.quote in citation.sentence
    assert answer.answer == answer.answers[0].text
    assert answer.confidence == answer.answers[0].confidence
    assert [a.citations[0].date for a in answer.answers] == sorted(dates, reverse=True), "the newest comes first"
    assert answer.to_dict()["answers"] == [
        {"answer": one.text, "confidence": round(one.confidence, 4), "citations": [i], "also_in": []}
        for i, one in enumerate(answer.answers)
    ]


def test_documents_that_agree_give_one_answer_and_a_further_place(handbooks: Library, reader: ChatLocalGPT) -> None:
    answer = build_chain(Settings(), library=handbooks, model=reader).invoke(
        {"question": "What is the extension of the help desk?"}
    )
    (only,) = answer.answers
    assert "2100" in only.text
    (own,), (other,) = only.citations, only.also_in
    assert {own.source, other.source} == {"handbook-2023.txt", "handbook-2025.txt"}
    assert answer.citations == (own, other)
    assert answer.to_dict()["answers"][0]["also_in"] == [1]


def test_the_chain_describes_its_input_and_output_as_langchain_expects(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    assert set(chain.get_input_schema().model_json_schema()["$defs"]["ChainInput"]["properties"]) == {
        "question",
        "chat_history",
        "filter",
    }
    assert "citations" in str(chain.get_output_jsonschema())
    assert chain.get_graph().draw_mermaid().startswith("---")
    answered = chain | RunnableLambda(lambda answer: answer.answer)
    with pytest.warns(LangChainBetaWarning):
        tool = answered.as_tool(name="ask", description="Ask the documents.", arg_types={"question": str})
    assert tool.invoke({"question": "What is the garage's access code?"}) == "4711"


@pytest.mark.parametrize("given", ["What does soup cost?", {"query": "What does soup cost?"}, {"question": None}])
def test_what_is_no_question_is_an_error_that_says_what_is_expected(
    library: Library, reader: ChatLocalGPT, settings: Settings, given: Any
) -> None:
    with pytest.raises(TypeError, match=r'takes {"question"'):
        build_chain(settings, library=library, model=reader).invoke(given)


HISTORY = [HumanMessage("What does soup cost in the canteen?"), AIMessage("three euros")]
TURN = ("What does soup cost in the canteen?", "three euros")


class Searches:
    """Remembers what the library was searched for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries: list[str] = []
        search = LibraryRetriever.search

        def remembering(retriever: LibraryRetriever, query: str, k: int, **rest: Any) -> Ranking:
            self.queries.append(query)
            return search(retriever, query, k, **rest)

        monkeypatch.setattr(LibraryRetriever, "search", remembering)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(monkeypatch)


class Recorder:
    """A reader that quotes the first word of each passage, and remembers what it was given."""

    def __init__(self) -> None:
        self.tokenizer = SimpleNamespace(encode=str.split)
        self.given: list[tuple[str, list[str], list[tuple[str, str]]]] = []

    def read(
        self, question: str, passages: Sequence[str], *, headings: Sequence[str], history: Sequence[tuple[str, str]]
    ) -> Readings:
        self.given.append((question, list(headings), list(history)))
        quotes = [Quote(0, 3, p[:3]) for p in passages]
        return Readings([Reading((q,), -0.1, -3.0, 0.9) for q in quotes], 0, 0)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recording(library: Library, settings: Settings, recorder: Recorder) -> Runnable[ChainInput, Answer]:
    """A chain over a reader that only remembers."""
    model = ChatLocalGPT()
    model._loaded = Answerer(cast(GroundedReader, recorder), Calibration())
    return build_chain(settings, library=library, model=model)


@pytest.mark.parametrize(
    "history",
    [
        HISTORY,
        [("human", TURN[0]), ("ai", TURN[1])],
        [{"role": "user", "content": TURN[0]}, {"role": "assistant", "content": TURN[1]}],
    ],
    ids=["messages", "pairs", "dicts"],
)
def test_a_history_comes_in_any_form_that_langchain_knows(
    recording: Runnable[ChainInput, Answer], recorder: Recorder, history: list[Any]
) -> None:
    recording.invoke({"question": "And for guests?", "chat_history": history})
    assert recorder.given == [("And for guests?", ANY, [TURN])]


def test_a_follow_up_is_searched_as_typed_and_behind_what_was_said(
    recording: Runnable[ChainInput, Answer], searches: Searches
) -> None:
    answer = recording.invoke({"question": "And for guests?", "chat_history": HISTORY})
    assert searches.queries == ["And for guests?", "What does soup cost in the canteen? three euros And for guests?"]
    assert answer.question == answer.searched_for == "And for guests?", "it is never rewritten"
    assert "canteen.txt" in [p.source for p in answer.passages[:2]]


def test_each_part_of_a_message_is_asked_too_the_second_after_the_first(
    recording: Runnable[ChainInput, Answer], recorder: Recorder
) -> None:
    message = "When does the garage open and how much is the soup?"
    answer = recording.invoke({"question": message, "chat_history": HISTORY})
    (whole, _, before), (first, _, still), (second, _, after) = recorder.given
    assert (whole, first, second) == (message, "When does the garage open?", "how much is the soup?")
    assert before == still == [TURN]
    assert after == [TURN, ("When does the garage open?", answer.answers[0].text)]
    assert answer.question == answer.searched_for == message


def test_a_first_question_is_searched_once(recording: Runnable[ChainInput, Answer], searches: Searches) -> None:
    recording.invoke({"question": "Hi! What does soup cost?"})
    assert searches.queries == ["What does soup cost?"]


def test_the_reader_gets_the_last_turns_and_the_place_of_each_passage(
    recording: Runnable[ChainInput, Answer], recorder: Recorder
) -> None:
    earlier = [m for i in range(5) for m in (HumanMessage(f"What is item {i}?"), AIMessage(f"thing {i}"))]
    answer = recording.invoke({"question": "And for guests?", "chat_history": [*earlier, *HISTORY]})
    ((_, headings, history),) = recorder.given
    assert history == [("What is item 4?", "thing 4"), TURN]
    assert headings == [p.title for p in answer.passages]


@pytest.mark.parametrize(
    "told", ["Not in your documents.", "No certain answer in your documents.", "您的文档中没有提到。"]
)
def test_that_nothing_was_found_is_not_searched_for(
    recording: Runnable[ChainInput, Answer], searches: Searches, told: str
) -> None:
    recording.invoke({"question": "And for guests?", "chat_history": [HISTORY[0], AIMessage(told)]})
    assert searches.queries == ["And for guests?", "What does soup cost in the canteen? And for guests?"]


@pytest.mark.parametrize(
    ("said", "told"),
    [("Who are you?", "I look things up in your documents."), ("Thanks a lot!", "Happy to help!"), ("  ", "")],
)
def test_talk_in_between_is_no_part_of_the_conversation(
    recording: Runnable[ChainInput, Answer], recorder: Recorder, searches: Searches, said: str, told: str
) -> None:
    history = [*HISTORY, HumanMessage(said), AIMessage(told)]
    recording.invoke({"question": "And for guests?", "chat_history": history})
    assert recorder.given == [("And for guests?", ANY, [TURN])]
    assert searches.queries[1] == "What does soup cost in the canteen? three euros And for guests?"


def test_another_chat_model_reads_the_conversation_before_its_prompt(library: Library, settings: Settings) -> None:
    given: list[Sequence[BaseMessage]] = []

    class Listening(GenericFakeChatModel):
        def _generate(self, messages: list[BaseMessage], *rest: Any, **more: Any) -> ChatResult:
            given.append(messages)
            return super()._generate(messages, *rest, **more)

    model = Listening(messages=replies('"Guests pay five euros" [1].'), disable_streaming=True)
    chain = build_chain(settings, library=library, model=model)
    answer = chain.invoke({"question": "And for guests?", "chat_history": HISTORY})
    assert answer.answered
    (messages,) = given
    assert messages[:-1] == HISTORY
    assert isinstance(messages[-1], HumanMessage) and "And for guests?" in messages[-1].text
    assert "Guests pay five euros." in messages[-1].text, "its passages"


@pytest.mark.parametrize("question", ["What is the garage's access code?", "预订会议室需要提前多久？"])
def test_another_matter_is_answered_as_without_a_conversation(
    library: Library, reader: ChatLocalGPT, settings: Settings, question: str
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    alone = chain.invoke({"question": question})
    history = [HumanMessage("When is the pump in Livorno inspected?"), AIMessage("Not in your documents.")]
    answer = chain.invoke({"question": question, "chat_history": history})
    assert alone.answered and answer.searched_for == question
    assert (answer.answer, answer.citations) == (alone.answer, alone.citations)
    assert asyncio.run(chain.ainvoke({"question": question, "chat_history": history})).answers == answer.answers


@pytest.mark.parametrize(
    ("said", "friendly"), [("Thanks a lot!", "Happy to help!"), ("hello", "Happy to help!"), ("谢谢", "很高兴为您服务")]
)
def test_thanks_and_greetings_get_a_friendly_sentence_and_no_search(
    library: Library, reader: ChatLocalGPT, settings: Settings, said: str, friendly: str
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    # Were anything searched, the filter, which no document fits, would be an error.
    answer = chain.invoke({"question": said, "chat_history": HISTORY, "filter": {"source": "nowhere.txt"}})
    assert answer.small_talk and not answer.answered
    assert answer.answer.startswith(friendly)
    assert answer.answers == answer.citations == answer.passages == ()
    assert answer.searched_for == said
    assert answer.to_dict()["small_talk"] is True


def test_a_question_after_thanks_is_answered_from_the_documents(
    library: Library, reader: ChatLocalGPT, settings: Settings
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    answer = chain.invoke({"question": "Thanks! What is the garage's access code?"})
    assert answer.answer == "4711"
    assert answer.question == "Thanks! What is the garage's access code?"
    assert answer.searched_for == "What is the garage's access code?"
    assert not answer.small_talk and "small_talk" not in answer.to_dict()


def test_a_question_may_choose_its_documents(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    chain = build_chain(settings, library=library, model=reader)
    asked = {"question": "What is the garage's access code?"}
    assert chain.invoke({**asked, "filter": {"source": "garage.txt"}}).answered
    elsewhere = chain.invoke({**asked, "filter": DocumentFilter.of(source=["canteen.txt", "会议室.txt"])})
    assert not elsewhere.answered
    assert {p.source for p in elsewhere.passages} == {"canteen.txt", "会议室.txt"}
    with pytest.raises(FilterError, match="folder '/nowhere'"):
        chain.invoke({**asked, "filter": {"folder": "/nowhere"}})
    # the settings' own filter holds where a question brings none
    kept = replace(settings, filter=DocumentFilter.of(language="zh"))
    assert {p.source for p in build_chain(kept, library=library, model=reader).invoke(asked).passages} == {"会议室.txt"}


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


def test_an_invented_quotation_beside_a_real_one_is_marked_in_the_answer(library: Library, settings: Settings) -> None:
    said = 'It is "access code of the garage is 4711" [1]; the door is "open day and night" [2].'
    chain = build_chain(settings, library=library, model=GenericFakeChatModel(messages=replies(said, said)))
    answer = chain.invoke({"question": "What is the garage's access code?"})
    assert answer.answered and [c.quote for c in answer.citations] == ["access code of the garage is 4711"]
    assert '"open day and night" [2] ⟨not in your documents⟩.' in answer.answer
    (one,) = answer.answers
    assert one.text == said
    invented = [said[u.start : u.end] for u in one.unproven if u.kind == "quotation"]
    assert invented == ['"open day and night" [2]']
    told = answer.to_dict()["answers"][0]["unproven"]
    assert [u["text"] for u in told] == ["It is", "; the door is", '"open day and night" [2]']
    assert "⟨您的文档中没有这段文字⟩" in chain.invoke({"question": "车库的门禁密码是多少？"}).answer


@pytest.mark.parametrize(
    ("said", "told"), [("What can you do?", "rag ingest"), ("你是谁？", "添加文档"), ("Hello, help!", "Add documents")]
)
def test_questions_about_the_program_are_answered_without_a_search(
    library: Library, reader: ChatLocalGPT, settings: Settings, said: str, told: str
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    answer = chain.invoke({"question": said, "filter": {"source": "nowhere.txt"}})  # would be an error in a search
    assert answer.small_talk and not answer.answered and answer.passages == ()
    assert told in answer.answer


@pytest.mark.parametrize(
    ("said", "told"), [("perfect", "Happy to help!"), ("What is the garage's access code?", "4711")]
)
def test_where_it_is_only_likely_that_nothing_is_asked_the_documents_are_asked_first(
    library: Library, reader: ChatLocalGPT, settings: Settings, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    monkeypatch.setattr("rag_app.chain.kind_of", lambda _, least: "talk" if least == LIKELY else "documents")
    chain = build_chain(settings, library=library, model=reader)
    with pytest.raises(FilterError):  # something is searched
        chain.invoke({"question": said, "filter": {"source": "nowhere.txt"}})
    answer = chain.invoke({"question": said})
    assert answer.answer.startswith(told)
    assert answer.small_talk == (not answer.answered) == (told != "4711")


@pytest.mark.parametrize(("kind", "shown"), [("about", True), ("talk", False)])
def test_a_less_certain_answer_comes_before_what_the_program_says_of_itself(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str, shown: bool
) -> None:
    monkeypatch.setattr("rag_app.chain.kind_of", lambda _, least: kind if least == LIKELY else "documents")
    chain = build_chain(settings, library=library, model=ChatLocalGPT(min_confidence=0.999))
    answer = chain.invoke({"question": "What is the garage's access code?"})
    assert not answer.answered
    assert (answer.possible is not None, answer.small_talk) == (shown, not shown)


def test_a_text_is_no_question(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    chain = build_chain(settings, library=library, model=reader)
    with pytest.raises(QuestionTooLong, match="too long for a question: 1,800 characters, and 1,000 are the most") as e:
        chain.invoke({"question": "word " * 359 + "word?"})
    assert e.value.length == 1800


@pytest.mark.parametrize(("before", "behind"), [(0, 12), (12, 0), (6, 6)])
def test_the_part_of_a_long_question_that_asks_is_read(
    library: Library, reader: ChatLocalGPT, settings: Settings, before: int, behind: int
) -> None:
    chain = build_chain(settings, library=library, model=reader)
    said = "I talked to the porter and he did not know it either. "
    question = f'{said * before}"What is the garage\'s access code?" {said * behind}'.strip()
    answer = chain.invoke({"question": question})
    assert answer.question_read is not None and answer.question_read in question
    assert answer.question_read.strip('"') == "What is the garage's access code?", "the story only distracts"
    assert answer.to_dict()["question_read"] == answer.question_read
    assert chain.invoke({"question": "What is the garage's access code?"}).question_read is None
