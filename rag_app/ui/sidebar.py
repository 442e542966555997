"""The sidebar: which collection, what is in it, and the page's language."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ingest.catalogue.document_filter import DocumentFilter
from ingest.errors import LibraryError
from ingest.library import Library
from rag_app.settings import Settings, SettingsError
from rag_app.ui import session
from rag_app.ui.documents_panel import show_documents
from rag_app.ui.engine import Engine
from rag_app.ui.search_filter import show_search_filter
from rag_app.ui.shared import library_for
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import LANGUAGE_NAMES
from rag_app.ui.upload_box import show_upload_box
from rag_app.ui.upload_queue import UploadQueue


def show_collections(settings: Settings, strings: Strings) -> None:
    """Choose a collection, or make one."""
    names = sorted({*settings.collections(), session.collection()})
    st.selectbox(strings.collection, names, key=session.COLLECTION, on_change=_forget_errors)
    with st.popover(strings.new_collection, width="stretch"), st.form("collection-form", border=False):
        st.text_input(strings.collection_name, key=session.NEW_COLLECTION, max_chars=64)
        st.form_submit_button(strings.create, on_click=_create, args=(settings,))


def show_library(
    library: Library, queue: UploadQueue, engine: Engine, strings: Strings, *, has_passages: bool
) -> tuple[DocumentFilter, str]:
    """The upload box (which the first page has itself), which documents to search in, and the documents.

    Returns:
        The documents chosen, and the choice in words.
    """
    chosen = DocumentFilter(), ""
    if has_passages:
        show_upload_box(queue, strings)
        chosen = show_search_filter(library, strings)
    st.subheader(strings.documents, anchor=False)
    show_documents(library, queue, engine, strings, had_passages=has_passages)
    return chosen


def show_conversation_button(strings: Strings) -> None:
    """Begin a new conversation."""
    st.button(strings.new_conversation, key="new-conversation", width="stretch", on_click=_new_conversation)


def show_language(strings: Strings) -> None:
    """Choose the page's language; answers are in the documents' own."""
    st.radio(
        strings.language,
        list(LANGUAGE_NAMES),
        key=session.LANGUAGE,
        horizontal=True,
        format_func=lambda code: LANGUAGE_NAMES[code],
    )


def _new_conversation() -> None:
    session.conversation().clear()
    _forget_errors()


def _forget_errors() -> None:
    session.set_error(None)
    session.set_removal(None)


def _create(settings: Settings) -> None:
    """Make the collection whose name was typed and turn to it."""
    name = str(st.session_state.get(session.NEW_COLLECTION) or "").strip()
    try:
        library_for(replace(settings, collection=name))
    except (SettingsError, LibraryError, OSError) as error:
        session.set_error(error)
        return
    st.session_state[session.COLLECTION] = name
    st.session_state[session.NEW_COLLECTION] = ""
    _forget_errors()
