"""The chain's callbacks, told to the page. Imports LangChain, so only the answering thread imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler

from rag_app.ui.pending import Phase

if TYPE_CHECKING:
    from rag_app.ui.pending import PendingAnswer


class ChainProgress(BaseCallbackHandler):
    """Keeps `pending.phase` and `pending.text` up to date."""

    def __init__(self, pending: PendingAnswer) -> None:
        self._pending = pending

    def on_retriever_end(self, documents: Any, **_: Any) -> None:  # noqa: ARG002 - the interface's
        """The passages are found; now they are read."""
        self._pending.phase = Phase.READING

    def on_chat_model_start(self, serialized: Any, messages: Any, **_: Any) -> None:  # noqa: ARG002 - the interface's
        """A reply begins; there may have been one to the question as typed."""
        self._pending.text = ""

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        """The model said more."""
        if isinstance(token, str):
            self._pending.text += token
