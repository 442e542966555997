"""The reader as the product uses it: quotes end between the keyword index's words; sentences as in ingestion."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.keywords import segmenter
from ingest.sentences import sentence_spans
from model.answering import Answerer
from model.grounded import MAX_QUESTION, GroundedReader

_CLOSING = "\"'”’」』）)】》〉]"   # may stand behind a question mark


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
    """The part of a question that fits into the reader's window beside a passage; mostly the whole.

    People paste a text and ask below it, or ask and then explain: the last sentence with a question mark is read, with
    as many sentences before it as fit, and then those behind it. Without a question mark, the beginning.
    """
    def fits(part: str) -> bool:
        return len(reader.tokenizer.encode(part)) <= MAX_QUESTION

    if fits(question):
        return question
    spans = list(sentence_spans(question))
    asking = [i for i, (_, end) in enumerate(spans) if question[:end].rstrip(_CLOSING).endswith(("?", "？"))]
    first = last = asking[-1] if asking else 0
    while first > 0 and fits(question[spans[first - 1][0]:spans[last][1]]):
        first -= 1
    while last + 1 < len(spans) and fits(question[spans[first][0]:spans[last + 1][1]]):
        last += 1
    part = question[spans[first][0]:spans[last][1]]
    offsets = reader.tokenizer.encode(part).offsets
    return part if len(offsets) <= MAX_QUESTION else part[:offsets[MAX_QUESTION - 1][1]]
