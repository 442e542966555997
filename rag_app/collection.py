"""Open the configured collection. Light: neither torch nor LangChain is imported here."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib.metadata import entry_points
from pathlib import Path

from platformdirs import user_data_path

from ingest.embedding.embedder import SHIPPED, Embedder, EmbedderError, LocalEmbedder
from ingest.library import Library
from rag_app.settings import APP_NAME, Settings

EMBEDDERS = "quoted_rag.embedders"  # entry points of other packages: each is a function that makes an Embedder


def build_embedder(settings: Settings) -> Embedder:
    """The configured embedder, of an installed package that has one of that name or a model on this machine.

    Nothing is loaded before the first text.

    Raises:
        EmbedderError: it is not on this machine, or the package gives something else.
    """
    for point in entry_points(group=EMBEDDERS, name=settings.embedder) if settings.embedder else ():
        made = point.load()()
        if not isinstance(made, Embedder):
            raise EmbedderError(f"{point.value} makes no embedder: see `Embedder` in ingest/embedding/embedder.py")
        return made
    return LocalEmbedder(settings.embedder or SHIPPED)


def open_library(settings: Settings, *, embedder: Embedder | None = None, create: bool = True) -> Library:
    """The configured collection's library.

    Args:
        settings: say where it is.
        embedder: one that is loaded already; None: the configured one.
        create: make a library if there is none.

    Raises:
        LibraryNotFound: there is none, and `create` is False.
        FingerprintMismatch: it was made with another embedder or splitter.
    """
    return Library.open(
        settings.library_folder,
        embedder or build_embedder(settings),
        create=create,
        chroma_url=settings.chroma_url,
        reindex_command=reindex_command(settings),
    )


def reindex_command(settings: Settings) -> str:
    """What to type, in this folder, to make the collection's indexes anew with the configured model."""
    words = [_program()]
    if settings.home.absolute() != user_data_path(APP_NAME, appauthor=False).absolute():
        words += ["--home", str(settings.home)]
    if settings.collection != "default":
        words += ["--collection", settings.collection]
    words.append("reindex")
    if settings.embedder is not None:
        words += ["--embedder", settings.embedder]
    return shlex.join(words)


def _program() -> str:
    """`rag`, or where it is when the shell would not find it (a virtual environment that is not activated)."""
    installed = Path(sys.executable).with_name("rag")
    if shutil.which("rag") is not None or not installed.exists():
        return "rag"
    near = os.path.relpath(installed)
    return near if not near.startswith("..") else str(installed)
