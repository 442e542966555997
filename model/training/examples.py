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


@dataclass(frozen=True, slots=True)
class Example:
    """A question, a passage and the quotes that answer it.

    `quotes` are half-open character spans of the passage in the order they should be copied; empty: the passage does
    not say.
    """

    question: str
    passage: str
    quotes: tuple[tuple[int, int], ...]
    lang: str
    source: str


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

    LENGTH = 24     # letters and digits in a row that count as overlap

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the contexts of evaluation files."""
        self._pieces: set[str] = set()
        for path in paths:
            for row in read_lines(path):
                text = _letters(row.get("context") or "")
                self._pieces.update(text[i:i + self.LENGTH] for i in range(len(text) - self.LENGTH + 1))

    def overlaps(self, text: str) -> bool:
        """Whether a stretch of `LENGTH` letters, looked at every few characters, stands in an evaluation passage."""
        letters = _letters(text)
        return any(letters[i:i + self.LENGTH] in self._pieces for i in range(0, len(letters) - self.LENGTH + 1, 8))


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
        lang = row.get("lang", "en")
        if row.get("is_impossible"):
            yield Example(question, context, (), lang, path.name)
            continue
        span = _locate(row, context)
        if span is not None:
            yield Example(question, context, (span,), lang, path.name)


def _locate(row: dict[str, Any], context: str) -> tuple[int, int] | None:
    """Character span of the first answer that stands in the context."""
    starts = row.get("answer_start") or []
    for i, answer in enumerate(row.get("answers") or []):
        start = starts[i] if i < len(starts) else None
        if start is not None and start >= 0 and context[start:start + len(answer)] == answer:
            return start, start + len(answer)
        bare = answer.strip().rstrip("。.!！")
        found = context.find(bare) if len(bare) > 1 else -1
        if found >= 0:
            return found, found + len(bare)
    return None
