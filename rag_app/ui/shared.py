"""What all browser tabs of this process share: models, open libraries and their upload queues."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from ingest.catalogue.document_filter import DocumentFilter
from ingest.library import Library
from rag_app.collection import open_library
from rag_app.settings import Settings
from rag_app.ui.engine import Engine
from rag_app.ui.upload_queue import UploadQueue


def _key(settings: Settings) -> str:
    return repr(settings)


@st.cache_resource(show_spinner=False, hash_funcs={Settings: _key})
def _engine(settings: Settings) -> Engine:
    engine = Engine(settings)
    engine.warm_up()
    return engine


def engine_for(settings: Settings) -> Engine:
    """The models of these settings, loading in the background; collections share them.

    Raises:
        EmbedderError: the embedding model is not on this machine.
    """
    return _engine(replace(settings, home=Path(), collection="default", passages=1, filter=DocumentFilter()))


@st.cache_resource(show_spinner=False, hash_funcs={Settings: _key})
def library_for(settings: Settings) -> Library:
    """The collection, made if it is new, and opened once.

    Raises:
        LibraryError: it cannot be opened, for example because it was made with another embedding model.
    """
    return open_library(settings, embedder=engine_for(settings).embedder)


@st.cache_resource(show_spinner=False, hash_funcs={Settings: _key})
def uploads_for(settings: Settings) -> UploadQueue:
    """The collection's upload queue."""
    return UploadQueue(library_for(settings), engine_for(settings))
