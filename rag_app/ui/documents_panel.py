"""The sidebar's list of documents; it looks at the library every two seconds, so other processes' work shows up."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from ingest.documents import DocumentRecord
from ingest.errors import DocumentNotFound, LibraryError
from ingest.library import Library
from ingest.sources.display_name import source_name, source_names
from rag_app.ui import session
from rag_app.ui.engine import Engine, Stage
from rag_app.ui.error_messages import explain
from rag_app.ui.failure_words import failure_words
from rag_app.ui.rendering import progress_html, trouble_html
from rag_app.ui.safe_html import element, escaped
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import language_of_strings
from rag_app.ui.upload_box import show_queue
from rag_app.ui.upload_queue import UploadQueue

_EVERY = 2.0  # seconds
_SHOWN = 40  # rows; more are found with the filter
_FILTER_FROM = 12  # documents
_CROSS = ":material/close:"
_UNSPOKEN = re.compile(r"[^\w.-]|_")


@st.fragment(run_every=_EVERY)
def show_documents(
    library: Library, queue: UploadQueue, engine: Engine, strings: Strings, *, had_passages: bool
) -> None:
    """Show the queue, the documents with their state, and a button to remove each.

    Args:
        library: the collection.
        queue: its uploads.
        engine: says so while it loads.
        strings: the page's words.
        had_passages: what the rest of the page was drawn for; when it changes, the whole page is drawn again.
    """
    try:
        records = library.documents()
        has_passages = library.count() > 0
    except LibraryError as error:
        st.html(trouble_html(explain(error, strings)))
        return
    if has_passages != had_passages:
        st.rerun()
    if has_passages:  # else the first page says so itself
        show_queue(queue, strings)
    problem = session.error()
    if problem is not None:
        st.html(trouble_html(explain(problem, strings)))
    if not records:
        st.caption(strings.no_documents)
    shown = _chosen(records, strings)
    names = source_names([r.source for r in shown], library)
    for record in shown:
        _show_document(record, names[record.source], library, strings)
    if engine.stage in {Stage.SEARCH, Stage.READER}:
        loading = strings.loading_search if engine.stage is Stage.SEARCH else strings.loading_reader
        st.html(progress_html(loading))


def _chosen(records: Sequence[DocumentRecord], strings: Strings) -> list[DocumentRecord]:
    """Order them: failed ones first, then by name; of many, those that the filter leaves."""
    ordered = sorted(records, key=lambda r: (r.state != "failed", _name(r).casefold()))
    if len(ordered) >= _FILTER_FROM:
        wanted = st.text_input(strings.filter, key="filter", placeholder=strings.filter, label_visibility="collapsed")
        ordered = [r for r in ordered if (wanted or "").casefold() in _name(r).casefold()]
    if len(ordered) > _SHOWN:
        st.caption(strings.more_documents.format(len(ordered) - _SHOWN))
    return ordered[:_SHOWN]


def _show_document(record: DocumentRecord, name: str, library: Library, strings: Strings) -> None:
    text, button = st.columns([6, 1], vertical_alignment="top")
    text.html(document_html(record, name, strings))
    # The label is for those who listen to the page; theme.py hides it from those who see the cross.
    label = strings.remove_named.format(_spoken(name))
    if button.button(label, key=f"remove-{record.document_id}", help=strings.remove, icon=_CROSS, type="tertiary"):
        session.set_removal(record.document_id)
        session.set_error(None)
        st.rerun(scope="fragment")
    if session.removal() == record.document_id:
        st.caption(strings.remove_question)
        yes, no = st.columns(2)
        if yes.button(strings.remove_yes, key=f"yes-{record.document_id}", type="primary", width="stretch"):
            _remove(record, library)
            st.rerun(scope="fragment")
        if no.button(strings.remove_no, key=f"no-{record.document_id}", width="stretch"):
            session.set_removal(None)
            st.rerun(scope="fragment")


def document_html(record: DocumentRecord, name: str, strings: Strings) -> str:
    """One document: its name, its state and, where something is wrong, the reason."""
    language = language_of_strings(strings)
    if record.state == "failed":
        state = strings.failed.format(failure_words(record.error or "", language))
    elif record.state == "pending":
        state = strings.pending
    elif record.chunks == 0:  # an archive or a mailbox
        state = strings.container
    else:
        state = strings.one_passage if record.chunks == 1 else strings.passages.format(record.chunks)
        state += f" · {failure_words(record.error, language)}" if record.error else ""
    return element(
        "div",
        f"rag-document rag-{record.state}",
        element("div", "rag-document-name", escaped(name)),
        element("div", "rag-document-state", escaped(state)),
    )


def _remove(record: DocumentRecord, library: Library) -> None:
    session.set_removal(None)
    try:
        library.remove(record.document_id)
    except DocumentNotFound:
        return  # somebody else removed it
    except LibraryError as error:
        session.set_error(error)


def _spoken(name: str) -> str:
    """A name as a label, which Streamlit reads as Markdown: its letters and figures only."""
    return " ".join(_UNSPOKEN.sub(" ", name).split())


def _name(record: DocumentRecord) -> str:
    """What documents are sorted and found by."""
    return source_name(record.source, None)
