"""Passages as content blocks of a human message: how they are put in, and how a model finds them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from model.reader.prompt import heading_of


def passage_block(
    text: str, *, title: str = "", url: str = "", score: float | None = None, **extras: Any
) -> dict[str, Any]:
    """A passage as a standard content block; `extras` come back with the citations that quote it."""
    found = {**extras, **({"score": score} if score is not None else {})}
    return {
        "type": "text-plain",
        "mime_type": "text/plain",
        "text": text,
        **({"title": title} if title else {}),
        **({"url": url} if url else {}),
        "extras": found,
    }


def heading_of_block(block: dict[str, Any]) -> str:
    """Where a passage stands, as the reader reads it: its title and, in its extras, `heading_path`."""
    path = (block.get("extras") or {}).get("heading_path") or ()
    return heading_of(str(block.get("title") or ""), [str(part) for part in path])


def question_and_passages(
    messages: Sequence[BaseMessage],
) -> tuple[str, list[dict[str, Any]], list[BaseMessage]]:
    """The text of the last human message, the passages of the last one that has any, and the messages before it."""
    human = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    last = human[-1] if human else len(messages) - 1
    question, earlier = messages[last].text, list(messages[:last])
    for index in reversed(human):
        content = messages[index].content
        blocks = [
            b
            for b in (content if isinstance(content, list) else [])
            if isinstance(b, dict) and b.get("type") == "text-plain" and b.get("text")
        ]
        if blocks:
            return question, blocks, earlier
    return question, [], earlier
