"""The chain in the two shapes that other people's code expects: a tool for agents, and messages in, a message out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from rag_app.answers.answer import Answer, Citation
from rag_app.chain import ChainInput

NAME = "ask_documents"
DESCRIPTION = (
    "Looks up one question in the person's own documents. The reply is quoted from them word for word, each quote with "
    "its place; or it says that the documents do not say. Ask one thing at a time, in full words."
)


class Arguments(BaseModel):
    """What an agent gives to the tool."""

    question: str = Field(description="One question in full words, English or Chinese.")


def ask_tool(chain: Runnable[ChainInput, Answer], *, name: str = NAME, description: str = DESCRIPTION) -> BaseTool:
    """Make a tool of a chain.

    Args:
        chain: from `build_chain`.
        name: by which agents call it.
        description: what agents are told of it.

    Returns:
        A tool from `question` to the quotes with their places; the `Answer` is the artifact of its message.

    Example:
        >>> tool = ask_tool(build_chain())  # doctest: +SKIP
        >>> tool.invoke({"question": "How long is the warranty?"})  # doctest: +SKIP
    """

    def ask(question: str, config: RunnableConfig) -> tuple[str, Answer]:
        answer = chain.invoke({"question": question}, config)
        return text_of(answer), answer

    async def ask_async(question: str, config: RunnableConfig) -> tuple[str, Answer]:
        answer = await chain.ainvoke({"question": question}, config)
        return text_of(answer), answer

    return StructuredTool.from_function(
        func=ask,
        coroutine=ask_async,
        name=name,
        description=description,
        args_schema=Arguments,
        response_format="content_and_artifact",
    )


def message_chain(chain: Runnable[ChainInput, Answer]) -> Runnable[Any, AIMessage]:
    """Make a chain from messages to a message, for histories, graphs and agents.

    Args:
        chain: from `build_chain`.

    Returns:
        A Runnable from a list of messages, or a mapping with `messages`, to an `AIMessage`: its text is the answer, the
        rest of the `Answer` is `response_metadata["answer"]` (see `Answer.to_dict` and `Answer.from_dict`). The last
        human message is asked, those before it are the conversation.

    Raises:
        ValueError: when it is called without a human message.

    Example:
        >>> RunnableWithMessageHistory(message_chain(build_chain()), histories)  # doctest: +SKIP
    """

    def begin(given: Sequence[MessageLikeRepresentation] | Mapping[str, Any]) -> ChainInput:
        messages = convert_to_messages(list(given["messages"] if isinstance(given, Mapping) else given))
        place = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=None)
        if place is None:
            raise ValueError("there is no human message to answer")
        return {"question": messages[place].text, "chat_history": _spoken(messages[:place])}

    def finish(answer: Answer) -> AIMessage:
        return AIMessage(answer.answer, response_metadata={"answer": answer.to_dict()})

    return (RunnableLambda(begin) | chain | RunnableLambda(finish)).with_config(run_name="quoted_message")


def text_of(answer: Answer) -> str:
    """The answers with their places in plain text."""
    if not answer.answers:
        return answer.answer
    lines = []
    for one in answer.answers:
        places = "; ".join(dict.fromkeys(_place(c) for c in (*one.citations, *one.also_in)))
        lines.append(f"{one.text} [{places}]")
    return "\n".join(lines)


def _place(citation: Citation) -> str:
    page = "" if citation.page is None else f", page {citation.page}"
    return f"{citation.source}{page}"


def _spoken(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """What people and models said to each other, without tools and instructions."""
    return [m for m in messages if isinstance(m, HumanMessage | AIMessage) and m.text.strip()]
