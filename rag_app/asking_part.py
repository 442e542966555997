"""Which part of a long message the reader reads: the sentence that asks, and what it leans on."""

from __future__ import annotations

from ingest.sentences import CLOSING, sentence_spans
from model.grounded import MAX_QUESTION, GroundedReader
from rag_app.followups.conversation import Turn
from rag_app.followups.gate import judge


def part_read(reader: GroundedReader, question: str) -> str:
    """The part of a question that fits into the reader's window beside a passage; mostly the whole.

    People tell a story and ask at its end, or paste a text and ask below or above it. Of what is too long, the last
    sentence with a question mark is read: alone if it can stand alone, because the story only distracts, else with as
    many sentences before it as fit. Without a question mark, the beginning.
    """
    def fits(part: str) -> bool:
        return len(reader.tokenizer.encode(part)) <= MAX_QUESTION

    if fits(question):
        return question
    spans = list(sentence_spans(question))

    def text(first: int, last: int) -> str:
        return question[spans[first][0]:spans[last][1]]

    asking = [i for i in range(len(spans)) if text(i, i).rstrip(CLOSING).endswith(("?", "？"))]
    first = last = asking[-1] if asking else 0
    if not asking:
        while last + 1 < len(spans) and fits(text(0, last + 1)):
            last += 1
    elif first and judge(text(first, first), [Turn(text(0, first - 1))]).dependent:
        while first and fits(text(first - 1, last)):
            first -= 1
    part = text(first, last)
    offsets = reader.tokenizer.encode(part).offsets
    return part if len(offsets) <= MAX_QUESTION else part[:offsets[MAX_QUESTION - 1][1]]
