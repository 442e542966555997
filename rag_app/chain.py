"""`build_chain`: the question-answering chain as one LangChain `Runnable`.

question (+ conversation) -> passages -> chat model, which reads the conversation too -> citations checked -> `Answer`
thanks, a greeting, "what can you do?" -> a sentence or two about this program; nothing is searched, unless that is
in doubt: then the documents are asked first

A question is never rewritten. In a conversation it is searched for both as it is and behind what was said before, and
the chat model gets the earlier messages before the one with the passages. A message that asks two things is asked as it
is, then part by part.
"""

# Without `from __future__ import annotations`: LangChain makes schemas of the steps' real annotations.

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.runnables import Runnable, RunnableBranch, RunnableConfig, RunnableLambda, RunnablePassthrough
from typing_extensions import TypedDict  # pydantic makes schemas of this one on Python 3.11 too

from ingest.catalogue.document_filter import DocumentFilter
from ingest.library import Library
from model.reader.prompt import MAX_TURNS, Turn
from model.text.language import Language, language_of
from rag_app.answers.answer import Answer
from rag_app.answers.answers_to_parts import with_answers_to_parts
from rag_app.answers.checked_answer import checked_answer, unsearched_answer
from rag_app.chat_models.configured import build_chat_model
from rag_app.chat_models.model_message import message_of_text, message_with_passages
from rag_app.chat_models.prompted import is_local, prompted
from rag_app.collection import open_library
from rag_app.prompts import load_prompt
from rag_app.question.conversation import searched_with, turns_of
from rag_app.question.greeting import without_greeting
from rag_app.question.limit import MAX_QUESTION_CHARACTERS, QuestionTooLong
from rag_app.question.messages.kind import LIKELY, SURE, kind_of
from rag_app.question.parts import parts_of
from rag_app.retrieval.rerank import cross_encoder
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings


class _State(TypedDict, total=False):
    """What is known of a question, step by step: up to `parts` from the beginning, the rest as it is found out."""

    question: str  # as it was typed
    asked: str  # without a greeting; of a message that asks several things, the part in turn
    turns: Sequence[Turn]
    started: float  # `time.perf_counter` at the beginning
    lang: Language
    filter: DocumentFilter | Mapping[str, Any] | None
    reply: str | None  # name of the prompt that answers what surely is no question about the documents
    doubtful: str | None  # the same for what probably is none
    parts: Sequence[str]
    documents: list[Document]
    retrieved: float  # `time.perf_counter` when they were found
    message: AIMessage


class ChainInput(TypedDict, total=False):
    """Input of the chain: `question` is required, `chat_history` is oldest first, in any form that LangChain knows.

    A `question` of more than `MAX_QUESTION_CHARACTERS` raises `QuestionTooLong`, one without words ValueError.

    `filter` chooses the documents to look into, in place of the settings' own.
    """

    question: str
    chat_history: Sequence[MessageLikeRepresentation]
    filter: DocumentFilter | Mapping[str, Any] | None


def build_chain(
    settings: Settings | None = None,
    *,
    library: Library | None = None,
    model: BaseChatModel | Runnable[Any, AIMessage] | None = None,
) -> Runnable[ChainInput, Answer]:
    """Build the chain.

    Args:
        settings: None: from the environment.
        library: an open library; None: the configured collection.
        model: any chat model, wrapped (`with_retry`, `with_fallbacks`, …) or not; None: the configured one. One that is
            not `ChatLocalGPT` gets the passages in its prompt
            (`rag_app/prompts/answer.*.txt`) and its quotes are looked up in them.

    Returns:
        A Runnable from `{"question", "chat_history", "filter"}` to `Answer`, with `invoke`, `batch`, `stream`, their
        async twins and `astream_events`.

    Raises:
        SettingsError: a setting cannot be used.
        RerankerError: the reranking model cannot be used.

    Example:
        >>> chain = build_chain(Settings())  # doctest: +SKIP
        >>> chain.invoke({"question": "How long is the warranty?"}).answer  # doctest: +SKIP
    """
    settings = settings or Settings.from_environment()
    library = library or open_library(settings)
    model = model or build_chat_model(settings)
    retriever = LibraryRetriever(
        library=library,
        k=settings.passages,
        filter=settings.filter,
        reranker=cross_encoder(settings.reranker) if settings.reranker else None,
    )
    local = is_local(model)
    # What the program says when it found nothing or searched nothing: no words to search with later.
    unanswered = _said(("not_found", "possible"), settings.home)
    unsearched = _said(("small_talk", "about"), settings.home)

    def begin(given: ChainInput) -> _State:
        started = time.perf_counter()
        question = _question(given)
        turns = turns_of(_searched(convert_to_messages(list(given.get("chat_history") or ())), unsearched))
        return {
            "question": question,
            "asked": without_greeting(question),
            "turns": turns,
            "started": started,
            "lang": language_of(question),
            "filter": given.get("filter"),
            "reply": _reply_without_search(question),
            "doubtful": _reply_without_search(question, LIKELY),
            "parts": parts_of(question) if local else [question],
        }

    def retrieve(state: _State, config: RunnableConfig) -> list[Document]:
        return retriever.invoke(
            state["asked"], config, filter=state["filter"], conversation=searched_with(state["turns"], unanswered)
        )

    def passages_in_blocks(state: _State) -> list[BaseMessage]:
        return [*_earlier(state), message_with_passages(state["asked"], state["documents"])]

    def passages_in_text(state: _State) -> list[BaseMessage]:
        text = message_of_text(state["asked"], state["documents"], state["lang"], settings.home)
        return [*_earlier(state), text]

    def finish(state: _State) -> Answer:
        return checked_answer(
            state["message"],
            state["documents"],
            library,
            question=state["question"],
            asked=state["asked"],
            lang=state["lang"],
            home=settings.home,
            started=state["started"],
            retrieved=state["retrieved"],
        )

    def reply(state: _State) -> Answer:
        text = load_prompt(state["reply"] or "small_talk", state["lang"], settings.home)
        return unsearched_answer(state["question"], text, state["started"])

    look_up: Runnable[Any, Answer] = (
        RunnablePassthrough.assign(documents=_step(retrieve))
        | RunnablePassthrough.assign(retrieved=_step(_now))
        | RunnablePassthrough.assign(message=prompted(model, passages_in_blocks, passages_in_text))
        | _step(finish)
    )

    def documents_or_reply(state: _State, config: RunnableConfig) -> Answer:
        found = look_up.invoke(state, config)
        # What sounds like a question about this program is a question: a less certain answer is better than none.
        if found.answered or (found.possible and state["doubtful"] == "about"):
            return found
        return replace(reply({**state, "reply": state["doubtful"]}), passages=found.passages)

    def each_part(state: _State, config: RunnableConfig) -> Answer:
        whole = look_up.invoke(state, config)
        turns, found = list(state["turns"]), []
        for part in state["parts"]:
            answer = look_up.invoke({**state, "asked": part, "turns": turns[-MAX_TURNS:]}, config)
            turns.append((part, answer.answer))
            found.append((part, answer))
        return with_answers_to_parts(whole, found)

    branch = RunnableBranch(
        (RunnableLambda(_needs_no_search), RunnableLambda(reply)),
        (RunnableLambda(_may_need_none), RunnableLambda(documents_or_reply)),
        (RunnableLambda(_asks_several), RunnableLambda(each_part)),
        look_up,
    )
    chain: Runnable[Any, Any] = RunnableLambda(begin) | branch
    return chain.with_types(output_type=Answer).with_config(run_name="quoted_answer")


def _earlier(state: _State) -> list[BaseMessage]:
    return [m for asked, told in state["turns"] for m in (HumanMessage(asked), AIMessage(told)) if m.content]


def _step(function: Callable[..., Any]) -> Runnable[Any, Any]:
    """A step of the chain; `assign` is typed for plain dictionaries, which a `_State` is only when it runs."""
    return RunnableLambda(function)


def _question(given: ChainInput) -> str:
    question = given.get("question") if isinstance(given, Mapping) else None
    if not isinstance(question, str):
        raise TypeError(f'the chain takes {{"question": "…"}}, not {str(given)[:80]!r}')
    question = question.strip()
    if not question:
        raise ValueError("the question is empty")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLong(len(question))
    return question


def _reply_without_search(question: str, least: float = SURE) -> str | None:
    """The name of the prompt that answers what is no question about the documents."""
    kind = kind_of(without_greeting(question), least=least)
    return {"documents": None, "talk": "small_talk", "about": "about"}[kind]


def _needs_no_search(state: _State) -> bool:
    return state["reply"] is not None


def _may_need_none(state: _State) -> bool:
    return state["doubtful"] is not None


def _asks_several(state: _State) -> bool:
    return len(state["parts"]) > 1


def _searched(history: Sequence[BaseMessage], replies: Collection[str]) -> list[BaseMessage]:
    """The messages without thanks, greetings and questions about the program, and without the `replies` to them."""
    kept: list[BaseMessage] = []
    skipping = False
    for message in history:
        if isinstance(message, HumanMessage):
            skipping = not message.text.strip() or _reply_without_search(message.text.strip()) is not None
        elif isinstance(message, AIMessage) and _in_one_line(message.text) in replies and not skipping:
            while kept and not isinstance(kept.pop(), HumanMessage):
                pass
            skipping = True
        if not skipping:
            kept.append(message)
    return kept


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _said(prompts: Sequence[str], home: Path) -> list[str]:
    """These prompts in both languages, each in one line."""
    return [_in_one_line(load_prompt(name, lang, home)) for name in prompts for lang in ("en", "zh")]


def _now(_: _State) -> float:
    return time.perf_counter()
