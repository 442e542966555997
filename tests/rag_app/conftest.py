"""One small library, one real reader and one real embedder for all tests of the application."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.documents import LoadedDocument
from ingest.embedding import SentenceTransformerEmbedder
from ingest.library import Library
from rag_app.chat_models.local_gpt import ChatLocalGPT

DOCUMENTS = {
    "garage.txt": "The garage opens at six. The access code of the garage is 4711. Bicycles are parked in row C.",
    "canteen.txt": "The canteen serves lunch from noon to two. Soup costs three euros. Guests pay five euros.",
    "会议室.txt": "三楼会议室可容纳二十人。预订会议室需要提前两天。会议室的投影仪由信息部负责维护。",
}


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


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
def library(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("library"), embedder) as opened:
        for source, text in DOCUMENTS.items():
            add(opened, source, text)
        yield opened
