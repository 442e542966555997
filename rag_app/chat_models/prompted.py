"""A chat model with the form of prompt that it understands in front of it, however it is wrapped.

`ChatLocalGPT` reads passages from content blocks, any other model from plain text. LangChain wraps models, for retries,
bound arguments or fallbacks, so the form is decided by what is inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableLambda, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable

from rag_app.chat_models.local_gpt import ChatLocalGPT

Prompt = Callable[[Any], list[BaseMessage]]


def is_local(model: Runnable[Any, Any]) -> bool:
    """Whether the model that is asked first is a `ChatLocalGPT`."""
    if isinstance(model, RunnableWithFallbacks):
        return is_local(model.runnable)
    if isinstance(model, RunnableBindingBase):
        return is_local(model.bound)
    if isinstance(model, DynamicRunnable):
        return is_local(model.default)
    return isinstance(model, ChatLocalGPT)


def prompted(model: Runnable[Any, Any], for_local: Prompt, for_others: Prompt) -> Runnable[Any, Any]:
    """Put the right prompt before a model and before each of its fallbacks.

    Args:
        model: a chat model, perhaps wrapped by `bind`, `with_config`, `with_retry` or `with_fallbacks`.
        for_local: makes the messages for `ChatLocalGPT`.
        for_others: makes those for any other model.
    """
    if isinstance(model, RunnableWithFallbacks):
        inside = {
            "runnable": prompted(model.runnable, for_local, for_others),
            "fallbacks": [prompted(m, for_local, for_others) for m in model.fallbacks],
        }
        return model.model_copy(update=inside)
    return RunnableLambda(for_local if is_local(model) else for_others) | model
