"""The whole page, top to bottom. Streamlit runs `show_page` anew for every action."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ingest.embedding.embedder import EmbedderError
from ingest.errors import LibraryError
from rag_app.settings import Settings, SettingsError
from rag_app.ui import session
from rag_app.ui.conversation_view import show_conversation
from rag_app.ui.error_messages import explain
from rag_app.ui.first_page import show_beginning, show_first_page
from rag_app.ui.pending import PendingAnswer
from rag_app.ui.rendering import trouble_html
from rag_app.ui.shared import engine_for, library_for, uploads_for
from rag_app.ui.sidebar import show_collections, show_conversation_button, show_language, show_library
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import strings_for
from rag_app.ui.theme import CSS, upload_box_css


def show_page() -> None:
    """Draw the page, or say in words why it cannot be drawn."""
    st.set_page_config(page_title="quoted-rag", page_icon="📄", layout="centered")
    st.html(CSS)
    try:
        base = Settings.from_environment()
    except SettingsError as error:
        st.html(trouble_html(explain(error, strings_for("en"))))
        return
    session.begin(base)
    strings = strings_for(session.language())
    st.html(upload_box_css(strings))
    settings = replace(base, collection=session.collection())
    st.title(strings.title, anchor=False)
    with st.sidebar:  # what helps out of every trouble comes first
        show_conversation_button(strings)
        show_collections(settings, strings)
        contents = st.container()
        show_language(strings)
    try:
        _show(settings, strings, contents)
    except (LibraryError, EmbedderError, SettingsError, OSError) as error:
        st.html(trouble_html(explain(error, strings)))


def _show(settings: Settings, strings: Strings, contents: DeltaGenerator) -> None:
    """Draw the library into the sidebar's `contents`, and the conversation."""
    engine = engine_for(settings)
    library = library_for(settings)
    queue = uploads_for(settings)
    has_passages = library.count() > 0
    conversation = session.conversation()

    def ask(question: str) -> None:
        if question.strip() and conversation.pending is None:
            conversation.pending = PendingAnswer(
                question.strip(),
                conversation.exchanges,
                settings=settings,
                library=library,
                engine=engine,
                chosen=chosen,
                searched_in=searched_in,
            )

    def ask_typed() -> None:
        ask(str(st.session_state["question"] or ""))

    with contents:
        chosen, searched_in = show_library(library, queue, engine, strings, has_passages=has_passages)
    if has_passages:
        st.chat_input(
            strings.ask,
            key="question",
            on_submit=ask_typed,
            disabled=conversation.pending is not None,
        )
        if not conversation.exchanges and conversation.pending is None:
            show_beginning(library, ask, strings, settings.chat_model)
    elif not conversation.exchanges:
        show_first_page(library, queue, strings, settings.chat_model)
    show_conversation(conversation, engine, strings, is_local=settings.chat_model == "local")
