"""`build_chain`: the question-answering chain as one LangChain `Runnable`.

question (+ history) -> standalone question -> passages -> chat model -> citations checked -> `Answer`
thanks or a greeting -> one sentence that says what can be asked; nothing is searched

A question that was completed although its form does not point back is first asked as it was typed: if the documents
answer that, it stood alone.
"""

# Without `from __future__ import annotations`: LangChain makes schemas of the steps' real annotations.

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.runnables import Runnable, RunnableBranch, RunnableConfig, RunnableLambda, RunnablePassthrough
from typing_extensions import TypedDict  # pydantic makes schemas of this one on Python 3.11 too

from ingest.document_filter import DocumentFilter
from ingest.library import Library
from ingest.resources import shipped
from model.language import Language, language_of
from rag_app.answer import POSSIBLE, Answer, Passage, QuotedAnswer
from rag_app.chat_models.local_gpt import ChatLocalGPT, passage_block
from rag_app.citations import proven_answers, proven_candidate
from rag_app.collection import open_library
from rag_app.followups.gpt_rewriter import rewriter_of
from rag_app.followups.rewriter import Rewriter, RuleRewriter
from rag_app.greeting import without_greeting
from rag_app.history import is_small_talk, leans_openly, standalone_question
from rag_app.prompts import load_prompt
from rag_app.question_kind import asks_for_list
from rag_app.retrieval.rerank import cross_encoder
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings, SettingsError

State = dict[str, Any]


class ChainInput(TypedDict, total=False):
    """Input of the chain: `question` is required, `chat_history` is oldest first, in any form that LangChain knows.

    `filter` chooses the documents to look into, in place of the settings' own.
    """

    question: str
    chat_history: Sequence[MessageLikeRepresentation]
    filter: DocumentFilter | Mapping[str, Any] | None


def build_chat_model(settings: Settings) -> BaseChatModel:
    """The configured chat model.

    Raises:
        SettingsError: LangChain cannot build `chat_model`, for example because its provider's package is missing.
    """
    if settings.chat_model == "local":
        checkpoint = settings.reader or shipped("models/reader")
        return ChatLocalGPT(checkpoint=checkpoint, min_confidence=settings.min_confidence)
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(settings.chat_model)
    except (ImportError, ValueError) as error:
        raise SettingsError(f"chat_model {settings.chat_model!r}: {error}") from error


def build_chain(
    settings: Settings | None = None, *, library: Library | None = None, model: BaseChatModel | None = None
) -> Runnable[ChainInput, Answer]:
    """Build the chain.

    Args:
        settings: None: from the environment.
        library: an open library; None: the configured collection.
        model: any chat model; None: the configured one. One that is not `ChatLocalGPT` gets the passages in its prompt
            (`rag_app/prompts/answer.*.txt`) and its quotes are looked up in them.

    Returns:
        A Runnable from `{"question", "chat_history", "filter"}` to `Answer`, with `invoke`, `batch`, `stream`, their
        async twins and `astream_events`.

    Raises:
        SettingsError: a setting cannot be used.
        RerankerError: the reranking model cannot be used.
        CheckpointError: the reader's `follow_ups.json` is damaged.

    Example:
        >>> chain = build_chain(Settings())  # doctest: +SKIP
        >>> chain.invoke({"question": "How long is the warranty?"}).answer  # doctest: +SKIP
    """
    settings = settings or Settings.from_environment()
    library = library or open_library(settings)
    model = model or build_chat_model(settings)
    retriever = LibraryRetriever(
        library=library, k=settings.passages, filter=settings.filter,
        reranker=cross_encoder(settings.reranker) if settings.reranker else None,
    )
    local = isinstance(model, ChatLocalGPT)
    rewriter = _rewriter(model)

    def begin(given: ChainInput) -> State:
        started = time.perf_counter()
        question = _question(given)
        typed = without_greeting(question)
        history = convert_to_messages(list(given.get("chat_history") or ()))
        standalone = standalone_question(typed, history, rewriter=rewriter)
        return {
            "question": question, "standalone": standalone, "started": started, "lang": language_of(question),
            "filter": given.get("filter"),
            "typed": typed if standalone != typed and not leans_openly(typed, history) else None,
        }

    def retrieve(state: State, config: RunnableConfig) -> list[Document]:
        return retriever.invoke(state["standalone"], config, filter=state["filter"])

    def messages(state: State) -> list[BaseMessage]:
        documents: list[Document] = state["documents"]
        if local:
            return [_with_passages(state["standalone"], documents)]
        return [HumanMessage(_text_prompt(state["standalone"], documents, state["lang"], settings.home))]

    def finish(state: State) -> Answer:
        return _to_answer(state, library, settings.home)

    def small_talk(state: State) -> Answer:
        return _small_talk_answer(state, settings.home)

    look_up: Runnable[State, Answer] = (
        RunnablePassthrough.assign(documents=RunnableLambda(retrieve))
        | RunnablePassthrough.assign(retrieved=RunnableLambda(_now))
        | RunnablePassthrough.assign(message=RunnableLambda(messages) | model)
        | RunnableLambda(finish)
    )

    def typed_or_completed(state: State, config: RunnableConfig) -> Answer:
        typed = look_up.invoke({**state, "standalone": state["typed"]}, config)
        if typed.answered:
            return typed
        completed = look_up.invoke(state, config)
        return completed if completed.answered or completed.confidence >= typed.confidence else typed

    branch = RunnableBranch(
        (RunnableLambda(_is_small_talk), RunnableLambda(small_talk)),
        (RunnableLambda(_may_stand_alone), RunnableLambda(typed_or_completed)),
        look_up,
    )
    chain: Runnable[Any, Any] = RunnableLambda(begin) | branch
    return chain.with_types(output_type=Answer).with_config(run_name="quoted_answer")


def _question(given: ChainInput) -> str:
    question = given.get("question") if isinstance(given, Mapping) else None
    if not isinstance(question, str):
        raise TypeError(f'the chain takes {{"question": "…"}}, not {str(given)[:80]!r}')
    if not question.strip():
        raise ValueError("the question is empty")
    return question.strip()


def _may_stand_alone(state: State) -> bool:
    return state["typed"] is not None


def _rewriter(model: BaseChatModel) -> Rewriter:
    """The local reader completes follow-ups where it was measured for that; any other model leaves them to rules."""
    if not isinstance(model, ChatLocalGPT):
        return RuleRewriter()
    return rewriter_of(model.checkpoint, lambda: model.load().reader)


def _is_small_talk(state: State) -> bool:
    return is_small_talk(state["question"])


def _small_talk_answer(state: State, home: Path) -> Answer:
    """What is said to thanks and greetings: no answer, and no claim about the documents."""
    return Answer(
        question=state["question"],
        answer=load_prompt("small_talk", state["lang"], home),
        answered=False,
        confidence=0.0,
        timings_ms={"total": 1000 * (time.perf_counter() - state["started"])},
        standalone_question=state["question"],
        small_talk=True,
    )


def _now(_: State) -> float:
    return time.perf_counter()


def _with_passages(question: str, documents: Sequence[Document]) -> HumanMessage:
    """The question and its passages as content blocks."""
    blocks: list[str | dict[str, Any]] = [
        passage_block(
            d.page_content, title=d.metadata["title"], url=d.metadata["source"], score=d.metadata["score"],
            chunk_id=d.metadata["chunk_id"],
        )
        for d in documents
    ]
    return HumanMessage(content=[*blocks, {"type": "text", "text": question}])


def _text_prompt(question: str, documents: Sequence[Document], lang: Language, home: Path) -> str:
    """The prompt for a chat model that only reads text."""
    one = load_prompt("passage", lang, home)
    passages = "\n\n".join(
        one.format(number=i, title=d.metadata["title"], text=d.page_content) for i, d in enumerate(documents, 1)
    )
    return load_prompt("answer", lang, home).format(passages=passages, question=question)


def _to_answer(state: State, library: Library, home: Path) -> Answer:
    """Check what the model said; an answer without a proven quote is no answer."""
    message: AIMessage = state["message"]
    documents: list[Document] = state["documents"]
    told = message.response_metadata
    answers: tuple[QuotedAnswer, ...] = ()
    possible: QuotedAnswer | None = None
    whole_lists = asks_for_list(state["standalone"])
    if told.get("answered", True):
        answers = proven_answers(message, documents, library, whole_lists=whole_lists)
    elif told.get("confidence", 0.0) >= POSSIBLE:
        possible = proven_candidate(message, documents, library, whole_lists=whole_lists)
    no_answer = "not_found" if possible is None else "possible"
    now = time.perf_counter()
    usage = message.usage_metadata
    confidence = answers[0].confidence if answers else float(told.get("confidence", 0.0))
    return Answer(
        question=state["question"],
        answer=answers[0].text if answers else load_prompt(no_answer, state["lang"], home),
        answered=bool(answers),
        confidence=confidence,
        answers=answers,
        timings_ms={
            "retrieve": 1000 * (state["retrieved"] - state["started"]),
            "answer": 1000 * (now - state["retrieved"]),
            "total": 1000 * (now - state["started"]),
        },
        usage={k: int(usage[k]) for k in ("input_tokens", "output_tokens", "total_tokens")} if usage else {},
        passages=tuple(_passage(d) for d in documents),
        withheld=None if answers else told.get("candidate"),
        standalone_question=state["standalone"],
        possible=possible,
    )


def _passage(document: Document) -> Passage:
    m = document.metadata
    return Passage(
        source=m["source"], title=m["title"], document_id=m["document_id"], chunk_id=m["chunk_id"], start=m["start"],
        end=m["end"], text=document.page_content, page=m["page"], heading_path=tuple(m["heading_path"]),
        score=float(m["score"]), source_name=m["source_name"],
    )
