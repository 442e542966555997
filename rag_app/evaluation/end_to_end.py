"""Ask a whole product over a temporary library: retrieval, reading, citation check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import Runnable

from rag_app.answers.answer import Answer
from rag_app.chain import ChainInput, build_chain
from rag_app.collection import build_embedder
from rag_app.evaluation.answers import Question, Reply
from rag_app.evaluation.temporary_library import temporary_library
from rag_app.settings import Settings


@contextmanager
def product_over(
    contexts: dict[str, str], settings: Settings, *, quiet: bool
) -> Iterator[tuple[Callable[[Question], Reply], Callable[[Question], str | None]]]:
    """Index the contexts, one document each.

    Yields:
        A function that asks a question, and one that gives the id of the document its context became.
    """
    names = {context: f"context-{i:06d}.txt" for i, context in enumerate(contexts)}
    texts = {names[context]: (title, context) for context, title in contexts.items()}
    with temporary_library(texts, build_embedder(settings), quiet=quiet) as library:
        ids = {d.source: d.document_id for d in library.documents()}
        chain: Runnable[ChainInput, Answer] = build_chain(settings, library=library)

        def ask(question: Question) -> Reply:
            history = [m for asked, told in question.history for m in (HumanMessage(asked), AIMessage(told))]
            answer = chain.invoke({"question": question.question, "chat_history": history})
            candidate = answer.answer if answer.answered else answer.withheld or ""
            documents = tuple(p.document_id for p in answer.passages)
            return Reply(candidate, answer.answered, answer.confidence, documents)

        yield ask, lambda question: ids.get(names[question.context])
