"""Question-answering files to reading examples, with evaluation contexts kept out.

A line is a JSON object with `context`, `question`, `answers` and, where known, `answer_start` and `is_impossible`
(SQuAD's fields, flattened). Files may be `.jsonl` or `.jsonl.xz`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.json_lines import read_lines
from model.reader.prompt import Turn, heading_of

_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Example:
    """A question, a passage and the quotes that answer it.

    `quotes` are half-open character spans of the passage in the order they should be copied; empty: the passage does
    not say. `history` are earlier turns (model/reader/prompt.py), `heading` is where the passage stands.
    """

    question: str
    passage: str
    quotes: tuple[tuple[int, int], ...]
    lang: str
    source: str
    history: tuple[Turn, ...] = ()
    heading: str = ""


def context_key(text: str) -> str:
    """Hash of a context that ignores white space, punctuation and case: equal for reprints of one passage."""
    return hashlib.sha256(_letters(text).encode()).hexdigest()


def for_calibration(context: str, share: float) -> bool:
    """Whether a context belongs to the part that is never trained on, so that confidence can be fitted on it."""
    return int(context_key(context)[:8], 16) < share * (1 << 32)


def held_out(paths: Iterable[Path]) -> set[str]:
    """Context keys of evaluation files, so that no training example can stand on one of their passages."""
    return {context_key(row["context"]) for path in paths for row in read_lines(path) if row.get("context")}


class HeldOutText:
    """Recognises raw text that overlaps an evaluation passage, so that practice is not made from it."""

    LENGTH = 24  # letters and digits in a row that count as overlap

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the contexts of evaluation files."""
        self._pieces: set[str] = set()
        for path in paths:
            for row in read_lines(path):
                text = _letters(row.get("context") or "")
                self._pieces.update(text[i : i + self.LENGTH] for i in range(len(text) - self.LENGTH + 1))

    def overlaps(self, text: str) -> bool:
        """Whether a stretch of `LENGTH` letters, looked at every few characters, stands in an evaluation passage."""
        letters = _letters(text)
        return any(letters[i : i + self.LENGTH] in self._pieces for i in range(0, len(letters) - self.LENGTH + 1, 8))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def load_examples(path: Path, exclude: set[str], calibration_share: float = 0.0) -> Iterator[Example]:
    """Examples of one file for training.

    Left out: rows on an excluded context, on a context reserved for calibration, and rows whose answer does not stand
    in the context (nothing to copy).
    """
    for row in read_lines(path):
        context, question = row.get("context"), row.get("question")
        if not context or not question or context_key(context) in exclude:
            continue
        if for_calibration(context, calibration_share):
            continue
        spans = () if row.get("is_impossible") else answer_spans(row, context)
        if spans is not None:
            title = str(row.get("title") or "")
            heading = heading_of(title, ()) if _LETTERS.search(title) else ""
            yield Example(question, context, spans, row.get("lang", "en"), path.name, heading=heading)


def answer_spans(row: dict[str, Any], context: str) -> tuple[tuple[int, int], ...] | None:
    """Character spans of what answers a row, in the order of the text; None if it does not stand in the context.

    Several answers are alternatives, the first of which is taken, unless `all_answers` says that all are needed.
    """
    starts = row.get("answer_start") or []
    spans: list[tuple[int, int]] = []
    for i, answer in enumerate(row.get("answers") or []):
        start = starts[i] if i < len(starts) else None
        if start is not None and start >= 0 and context[start : start + len(answer)] == answer:
            spans.append((start, start + len(answer)))
            continue
        bare = answer.strip().rstrip("。.!！")
        found = context.find(bare) if len(bare) > 1 else -1
        if found >= 0:
            spans.append((found, found + len(bare)))
        elif row.get("all_answers"):
            return None
    if not spans:
        return None
    return tuple(sorted(set(spans))) if row.get("all_answers") else (spans[0],)
