"""Questions in, cited answers out: settings, retrieval, prompts, chat models, chain, evaluation, CLI and web UI.

Imports `ingest` and `model`; nothing imports `rag_app`. For other code this package is the one door: what is in
`__all__` can be imported from here. It is loaded when it is first asked for, so that importing the package stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.job import ingest
    from rag_app.answers.answer import Answer
    from rag_app.chain import build_chain
    from rag_app.chat_models.local_gpt import ChatLocalGPT
    from rag_app.collection import open_library
    from rag_app.retrieval.retriever import LibraryRetriever
    from rag_app.settings import Settings
    from rag_app.tools import ask_tool, message_chain

__all__ = [
    "Answer",
    "ChatLocalGPT",
    "LibraryRetriever",
    "Settings",
    "ask_tool",
    "build_chain",
    "ingest",
    "message_chain",
    "open_library",
]

_HOME = {
    "Answer": "rag_app.answers.answer",
    "ChatLocalGPT": "rag_app.chat_models.local_gpt",
    "LibraryRetriever": "rag_app.retrieval.retriever",
    "Settings": "rag_app.settings",
    "ask_tool": "rag_app.tools",
    "build_chain": "rag_app.chain",
    "ingest": "ingest.job",
    "message_chain": "rag_app.tools",
    "open_library": "rag_app.collection",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for; raise AttributeError for anything else."""
    if name not in _HOME:
        raise AttributeError(f"module 'rag_app' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
