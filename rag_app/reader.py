"""The reader as the product uses it: quotes end between the keyword index's words; sentences as in ingestion."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.keywords import segmenter
from ingest.sentences import sentence_spans
from model.answering import Answerer
from model.grounded import MAX_QUESTION, GroundedReader


def words_of(text: str) -> Iterable[str]:
    """The words of a Chinese text; joined they give the text. jieba's dictionary is loaded at the first use."""
    return segmenter().cut(text)  # type: ignore[no-any-return]


def load_reader(folder: Path) -> Answerer:
    """Load a reader's folder.

    Raises:
        CheckpointError: it holds no usable reader.
    """
    return Answerer.load(folder, words_of, sentence_spans)


def part_read(reader: GroundedReader, question: str) -> str:
    """The beginning of a question that fits into the reader's window beside a passage; mostly the whole."""
    offsets = reader.tokenizer.encode(question).offsets
    return question if len(offsets) <= MAX_QUESTION else question[:offsets[MAX_QUESTION - 1][1]]
