"""The upload box, and what became of what was dropped into it."""

from __future__ import annotations

import streamlit as st

from rag_app.resources import shipped
from rag_app.ui import session
from rag_app.ui.rendering import progress_html, trouble_html
from rag_app.ui.strings import Strings
from rag_app.ui.troubles import Trouble, explain
from rag_app.ui.upload_queue import UploadQueue

# File types that the loaders read, and the sample documents with a question that each answers.
TYPES = ["pdf", "docx", "md", "markdown", "html", "htm", "txt"]
SAMPLES = {
    "employee-handbook.pdf": "When does leftover holiday from last year expire?",
    "lumo-2-manual.md": "My machine shows E09. What's wrong?",
    "travel-expense-policy.docx": "In which situations will the company pay for a cab?",
    "员工手册.txt": "公司几号发工资？",
    "产品使用说明书.pdf": "屏幕上显示E06，是哪里出了问题？",
    "信息安全政策.docx": "系统管理员的密码最短要多少位？",
}


def show_upload_box(queue: UploadQueue, strings: Strings) -> None:
    """Take files; each is handed to the queue once, and the box is emptied."""
    files = st.file_uploader(
        strings.upload, type=TYPES, accept_multiple_files=True, key=f"upload-{session.upload_round()}",
        help=strings.formats,
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
