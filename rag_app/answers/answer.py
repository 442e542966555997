"""The product's result: an answer with its citations, or the honest absence of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Literal

UnprovenKind = Literal["words", "quotation", "number"]


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
        date: where documents disagree, the date that this one carries, else the day on which its file was changed:
            `2025`, `2025-03` or `2025-03-01`.
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
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Unproven:
    """A run of what a chat model wrote that stands in no passage that it read: `answer.text[start:end]`.

    Attributes:
        kind: "words": the model's own. "quotation": in quotation marks, as if it were copied. "number": of a passage
            in which the quotation before it does not stand; another one has it.
    """

    start: int
    end: int
    kind: UnprovenKind


@dataclass(frozen=True, slots=True)
class QuotedAnswer:
    """One answer to a question; documents that disagree give several.

    Attributes:
        text: the bare quotes, one a line; what a chat model wrote around its quotes, if it wrote any.
        confidence: calibrated probability that it is right, 0..1.
        citations: its quotes.
        also_in: quotes of other passages that say the same.
        unproven: runs of the text that were not found in the documents, in order; none if the text is the quotes.
        question: the part of the message that it answers, where the message asked several things; else "".
    """

    text: str
    confidence: float
    citations: tuple[Citation, ...]
    also_in: tuple[Citation, ...] = ()
    unproven: tuple[Unproven, ...] = ()
    question: str = ""

    @property
    def is_quote(self) -> bool:
        """Whether the text is the quotes and nothing else."""
        return self.text == "\n".join(c.quote for c in self.citations)

    def marked(self, notes: Mapping[UnprovenKind, str]) -> str:
        """The text with a note in angle brackets behind each unproven run of a kind that has one."""
        text, at = "", 0
        for run in self.unproven:
            if run.kind in notes:
                text += f"{self.text[at : run.end]} ⟨{notes[run.kind]}⟩"
                at = run.end
        return text + self.text[at:]


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
        answer: the best answer's text, invented quotations in it called so; or the sentence that says that the
            documents do not say.
        answered: False means "not in your documents": `answers` is empty and `passages` are only the nearest ones.
        confidence: calibrated probability that the best answer is right, 0..1; for a withheld answer, that of the
            answer that was withheld.
        answers: the best answer and those that differ from it, that of the newest document first where all have a
            date; then answers to further questions of the message.
        withheld: the best quote when it was not good enough to be given as an answer, else None.
        possible: the same with its place, where it may well be right: to be looked at, not to be believed.
        searched_for: the question as it was searched for: as typed, without a greeting before it.
        small_talk: the message was thanks, a greeting or a question about this program; `answer` replies to that, and
            nothing was searched, or, where `passages` are there, nothing that answers was found.
        question_read: the part of a long question that was read, if not all was, else None.
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
    searched_for: str = ""
    small_talk: bool = False
    possible: QuotedAnswer | None = None
    question_read: str | None = None

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

        `small_talk` is there, and true, only when nothing was searched; `possible` only when there is such an answer,
        `unproven` only when a chat model wrote something that was not found, an answer's `question` only when the
        message asked several, `question_read` only when not all was read.
        """
        numbers = iter(range(len(self.citations)))
        answers = [
            {
                "answer": a.text,
                "confidence": round(a.confidence, 4),
                "citations": list(islice(numbers, len(a.citations))),
                "also_in": list(islice(numbers, len(a.also_in))),
                **({"unproven": [_unproven(a, run) for run in a.unproven]} if a.unproven else {}),
                **({"question": a.question} if a.question else {}),
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
            **({"question_read": self.question_read} if self.question_read is not None else {}),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Answer:
        """The answer that `to_dict` stored, without its passages and what was withheld, which are not stored.

        Raises:
            KeyError, TypeError, ValueError: this is not what `to_dict` returns.
        """
        citations = [_citation(c) for c in stored["citations"]]
        answers = tuple(
            QuotedAnswer(
                text=a["answer"],
                confidence=a["confidence"],
                citations=tuple(citations[i] for i in a["citations"]),
                also_in=tuple(citations[i] for i in a["also_in"]),
                unproven=tuple(Unproven(u["start"], u["end"], u["kind"]) for u in a.get("unproven", ())),
                question=a.get("question", ""),
            )
            for a in stored["answers"]
        )
        maybe = stored.get("possible")
        return cls(
            question=stored["question"],
            answer=stored["answer"],
            answered=stored["answered"],
            confidence=stored["confidence"],
            answers=answers,
            timings_ms=dict(stored["timings_ms"]),
            usage=dict(stored["usage"]),
            small_talk=stored.get("small_talk", False),
            possible=maybe
            and QuotedAnswer(maybe["answer"], maybe["confidence"], tuple(_citation(c) for c in maybe["citations"])),
            question_read=stored.get("question_read"),
        )


def _citation(stored: Mapping[str, Any]) -> Citation:
    return Citation(**{**stored, "heading_path": tuple(stored.get("heading_path") or ())})


def _possible(answer: QuotedAnswer) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
        "citations": [asdict(c) for c in answer.citations],
    }


def _unproven(answer: QuotedAnswer, run: Unproven) -> dict[str, Any]:
    return {**asdict(run), "text": answer.text[run.start : run.end]}
