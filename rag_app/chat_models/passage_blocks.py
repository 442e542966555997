"""Passages as content blocks of a human message: how they are put in, and how a model finds them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage


def passage_block(
    text: str, *, title: str = "", url: str = "", score: float | None = None, **extras: Any
) -> dict[str, Any]:
    """A passage as a standard content block; `extras` come back with the citations that quote it."""
    found = {**extras, **({"score": score} if score is not None else {})}
    return {
        "type": "text-plain", "mime_type": "text/plain", "text": text,
        **({"title": title} if title else {}), **({"url": url} if url else {}), "extras": found,
    }


def question_and_passages(messages: Sequence[BaseMessage]) -> tuple[str, list[dict[str, Any]]]:
    """The text of the last human message, and the passages of the last human message that has any."""
    human = [m for m in messages if isinstance(m, HumanMessage)]
    question = human[-1].text if human else messages[-1].text
    for message in reversed(human):
        content = message.content if isinstance(message.content, list) else []
        blocks = [b for b in content if isinstance(b, dict) and b.get("type") == "text-plain" and b.get("text")]
        if blocks:
            return question, blocks
    return question, []
