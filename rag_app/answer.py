"""The product's result: an answer with its citations, or the honest absence of one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote and where it stands: `stored_text[start:end] == quote`.

    Attributes:
        score: the passage's retrieval score, 0..1.
        page: 1-based, None where the format has no pages.
    """

    source: str
    document_id: str
    chunk_id: str
    start: int
    end: int
    quote: str
    page: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage, as shown to the person."""

    source: str
    title: str
    document_id: str
    chunk_id: str
    start: int
    end: int
    text: str
    page: int | None
    heading_path: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What `build_chain` returns.

    Attributes:
        answered: False means "not in your documents": `citations` is empty and `passages` are only the nearest ones.
        confidence: calibrated probability that the answer is right, 0..1; for a withheld answer, that of the answer
            that was withheld.
        withheld: the best quote when it was not good enough to be given as an answer, else None.
        standalone_question: the question that was searched for, after the history was taken in.
    """

    question: str
    answer: str
    answered: bool
    confidence: float
    citations: tuple[Citation, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    withheld: str | None = None
    standalone_question: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The stable JSON form, as `rag ask --json` prints it."""
        return {
            "question": self.question,
            "answer": self.answer,
            "answered": self.answered,
            "confidence": round(self.confidence, 4),
            "citations": [asdict(c) for c in self.citations],
            "timings_ms": {k: round(v, 1) for k, v in self.timings_ms.items()},
            "usage": dict(self.usage),
        }
