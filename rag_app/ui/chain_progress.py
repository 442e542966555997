"""The chain's callbacks, told to the page. Imports LangChain, so only the answering thread imports this."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from rag_app.ui.progress import Phase, Progress


class ChainProgress(BaseCallbackHandler):
    """Keeps a `Progress` up to date."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_retriever_end(self, documents: Any, **_: Any) -> None:  # noqa: ARG002 - the interface's
        """The passages are found; now they are read."""
        self._progress.phase = Phase.READING

    def on_chat_model_start(self, serialized: Any, messages: Any, **_: Any) -> None:  # noqa: ARG002 - the interface's
        """A reply begins; there may have been one to the question as typed."""
        self._progress.text = ""

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        """The model said more."""
        if isinstance(token, str):
            self._progress.text += token
