"""What `ChatLocalGPT` says for an answer: its sentence, with `citation` annotations on the quotes in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from model.reader.reading import Quote
from rag_app.answers.sentence_window import quote_windows
from rag_app.answers.several_answers import FoundAnswer


def quoted_reply(
    answer: FoundAnswer, blocks: Sequence[dict[str, Any]], *, whole_lists: bool
) -> tuple[str, list[dict[str, Any]]]:
    """An answer inside its sentence, and citation annotations: for each of its quotes, then for further places."""
    passage = str(blocks[answer.passage]["text"])
    windows = quote_windows(passage, [(q.start, q.end) for q in answer.reading.quotes], whole_lists=whole_lists)
    text = "\n".join(passage[first:last] for first, last in windows)

    def index_of(offset: int) -> int:
        """Where a place of the passage is in the text."""
        before = 0
        for first, last in windows:
            if first <= offset <= last:
                return before + offset - first
            before += last - first + 1
        raise ValueError(offset)

    spans = [(index_of(q.start), index_of(q.end)) for q in answer.reading.quotes]
    own = [
        _annotation(blocks[answer.passage], answer.passage, quote, span)
        for quote, span in zip(answer.reading.quotes, spans, strict=True)
    ]
    further = [_annotation(blocks[i], i, reading.quotes[0], spans[0], also=True) for i, reading in answer.also]
    return text, [*own, *further]


def _annotation(
    block: dict[str, Any], passage: int, quote: Quote, span: tuple[int, int], **extras: Any
) -> dict[str, Any]:
    return {
        "type": "citation",
        "cited_text": quote.text,
        "start_index": span[0],
        "end_index": span[1],
        **({"title": block["title"]} if block.get("title") else {}),
        **({"url": block["url"]} if block.get("url") else {}),
        "extras": {
            **(block.get("extras") or {}),
            "passage": passage,
            "passage_start": quote.start,
            "passage_end": quote.end,
            **extras,
        },
    }


def words_to_stream(text: str) -> Iterator[str]:
    """Words with the space after them; a Chinese text in runs of a few characters."""
    start = 0
    for i, character in enumerate(text):
        if character.isspace() or i - start >= 12 or (ord(character) > 0x2E7F and i - start >= 3):
            yield text[start : i + 1]
            start = i + 1
    if start < len(text):
        yield text[start:]
