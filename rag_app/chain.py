"""`build_chain`: the question-answering chain as one LangChain `Runnable`.

question (+ history) -> standalone question -> passages -> chat model -> citations checked -> `Answer`
thanks, a greeting, "what can you do?" -> a sentence or two about this program; nothing is searched

A question that was completed although its form does not point back is first asked as it was typed: if the documents
answer that, it stood alone.
"""

# Without `from __future__ import annotations`: LangChain makes schemas of the steps' real annotations.

import time
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.runnables import Runnable, RunnableBranch, RunnableConfig, RunnableLambda, RunnablePassthrough
from typing_extensions import TypedDict  # pydantic makes schemas of this one on Python 3.11 too

from ingest.document_filter import DocumentFilter
from ingest.library import Library
from model.language import language_of
from rag_app.about import asks_about_program
from rag_app.answer import Answer
from rag_app.chat_models.configured import build_chat_model
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.checked_answer import checked_answer, unsearched_answer
from rag_app.collection import open_library
from rag_app.followups.gpt_rewriter import rewriter_of
from rag_app.followups.rewriter import Rewriter, RuleRewriter
from rag_app.greeting import without_greeting
from rag_app.history import is_small_talk, leans_openly, standalone_question
from rag_app.model_message import message_of_text, message_with_passages
from rag_app.prompts import load_prompt
from rag_app.question_limit import LONGEST_QUESTION, QuestionTooLong
from rag_app.retrieval.rerank import cross_encoder
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings

State = dict[str, Any]


class ChainInput(TypedDict, total=False):
    """Input of the chain: `question` is required, `chat_history` is oldest first, in any form that LangChain knows.

    A `question` of more than `LONGEST_QUESTION` characters raises `QuestionTooLong`, one without words ValueError.

    `filter` chooses the documents to look into, in place of the settings' own.
    """

    question: str
    chat_history: Sequence[MessageLikeRepresentation]
    filter: DocumentFilter | Mapping[str, Any] | None


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
        state: State = {
            "question": question, "standalone": question, "typed": None, "started": started,
            "lang": language_of(question), "filter": given.get("filter"), "reply": _reply_without_search(question),
        }
        if state["reply"] is not None:
            return state
        typed = without_greeting(question)
        history = convert_to_messages(list(given.get("chat_history") or ()))
        standalone = standalone_question(typed, history, rewriter=rewriter)
        may_stand_alone = standalone != typed and not leans_openly(typed, history)
        return {**state, "standalone": standalone, "typed": typed if may_stand_alone else None}

    def retrieve(state: State, config: RunnableConfig) -> list[Document]:
        return retriever.invoke(state["standalone"], config, filter=state["filter"])

    def messages(state: State) -> list[BaseMessage]:
        documents: list[Document] = state["documents"]
        if local:
            return [message_with_passages(state["standalone"], documents)]
        return [message_of_text(state["standalone"], documents, state["lang"], settings.home)]

    def finish(state: State) -> Answer:
        return checked_answer(
            state["message"], state["documents"], library, question=state["question"], standalone=state["standalone"],
            lang=state["lang"], home=settings.home, started=state["started"], retrieved=state["retrieved"],
        )

    def reply(state: State) -> Answer:
        text = load_prompt(state["reply"], state["lang"], settings.home)
        return unsearched_answer(state["question"], text, state["started"])

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
        (RunnableLambda(_needs_no_search), RunnableLambda(reply)),
        (RunnableLambda(_may_stand_alone), RunnableLambda(typed_or_completed)),
        look_up,
    )
    chain: Runnable[Any, Any] = RunnableLambda(begin) | branch
    return chain.with_types(output_type=Answer).with_config(run_name="quoted_answer")


def _question(given: ChainInput) -> str:
    question = given.get("question") if isinstance(given, Mapping) else None
    if not isinstance(question, str):
        raise TypeError(f'the chain takes {{"question": "…"}}, not {str(given)[:80]!r}')
    question = question.strip()
    if not question:
        raise ValueError("the question is empty")
    if len(question) > LONGEST_QUESTION:
        raise QuestionTooLong(len(question))
    return question


def _reply_without_search(question: str) -> str | None:
    """The name of the prompt that answers what is no question about the documents."""
    if is_small_talk(question):
        return "small_talk"
    return "about" if asks_about_program(question) else None


def _needs_no_search(state: State) -> bool:
    return state["reply"] is not None


def _may_stand_alone(state: State) -> bool:
    return state["typed"] is not None


def _rewriter(model: BaseChatModel) -> Rewriter:
    """The local reader completes follow-ups where it was measured for that; any other model leaves them to rules."""
    if not isinstance(model, ChatLocalGPT):
        return RuleRewriter()
    return rewriter_of(model.checkpoint, lambda: model.load().reader)


def _now(_: State) -> float:
    return time.perf_counter()
