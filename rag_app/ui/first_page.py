"""What is shown before there is anything to ask: what to do, where, and that nothing leaves the computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from ingest.library import Library
from ingest.sources.display_name import source_names
from rag_app.ui.documents_panel import document_html
from rag_app.ui.safe_html import element, escaped
from rag_app.ui.string_fields import Strings
from rag_app.ui.upload_box import SAMPLES, show_queue, show_samples_button, show_upload_box
from rag_app.ui.upload_queue import UploadQueue

_EXAMPLES = 4  # questions offered
_FAILED = 40  # documents shown


def show_first_page(library: Library, queue: UploadQueue, strings: Strings, chat_model: str) -> None:
    """The welcome, with the upload box right below it."""
    st.html(_welcome(strings.welcome, strings, chat_model))
    show_upload_box(queue, strings)
    show_samples_button(queue, strings)
    _show_uploads(library, queue, strings)


@st.fragment(run_every=2.0)
def _show_uploads(library: Library, queue: UploadQueue, strings: Strings) -> None:
    """What becomes of the first files: here, because a narrow window hides the sidebar."""
    show_queue(queue, strings)
    failed = [r for r in library.documents() if r.state == "failed"][:_FAILED]
    names = source_names([r.source for r in failed], library)
    for record in failed:
        st.html(document_html(record, names[record.source], strings))


def _welcome(lines: Sequence[str], strings: Strings, chat_model: str) -> str:
    private = strings.private if chat_model == "local" else strings.private_files.format(chat_model)
    paragraphs = "".join(element("p", "rag-welcome-line", escaped(line)) for line in lines)
    return element("div", "rag-welcome", paragraphs, element("p", "rag-private", escaped(private)))


def show_beginning(library: Library, ask: Callable[[str], None], strings: Strings, chat_model: str) -> None:
    """What to expect, before the first question; for the sample documents, questions that they answer."""
    st.html(_welcome(strings.welcome[1:], strings, chat_model))
    _show_examples(library, ask, strings)


@st.fragment(run_every=2.0)
def _show_examples(library: Library, ask: Callable[[str], None], strings: Strings) -> None:
    """Offer questions; more as the samples are ingested one after the other."""
    names = {Path(r.source).name for r in library.documents() if r.state == "ready"}
    questions = [question for name, question in SAMPLES.items() if name in names]
    # the page's own language first
    is_chinese = strings.language == "语言"
    questions.sort(key=lambda q: q.isascii() == is_chinese)
    if questions:
        st.caption(strings.examples)
    for number, question in enumerate(questions[:_EXAMPLES]):
        if st.button(question, key=f"example-{number}"):
            ask(question)
            st.rerun()
