"""The upload box, and what became of what was dropped into it."""

from __future__ import annotations

import streamlit as st

from ingest.loaders import SUPPORTED_EXTENSIONS
from ingest.resources import shipped
from rag_app.ui import session
from rag_app.ui.error_messages import Trouble, explain
from rag_app.ui.format_names import all_formats
from rag_app.ui.rendering import progress_html, trouble_html
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import language_of_strings
from rag_app.ui.upload_queue import UploadQueue

TYPES = [extension.removeprefix(".") for extension in SUPPORTED_EXTENSIONS]
# The sample documents with a question that each answers.
SAMPLES = {
    "employee-handbook.pdf": "How many days of annual leave do employees get?",
    "lumo-2-manual.md": "Is it all right to use vinegar against limescale?",
    "travel-expense-policy.docx": "What happens if I lose a receipt?",
    "员工手册.txt": "试用期工资是转正工资的多少？",
    "产品使用说明书.pdf": "除垢程序要运行多长时间？",
    "信息安全政策.docx": "私人电脑可以处理公司数据吗？",
}


def show_upload_box(queue: UploadQueue, strings: Strings) -> None:
    """Take files; each is handed to the queue once, and the box is emptied."""
    files = st.file_uploader(
        strings.upload,
        type=TYPES,
        accept_multiple_files=True,
        key=f"upload-{session.upload_round()}",
        help=all_formats(language_of_strings(strings)),
    )
    if files:
        for file in files:
            queue.submit(file.name, file.getvalue())
        session.next_upload_round()
        st.rerun()


def show_samples_button(queue: UploadQueue, strings: Strings) -> None:
    """Offer the sample documents, where they are installed."""
    try:
        folder = shipped("samples")
    except FileNotFoundError:
        return
    if st.button(strings.try_samples, key="samples"):
        for name in SAMPLES:
            if (folder / name).is_file():
                queue.submit(name, (folder / name).read_bytes())


def show_queue(queue: UploadQueue, strings: Strings) -> None:
    """Say which upload is being read and what went wrong with the others."""
    state = queue.state()
    if state.current is not None:
        label = strings.reading_file.format(state.current)
        if state.waiting:
            label += " · " + strings.files_waiting.format(state.waiting)
        st.html(progress_html(strings.waiting_for_writer if state.is_locked else label))
    for failure in state.failures:
        trouble = explain(failure.error, strings)
        st.html(trouble_html(Trouble(f"{failure.name}: {trouble.headline}", trouble.advice)))
