"""One small library, one real reader and one real embedder for all tests of the application."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.documents import LoadedDocument
from ingest.embedding.embedder import LocalEmbedder
from ingest.library import Library
from rag_app.chat_models.local_gpt import ChatLocalGPT

DOCUMENTS = {
    "garage.txt": "The garage opens at six. The access code of the garage is 4711. Bicycles are parked in row C.",
    "canteen.txt": "The canteen serves lunch from noon to two. Soup costs three euros. Guests pay five euros.",
    "会议室.txt": "三楼会议室可容纳二十人。预订会议室需要提前两天。会议室的投影仪由信息部负责维护。",
}


# An old and a new handbook: they disagree about the password, and agree about the help desk.
HANDBOOKS = {
    "handbook-2023.txt": (
        "Passwords must be at least 10 characters long and are changed every 90 days. "
        "The help desk answers on extension 2100.\n\nLunch is served between 11:45 and 13:15."
    ),
    "handbook-2025.txt": (
        "A password has at least 14 characters; it no longer has to be changed. "
        "You reach the help desk on extension 2100.\n\nTrains are booked in second class."
    ),
    "员工手册2022.txt": "员工每周可以居家办公一天，须经部门经理同意。食堂午餐供应时间为11:30至12:30。",
    "员工手册2025.txt": "经团队同意，每周最多可以居家办公三天。上午9:30之前到岗即可。",
}


@pytest.fixture(scope="session")
def embedder() -> LocalEmbedder:
    return LocalEmbedder()


@pytest.fixture(scope="session")
def reader() -> ChatLocalGPT:
    model = ChatLocalGPT()
    model.load()
    return model


def add(library: Library, source: str, text: str) -> str:
    """Commit a plain text and return its document id."""
    document = LoadedDocument(text=text, mime="text/plain", title=Path(source).stem, pages=(), headings=())
    raw = text.encode()
    return library.commit(source, document, hashlib.sha256(raw).hexdigest(), len(raw)).document_id


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: LocalEmbedder) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("library"), embedder) as opened:
        for source, text in DOCUMENTS.items():
            add(opened, source, text)
        yield opened


@pytest.fixture(scope="session")
def handbooks(tmp_path_factory: pytest.TempPathFactory, embedder: LocalEmbedder) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("handbooks"), embedder) as opened:
        for source, text in HANDBOOKS.items():
            add(opened, source, text)
        yield opened
