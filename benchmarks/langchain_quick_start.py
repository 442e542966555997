"""LangChain's quick start to retrieval: load, `RecursiveCharacterTextSplitter`, `Chroma.from_documents`.

Its loaders live in langchain-community, which is being retired; the few lines here do what `TextLoader`,
`BSHTMLLoader`, `PyPDFium2Loader`, `Docx2txtLoader` and `CSVLoader` do, with the same libraries. The embedding class
does what langchain-huggingface's does. Chunks are measured as ours are, so that those of both programs are of one size.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from pathlib import Path

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from ingest.embedding import Embedder

_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]")


class TimedEmbeddings(Embeddings):
    """The model behind one of our embedders, as LangChain's; `seconds` are those spent in it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text."""
        started = time.perf_counter()
        vectors = self._embedder.embed_documents(texts)
        self.seconds += time.perf_counter() - started
        return vectors.tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self._embedder.embed_query(text).tolist()  # type: ignore[no-any-return]


def units(text: str) -> int:
    """The size of a text as our splitter counts it: a CJK character is 1 unit, any other a quarter."""
    wide = len(_CJK.findall(text))
    return wide + (len(text) - wide) // 4


def load(folder: Path) -> Iterator[Document]:
    """Yield the documents of a folder; pages of a PDF and rows of a table one by one, as LangChain's loaders do."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        for text in _texts(path):
            yield Document(text, metadata={"source": str(path)})


def _texts(path: Path) -> Iterator[str]:
    if path.suffix == ".pdf":
        import pypdfium2

        with pypdfium2.PdfDocument(path) as pdf:
            for page in pdf:
                yield page.get_textpage().get_text_range(errors="ignore")
    elif path.suffix == ".docx":
        import docx

        yield "\n\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
    elif path.suffix == ".html":
        from bs4 import BeautifulSoup

        yield BeautifulSoup(path.read_text(encoding="utf-8"), "lxml").get_text()
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield "\n".join(f"{key}: {value}" for key, value in row.items())
    else:
        yield path.read_text(encoding="utf-8")


def run(folder: Path, into: Path, embedder: Embedder, chunk: int, overlap: int) -> tuple[int, float]:
    """Read a folder into a Chroma folder; return the number of chunks and the seconds spent in the encoder.

    Args:
        folder: of the documents.
        into: of the vector store.
        embedder: the encoder.
        chunk: size of a chunk in units.
        overlap: units.
    """
    embeddings = TimedEmbeddings(embedder)
    splitter = RecursiveCharacterTextSplitter(chunk_size=chunk, chunk_overlap=overlap, length_function=units)
    chunks = splitter.split_documents(list(load(folder)))
    Chroma.from_documents(chunks, embeddings, persist_directory=str(into))
    return len(chunks), embeddings.seconds
