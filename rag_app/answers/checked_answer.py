"""From what the chain gathered to the `Answer`: what the chat model said counts as far as the documents prove it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from langchain_core.documents import Document
from langchain_core.messages import AIMessage

from ingest.library import Library
from model.text.language import Language
from rag_app.answers.answer import Answer, Passage, QuotedAnswer, UnprovenKind
from rag_app.answers.citations import proven_answers, proven_candidate
from rag_app.prompts import load_prompt
from rag_app.question.kind import asks_for_list


def checked_answer(
    message: AIMessage,
    documents: Sequence[Document],
    library: Library,
    *,
    question: str,
    asked: str,
    lang: Language,
    home: Path,
    started: float,
    retrieved: float,
) -> Answer:
    """Check what a chat model said; an answer without a proven quote is no answer.

    Args:
        message: its reply.
        documents: the passages that it read.
        library: where they are stored.
        question: as typed.
        asked: the part that was searched and read for: without a greeting before it.
        lang: of what the program itself says.
        home: may hold the person's own prompts.
        started: when the question came, by `time.perf_counter`.
        retrieved: when its passages had been found.
    """
    told = message.response_metadata
    answers: tuple[QuotedAnswer, ...] = ()
    possible: QuotedAnswer | None = None
    whole_lists = asks_for_list(told.get("question_read") or asked)
    if told.get("answered", True):
        answers = proven_answers(message, documents, library, whole_lists=whole_lists, question=question)
    elif told.get("possible", False):
        possible = proven_candidate(message, documents, library, whole_lists=whole_lists)
    no_answer = "not_found" if possible is None else "possible"
    now = time.perf_counter()
    usage = message.usage_metadata
    confidence = answers[0].confidence if answers else float(told.get("confidence", 0.0))
    return Answer(
        question=question,
        answer=answers[0].marked(notes_on_unproven(lang, home)) if answers else load_prompt(no_answer, lang, home),
        answered=bool(answers),
        confidence=confidence,
        answers=answers,
        timings_ms={
            "retrieve": 1000 * (retrieved - started),
            "answer": 1000 * (now - retrieved),
            "total": 1000 * (now - started),
        },
        usage={k: int(usage[k]) for k in ("input_tokens", "output_tokens", "total_tokens")} if usage else {},
        passages=tuple(_passage(d) for d in documents),
        withheld=None if answers else told.get("candidate"),
        searched_for=asked,
        possible=possible,
        question_read=told.get("question_read"),
    )


def unsearched_answer(question: str, text: str, started: float) -> Answer:
    """A reply to what is no question about the documents: no answer, and no claim about them."""
    return Answer(
        question=question,
        answer=text,
        answered=False,
        confidence=0.0,
        timings_ms={"total": 1000 * (time.perf_counter() - started)},
        searched_for=question,
        small_talk=True,
    )


def notes_on_unproven(lang: Language, home: Path | None = None) -> dict[UnprovenKind, str]:
    """What is written behind the invented quotations and wrong numbers of a chat model."""
    return {"quotation": load_prompt("misquoted", lang, home), "number": load_prompt("misnumbered", lang, home)}


def _passage(document: Document) -> Passage:
    m = document.metadata
    return Passage(
        source=m["source"],
        title=m["title"],
        document_id=m["document_id"],
        chunk_id=m["chunk_id"],
        start=m["start"],
        end=m["end"],
        text=document.page_content,
        page=m["page"],
        heading_path=tuple(m["heading_path"]),
        score=float(m["score"]),
        source_name=m["source_name"],
    )
