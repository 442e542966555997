"""LangChain's quick start to retrieval: load, `RecursiveCharacterTextSplitter`, `Chroma.from_documents`.

Its loaders live in langchain-community, which is being retired; the few lines here do what `TextLoader`,
`BSHTMLLoader`, `PyPDFium2Loader`, `Docx2txtLoader` and `CSVLoader` do, with the same libraries. The embedding class
does what langchain-huggingface's does: `SentenceTransformer(folder).encode(texts)` with its defaults, in float32.
Chunks are measured as ours are, and rows of a table are one document, not one each (a chunk for each row would be a
fraction of ours), so that the chunks of both programs are of one size.
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

_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]")


class SentenceTransformerEmbeddings(Embeddings):
    """A sentence-transformers model as a quick start has it; `seconds` are those spent in it.

    Args:
        folder: of the model.
        dtype: of its weights; None: the default, float32.
    """

    def __init__(self, folder: Path, dtype: str | None = None) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": dtype} if dtype else None)
        self.seconds = 0.0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text."""
        started = time.perf_counter()
        vectors = self._model.encode(texts, show_progress_bar=False)
        self.seconds += time.perf_counter() - started
        return vectors.tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self.embed_documents([text])[0]


def units(text: str) -> int:
    """The size of a text as our splitter counts it: a CJK character is 1 unit, any other a quarter."""
    wide = len(_CJK.findall(text))
    return wide + (len(text) - wide) // 4


def load(folder: Path) -> Iterator[Document]:
    """Yield the documents of a folder; pages of a PDF one by one, as LangChain's loader does."""
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
            rows = ("\n".join(f"{key}: {value}" for key, value in row.items()) for row in csv.DictReader(file))
            yield "\n\n".join(rows)
    else:
        yield path.read_text(encoding="utf-8")


def run(
    folder: Path, into: Path, embeddings: SentenceTransformerEmbeddings, chunk: int, overlap: int
) -> tuple[int, dict[str, float]]:
    """Read a folder into a Chroma folder; return the number of chunks and the seconds that each stage took.

    Args:
        folder: of the documents.
        into: of the vector store.
        embeddings: the encoder.
        chunk: size of a chunk in units.
        overlap: units.
    """
    splitter = RecursiveCharacterTextSplitter(chunk_size=chunk, chunk_overlap=overlap, length_function=units)
    started, before = time.perf_counter(), embeddings.seconds
    documents = list(load(folder))
    loaded = time.perf_counter()
    chunks = splitter.split_documents(documents)
    cut = time.perf_counter()
    Chroma.from_documents(chunks, embeddings, persist_directory=str(into))
    stored = time.perf_counter() - cut
    encoder = embeddings.seconds - before
    return len(chunks), {
        "loading": loaded - started, "splitting": cut - loaded, "embedding": encoder, "writing": stored - encoder,
    }  # fmt: skip
