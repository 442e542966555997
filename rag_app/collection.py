"""Open the configured collection. Light: neither torch nor LangChain is imported here."""

from __future__ import annotations

from ingest.embedding import Embedder, SentenceTransformerEmbedder
from ingest.library import Library
from rag_app.settings import Settings


def build_embedder(settings: Settings) -> Embedder:
    """The configured embedder; nothing is loaded before the first text."""
    return SentenceTransformerEmbedder(settings.embedder)


def open_library(settings: Settings, *, create: bool = True) -> Library:
    """The configured collection's library.

    Raises:
        LibraryNotFound: there is none, and `create` is False.
        FingerprintMismatch: it was made with another embedder or splitter.
    """
    return Library.open(settings.library_folder, build_embedder(settings), create=create)
