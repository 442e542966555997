"""The state of one browser tab, typed: nobody else reads or writes `st.session_state`, widgets' own keys aside."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from model.text.language import Language
from rag_app.settings import Settings
from rag_app.ui.conversation import Conversation
from rag_app.ui.strings import language_of_locale

COLLECTION = "collection"  # keys of widgets, which Streamlit fills itself
LANGUAGE = "language"
NEW_COLLECTION = "new_collection"


def begin(settings: Settings) -> None:
    """Fill in what a new tab lacks."""
    if COLLECTION not in st.session_state:
        st.session_state[COLLECTION] = settings.collection
    if LANGUAGE not in st.session_state:
        st.session_state[LANGUAGE] = language_of_locale(st.context.locale)


def collection() -> str:
    """The collection that is being asked."""
    return str(st.session_state[COLLECTION])


def language() -> Language:
    """The page's language."""
    return "zh" if st.session_state[LANGUAGE] == "zh" else "en"


def conversation() -> Conversation:
    """This tab's conversation with the collection."""
    talks: dict[str, Conversation] = st.session_state.setdefault("conversations", {})
    return talks.setdefault(collection(), Conversation())


def filter_key(name: str) -> str:
    """The key of one choice of "search in": each collection has its own."""
    return f"search-in-{name}-{collection()}"


def keep_only(key: str, options: Sequence[str]) -> None:
    """Drop from a choice what is no option any more: Streamlit would refuse to draw it."""
    chosen = st.session_state.get(key)
    if chosen and not set(chosen) <= set(options):
        st.session_state[key] = [value for value in chosen if value in options]


def filter_words() -> str:
    """What a question looks into, in the page's words; "" for everything."""
    return str(st.session_state.get(f"search-in-words-{collection()}", ""))


def set_filter_words(words: str) -> None:
    """Note the choice in words."""
    st.session_state[f"search-in-words-{collection()}"] = words


def upload_round() -> int:
    """Part of the upload box's key: a new round empties the box."""
    return int(st.session_state.setdefault("upload_round", 0))


def next_upload_round() -> None:
    """Empty the upload box."""
    st.session_state["upload_round"] = upload_round() + 1


def removal() -> str | None:
    """Id of the document whose removal waits for a confirmation."""
    found: str | None = st.session_state.get("removal")
    return found


def set_removal(document_id: str | None) -> None:
    """Ask to confirm a removal; None: no longer."""
    st.session_state["removal"] = document_id


def error() -> Exception | None:
    """The error of the last action in the sidebar, shown until the next one."""
    found: Exception | None = st.session_state.get("sidebar_error")
    return found


def set_error(error: Exception | None) -> None:
    """Show an error in the sidebar; None: no longer."""
    st.session_state["sidebar_error"] = error
