"""The chain as a tool and as a step between messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.runnables.history import RunnableWithMessageHistory

from ingest.library import Library
from rag_app import Answer, ask_tool, build_chain, message_chain
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.settings import Settings

QUESTION = "What is the garage's access code?"


@pytest.fixture
def chain(library: Library, reader: ChatLocalGPT, tmp_path: Path) -> Runnable[Any, Answer]:
    return build_chain(Settings(home=tmp_path, passages=3), library=library, model=reader)


def test_an_agent_gets_the_quote_with_its_place_and_the_answer_as_artifact(chain: Runnable[Any, Answer]) -> None:
    tool = ask_tool(chain)
    said = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {"question": QUESTION}})
    assert isinstance(said, ToolMessage) and isinstance(said.artifact, Answer)
    assert "4711" in said.content and "[garage.txt]" in said.content
    assert said.artifact.citations[0].source == "garage.txt"
    assert tool.invoke({"question": "Who owns the moon?"}) == "Not in your documents."


async def test_the_tool_can_be_awaited(chain: Runnable[Any, Answer]) -> None:
    assert "4711" in await ask_tool(chain, name="mine").ainvoke({"question": QUESTION})


def test_the_schema_is_one_question(chain: Runnable[Any, Answer]) -> None:
    schema = ask_tool(chain).tool_call_schema.model_json_schema()  # type: ignore[union-attr]
    assert schema["required"] == ["question"] and list(schema["properties"]) == ["question"]
    assert len(json.dumps(schema)) < 500  # not the 4 kB of the chain itself


def test_messages_in_a_message_out(chain: Runnable[Any, Answer]) -> None:
    told = [SystemMessage("Be brief."), HumanMessage("Hello!"), AIMessage("Hi."), HumanMessage(QUESTION)]
    for given in (told, {"messages": told}, [("human", QUESTION)]):
        message = message_chain(chain).invoke(given)
        assert isinstance(message, AIMessage) and "4711" in message.text
        assert Answer.from_dict(message.response_metadata["answer"]).citations[0].source == "garage.txt"
    with pytest.raises(ValueError, match="no human message"):
        message_chain(chain).invoke([AIMessage("Hi.")])


def test_a_history_is_kept_and_read(chain: Runnable[Any, Answer]) -> None:
    history = InMemoryChatMessageHistory()
    talk = RunnableWithMessageHistory(message_chain(chain), lambda _: history)
    talk.invoke([HumanMessage(QUESTION)], {"configurable": {"session_id": "1"}})
    talk.invoke([HumanMessage("When does the canteen serve lunch?")], {"configurable": {"session_id": "1"}})
    assert [m.type for m in history.messages] == ["human", "ai"] * 2
    assert "4711" in history.messages[1].text and "noon" in history.messages[3].text


def test_an_answer_survives_json(chain: Runnable[Any, Answer]) -> None:
    for question in (QUESTION, "Who owns the moon?", "Thanks, that helps a lot!"):
        answer = chain.invoke({"question": question})
        stored = json.loads(json.dumps(answer.to_dict()))
        again = Answer.from_dict(stored)
        assert json.loads(json.dumps(again.to_dict())) == stored
        assert again.citations == answer.citations and again.small_talk == answer.small_talk
        assert (again.possible is None) == (answer.possible is None)
