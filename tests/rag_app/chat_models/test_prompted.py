"""A wrapped model gets the same prompt as a bare one; a chain never refuses because passages did not arrive."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import ConfigurableField, Runnable

from ingest.library import Library
from rag_app.chain import build_chain
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.chat_models.passage_blocks import passage_block
from rag_app.chat_models.prompted import is_local, prompted
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings

QUESTION = "What is the garage's access code?"
WRAPPED: dict[str, Callable[[ChatLocalGPT], Runnable[Any, Any]]] = {
    "retry": lambda m: m.with_retry(),
    "config": lambda m: m.with_config(tags=["mine"]),
    "bind": lambda m: m.bind(stop=["x"]),
    "fallbacks": lambda m: m.with_fallbacks([FakeListChatModel(responses=["no"])]),
    "fields": lambda m: m.configurable_fields(min_confidence=ConfigurableField(id="least")),
    "twice": lambda m: m.with_config(tags=["mine"]).with_retry().with_fallbacks([m]),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_reader_answers_as_a_bare_one(
    library: Library, reader: ChatLocalGPT, settings: Settings, wrap: Callable[[ChatLocalGPT], Runnable[Any, Any]]
) -> None:
    bare = build_chain(settings, library=library, model=reader).invoke({"question": QUESTION})
    found = build_chain(settings, library=library, model=wrap(reader)).invoke({"question": QUESTION})
    assert found.answered and found.answer == bare.answer and found.citations == bare.citations


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


class Broken(FakeListChatModel):
    """A model whose provider is away."""

    def _call(self, *_: Any, **__: Any) -> str:
        raise ConnectionError("nobody there")


def test_each_fallback_gets_its_own_form_of_prompt(library: Library, reader: ChatLocalGPT, settings: Settings) -> None:
    away = Broken(responses=["x"]).with_fallbacks([reader])
    found = build_chain(settings, library=library, model=away).invoke({"question": QUESTION})
    assert found.answered and "4711" in found.answer


def test_the_prompt_is_chosen_by_what_is_inside() -> None:
    def told(name: str) -> Callable[[Any], list[BaseMessage]]:
        return lambda _: [HumanMessage(name)]

    class Echo(FakeListChatModel):
        def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
            return messages[-1].text

    other = Echo(responses=["x"])
    assert not is_local(other) and not is_local(other.with_retry())
    assert is_local(ChatLocalGPT().with_fallbacks([other]))
    assert not is_local(other.with_fallbacks([ChatLocalGPT()]))
    assert prompted(other.with_retry(), told("blocks"), told("text")).invoke({}).text == "text"


def test_a_cold_model_is_loaded_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    gate = threading.Barrier(8)

    def load(_: object) -> object:
        loads.append(object())
        return loads[-1]

    monkeypatch.setattr("rag_app.chat_models.local_gpt.load_reader", load)
    model = ChatLocalGPT()

    def ask() -> None:
        gate.wait()
        model.load()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_loaded_model_can_be_copied(reader: ChatLocalGPT, copied: Callable[[ChatLocalGPT], ChatLocalGPT]) -> None:
    again = copied(reader)
    message = HumanMessage(
        [passage_block("The bell was made in Trieste."), {"type": "text", "text": "Where was it made?"}]
    )
    assert again.invoke([message]).text == reader.invoke([message]).text
    assert again.checkpoint == reader.checkpoint and again.load() is not reader.load()


def test_tokens_are_counted_by_the_readers_own_vocabulary(reader: ChatLocalGPT) -> None:
    ids = reader.get_token_ids("The bell was made in Trieste.")
    assert reader.load().reader.tokenizer.decode(ids) == "The bell was made in Trieste."
    assert reader.get_num_tokens("The bell was made in Trieste.") == len(ids) > 5
    assert reader.get_num_tokens_from_messages([HumanMessage("The bell")]) > 0


def test_what_means_nothing_is_refused(reader: ChatLocalGPT, library: Library) -> None:
    with pytest.raises(ValueError, match="foo"):
        ChatLocalGPT(foo=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes no min_confidence with a call"):
        reader.invoke([HumanMessage("x")], min_confidence=0.1)
    with pytest.raises(ValueError, match="no message"):
        reader.invoke([])
    with pytest.raises(NotImplementedError, match="give your agent a model that can"):
        reader.bind_tools([])
    retriever = LibraryRetriever(library=library)
    with pytest.raises(TypeError, match="fliter"):
        retriever.invoke("garage", fliter={"folder": "/x"})  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="k=-1"):
        retriever.invoke("garage", k=-1)
