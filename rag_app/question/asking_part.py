"""Which part of a long message the reader reads: the sentence that asks, and what it leans on."""

from __future__ import annotations

from model.reader.grounded import GroundedReader
from model.reader.prompt import MAX_EARLIER_QUESTION, MAX_QUESTION
from model.text.sentences import CLOSING, sentence_spans


def part_read(reader: GroundedReader, question: str) -> tuple[str, str]:
    """The part of a question that fits into the reader's window beside a passage, and what was said before it.

    People tell a story and ask at its end, or paste a text and ask below or above it. Of what is too long, the last
    sentence with a question mark is read, and the sentences just before it, as many as are read of an earlier question,
    count as what was said earlier. Without a question mark, the beginning is read.

    Returns:
        (part, before); mostly (question, "").
    """

    def fits(part: str, most: int = MAX_QUESTION) -> bool:
        return len(reader.tokenizer.encode(part)) <= most

    if fits(question):
        return question, ""
    spans = list(sentence_spans(question))

    def text(first: int, last: int) -> str:
        return question[spans[first][0] : spans[last][1]]

    asking = [i for i in range(len(spans)) if text(i, i).rstrip(CLOSING).endswith(("?", "？"))]
    first = last = asking[-1] if asking else 0
    if not asking:
        while last + 1 < len(spans) and fits(text(0, last + 1)):
            last += 1
    part = text(first, last)
    offsets = reader.tokenizer.encode(part).offsets
    cut = part if len(offsets) <= MAX_QUESTION else part[: offsets[MAX_QUESTION - 1][1]]
    before = first
    while before and fits(text(before - 1, first - 1), MAX_EARLIER_QUESTION):
        before -= 1
    return cut, text(before, first - 1) if before < first else ""
