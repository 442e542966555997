"""What a chat model said becomes an answer only as far as the documents prove it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage

from ingest.library import Library
from rag_app.answers.answer import Answer
from rag_app.answers.checked_answer import checked_answer, unsearched_answer
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.chat_models.model_message import message_with_passages
from rag_app.retrieval.retriever import LibraryRetriever

QUESTION = "What is the garage's access code?"


@pytest.fixture
def documents(library: Library) -> list[Document]:
    return LibraryRetriever(library=library).invoke(QUESTION)


def check(message: AIMessage, documents: list[Document], library: Library, home: Path, **more: Any) -> Answer:
    now = time.perf_counter()
    known = {
        "question": QUESTION,
        "asked": QUESTION,
        "lang": "en",
        "home": home,
        "started": now - 2,
        "retrieved": now - 1,
    }
    return checked_answer(message, documents, library, **{**known, **more})


def test_a_proven_quote_is_an_answer(
    documents: list[Document], library: Library, reader: ChatLocalGPT, tmp_path: Path
) -> None:
    reply = reader.invoke([message_with_passages(QUESTION, documents)])
    found = check(reply, documents, library, tmp_path)
    assert found.answered and "4711" in found.answer and found.withheld is None
    assert [p.chunk_id for p in found.passages] == [d.metadata["chunk_id"] for d in documents]
    assert found.timings_ms["total"] == pytest.approx(found.timings_ms["retrieve"] + found.timings_ms["answer"])
    assert found.usage["total_tokens"] == found.usage["input_tokens"] + found.usage["output_tokens"]


def test_a_reply_without_a_quote_is_no_answer(documents: list[Document], library: Library, tmp_path: Path) -> None:
    found = check(AIMessage("It is 0815, I am quite sure."), documents, library, tmp_path)
    assert not found.answered and found.answers == () and found.confidence == 0.0
    assert "0815" not in found.answer


def test_ones_own_words_for_not_found(documents: list[Document], library: Library, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "not_found.en.txt").write_text("Nothing here.", encoding="utf-8")
    silent = AIMessage("", response_metadata={"answered": False, "confidence": 0.1, "candidate": "maybe"})
    found = check(silent, documents, library, tmp_path)
    assert found.answer == "Nothing here." and found.withheld == "maybe" and found.confidence == 0.1


def test_what_was_not_searched_claims_nothing() -> None:
    told = unsearched_answer("Hi!", "Happy to help!", time.perf_counter())
    assert told.small_talk and not told.answered and told.passages == () and told.answer == "Happy to help!"
