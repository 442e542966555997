"""The product's result: an answer with its citations, or the honest absence of one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

# From this confidence a withheld answer is shown as a possible one. Of people's questions withheld above it, the
# documents answer 86 % (English 76 of 89, Chinese 99 of 114), and the withheld quote was right for half (48, 56):
# "not in your documents" would be untrue. Of those below it, 69 % and 74 % have no answer.
POSSIBLE = 0.4


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote and where it stands: `stored_text[start:end] == quote`.

    Attributes:
        page: 1-based, None where the format has no pages.
        score: the passage's retrieval score, 0..1.
        sentence: what the quote stands in: its sentence (or sentences), its row of a table, or, for a question that
            asks for steps or items, its whole list. `stored_text[sentence_start:sentence_end] == sentence`.
        heading_path: the headings that the quote stands under, outermost first.
        table_header: the header of the table whose row `sentence` is, where the row does not name its columns itself.
    """

    source: str
    document_id: str
    chunk_id: str
    start: int
    end: int
    quote: str
    page: int | None
    score: float
    sentence: str
    sentence_start: int
    sentence_end: int
    heading_path: tuple[str, ...] = ()
    table_header: str | None = None


@dataclass(frozen=True, slots=True)
class QuotedAnswer:
    """One answer to a question; documents that disagree give several.

    Attributes:
        text: the bare quotes, one a line; what a chat model wrote around its quotes, if it wrote any.
        confidence: calibrated probability that it is right, 0..1.
        citations: its quotes.
        also_in: quotes of other passages that say the same.
    """

    text: str
    confidence: float
    citations: tuple[Citation, ...]
    also_in: tuple[Citation, ...] = ()

    @property
    def is_quote(self) -> bool:
        """Whether the text is the quotes and nothing else."""
        return self.text == "\n".join(c.quote for c in self.citations)


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage, as shown to the person; `source_name` is what its source is called there."""

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
    source_name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What `build_chain` returns.

    Attributes:
        answer: the best answer's text, or the sentence that says that the documents do not say.
        answered: False means "not in your documents": `answers` is empty and `passages` are only the nearest ones.
        confidence: calibrated probability that the best answer is right, 0..1; for a withheld answer, that of the
            answer that was withheld.
        answers: the best answer and those that differ from it.
        withheld: the best quote when it was not good enough to be given as an answer, else None.
        possible: the same with its place, from a confidence of `POSSIBLE`: to be looked at, not to be believed.
        standalone_question: the question that was searched for, after the history was taken in.
        small_talk: the message was thanks or a greeting; `answer` is a friendly sentence, and nothing was searched.
    """

    question: str
    answer: str
    answered: bool
    confidence: float
    answers: tuple[QuotedAnswer, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    withheld: str | None = None
    standalone_question: str = ""
    small_talk: bool = False
    possible: QuotedAnswer | None = None

    @property
    def shown(self) -> tuple[QuotedAnswer, ...]:
        """What is shown with its place: the answers; without any, the possible one."""
        return self.answers or ((self.possible,) if self.possible is not None else ())

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Those of all answers, each followed by the places that say the same."""
        return tuple(c for a in self.answers for c in (*a.citations, *a.also_in))

    def to_dict(self) -> dict[str, Any]:
        """The stable JSON form, as `rag ask --json` prints it; `answers` name their citations by index.

        `small_talk` is there, and true, only when nothing was searched; `possible` only when there is such an answer.
        """
        numbers = iter(range(len(self.citations)))
        answers = [
            {
                "answer": a.text,
                "confidence": round(a.confidence, 4),
                "citations": list(islice(numbers, len(a.citations))),
                "also_in": list(islice(numbers, len(a.also_in))),
            }
            for a in self.answers
        ]
        return {
            "question": self.question,
            "answer": self.answer,
            "answered": self.answered,
            "confidence": round(self.confidence, 4),
            "answers": answers,
            "citations": [asdict(c) for c in self.citations],
            "timings_ms": {k: round(v, 1) for k, v in self.timings_ms.items()},
            "usage": dict(self.usage),
            **({"small_talk": True} if self.small_talk else {}),
            **({"possible": _possible(self.possible)} if self.possible is not None else {}),
        }


def _possible(answer: QuotedAnswer) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
        "citations": [asdict(c) for c in answer.citations],
    }
