"""Which part of a long message the reader reads: the sentence that asks, and what it leans on."""

from __future__ import annotations

from ingest.sentences import sentence_spans
from model.grounded import MAX_QUESTION, GroundedReader
from rag_app.followups.conversation import Turn
from rag_app.followups.gate import judge

_CLOSING = "\"'”’」』）)】》〉]"   # may stand behind a question mark


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
    asking = [i for i, (_, end) in enumerate(spans) if question[:end].rstrip(_CLOSING).endswith(("?", "？"))]
    first = last = asking[-1] if asking else 0
    asked, before = question[spans[last][0]:spans[last][1]], question[:spans[last][0]].strip()
    if not asking:
        while last + 1 < len(spans) and fits(question[:spans[last + 1][1]]):
            last += 1
    elif before and judge(asked, [Turn(before)]).dependent:
        while first > 0 and fits(question[spans[first - 1][0]:spans[last][1]]):
            first -= 1
    part = question[spans[first][0]:spans[last][1]]
    offsets = reader.tokenizer.encode(part).offsets
    return part if len(offsets) <= MAX_QUESTION else part[:offsets[MAX_QUESTION - 1][1]]
