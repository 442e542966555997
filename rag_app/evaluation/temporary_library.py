"""A library that lives as long as one evaluation."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ingest.documents import LoadedDocument
from ingest.embedding import Embedder
from ingest.library import Library


@contextmanager
def temporary_library(texts: Mapping[str, tuple[str, str]], embedder: Embedder, *, quiet: bool) -> Iterator[Library]:
    """Open a fresh library over plain texts and remove it afterwards.

    Args:
        texts: source name -> (title, text).
        embedder: the embedder under test.
        quiet: no progress bar on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder, Library.open(Path(folder), embedder) as library:
        with library.writing():
            for source, (title, text) in tqdm(texts.items(), desc="indexing", unit="doc", disable=quiet):
                document = LoadedDocument(text=text, mime="text/plain", title=title, pages=(), headings=())
                raw = text.encode("utf-8", "surrogatepass")
                library.commit(source, document, hashlib.sha256(raw).hexdigest(), len(raw))
        yield library
