"""What a chat model is given: the question with its passages, as content blocks or as a prompt of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import HumanMessage

from model.text.language import Language
from rag_app.chat_models.passage_blocks import passage_block
from rag_app.prompts import load_prompt


def message_with_passages(question: str, documents: Sequence[Document]) -> HumanMessage:
    """For `ChatLocalGPT`: the passages are content blocks, the question the last of them."""
    blocks: list[str | dict[str, Any]] = [
        passage_block(
            d.page_content,
            title=d.metadata["title"],
            url=d.metadata["source"],
            score=d.metadata["score"],
            chunk_id=d.metadata["chunk_id"],
            heading_path=d.metadata["heading_path"],
        )
        for d in documents
    ]
    return HumanMessage(content=[*blocks, {"type": "text", "text": question}])


def message_of_text(question: str, documents: Sequence[Document], lang: Language, home: Path) -> HumanMessage:
    """For any other chat model: the passages stand in the prompt, numbered from 1."""
    one = load_prompt("passage", lang, home)
    passages = "\n\n".join(
        one.format(number=i, title=d.metadata["title"], text=d.page_content) for i, d in enumerate(documents, 1)
    )
    return HumanMessage(load_prompt("answer", lang, home).format(passages=passages, question=question))
