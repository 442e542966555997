"""The reader as the product uses it: quotes end between the keyword index's words; sentences as in ingestion."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.keywords.terms import segmenter
from model.reader.answering import Answerer
from model.text.sentences import sentence_spans


def words_of(text: str) -> Iterable[str]:
    """The words of a Chinese text; joined they give the text. jieba's dictionary is loaded at the first use."""
    return segmenter().cut(text)  # type: ignore[no-any-return]


def load_reader(folder: Path) -> Answerer:
    """Load a reader's folder.

    Raises:
        CheckpointError: it holds no usable reader.
    """
    return Answerer.load(folder, words_of, sentence_spans)
