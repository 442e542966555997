"""A library that lives as long as one evaluation."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ingest.documents import Incoming, LoadedDocument
from ingest.embedding.embedder import Embedder
from ingest.library import Library
from ingest.loaders.normalise import normalise

_TOGETHER = 64  # documents embedded together; bounds the memory


@contextmanager
def temporary_library(texts: Mapping[str, tuple[str, str]], embedder: Embedder, *, quiet: bool) -> Iterator[Library]:
    """Open a fresh library over plain texts and remove it afterwards.

    Args:
        texts: source name -> (title, text); a document without text is its title, one without either is left out.
        embedder: the embedder under test.
        quiet: no progress bar on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder, Library.open(Path(folder), embedder) as library:
        with library.writing(), tqdm(total=len(texts), desc="indexing", unit="doc", disable=quiet) as bar:
            rest = iter((s, t) for s, t in texts.items() if any(part.strip() for part in t))
            while group := list(itertools.islice(rest, _TOGETHER)):
                library.commit_many([_incoming(source, title, text) for source, (title, text) in group])
                bar.update(len(group))
        yield library


def _incoming(source: str, title: str, text: str) -> Incoming:
    text = normalise(text if text.strip() else title)
    raw = text.encode()
    document = LoadedDocument(text=text, mime="text/plain", title=title, pages=(), headings=())
    return Incoming(source, document, hashlib.sha256(raw).hexdigest(), len(raw))
