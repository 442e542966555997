"""`rag eval answers`: questions with reference answers, asked end to end or of the reader alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil
from tqdm import tqdm

from model.json_lines import DataError, read_lines
from model.metrics import RIGHT, auroc, best, exact_match, expected_calibration_error, f1
from model.reader.answering import Answerer
from model.reader.prompt import Turn
from model.text.language import Language, language_of

Mode = Literal["end-to-end", "reader"]


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the file.

    `counterfactual`: its passage was changed so that the answer is untrue in the world; `history`: earlier questions
    with their answers, oldest first.
    """

    id: str
    question: str
    context: str
    title: str
    answers: tuple[str, ...]
    lang: Language
    kind: str
    counterfactual: bool = False
    history: tuple[Turn, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether there is a reference answer."""
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """What happened to one question.

    Attributes:
        candidate: the best answer with the threshold off.
        rank: 1-based rank of the right document among the retrieved ones, None if it is not there or in reader mode.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    lang: Language
    kind: str
    candidate: str
    answered: bool
    confidence: float
    f1: float
    exact_match: float
    rank: int | None
    latency_ms: float

    @property
    def right(self) -> bool:
        """Answerable and answered well enough."""
        return bool(self.answers) and self.f1 >= RIGHT


def read_questions(path: Path) -> tuple[list[Question], dict[str, str]]:
    """Questions of a JSON-lines file, and every distinct context with its title.

    Raises:
        DataError: the file or a line cannot be used.
    """
    questions: list[Question] = []
    contexts: dict[str, str] = {}
    for number, row in enumerate(read_lines(path), 1):
        context = row.get("context")
        if not isinstance(context, str) or not context.strip():
            raise DataError(f'{path}, row {number}: "context" is missing or empty')
        contexts.setdefault(context, str(row.get("title") or ""))
        asked = str(row.get("question") or "").strip()
        if not asked:
            continue
        where = f"{path}, row {number}"
        answers = () if row.get("is_impossible") else _answers(row.get("answers"), where)
        if row.get("all_answers") and answers:
            answers = ("\n".join(answers),)
        lang: Language = row["lang"] if row.get("lang") in ("en", "zh") else language_of(asked)
        questions.append(
            Question(
                str(row.get("id", number)),
                asked,
                context,
                contexts[context],
                answers,
                lang,
                str(row.get("type", "")),
                bool(row.get("counterfactual")),
                _history(row.get("history"), where),
            )
        )
    if not questions:
        raise DataError(f"{path} holds no question")
    return questions, contexts


def _answers(given: object, where: str) -> tuple[str, ...]:
    """A list of strings, or SQuAD's `{"text": [...]}`."""
    if isinstance(given, dict):
        given = given.get("text")
    if given is None:
        return ()
    if not isinstance(given, list) or any(not isinstance(a, str) for a in given):
        raise DataError(f'{where}: "answers" must be a list of strings')
    return tuple(a for a in given if a)


def _history(given: object, where: str) -> tuple[Turn, ...]:
    """A list of [question, answer]."""
    if given is None:
        return ()
    if not isinstance(given, list) or any(
        not isinstance(t, list) or len(t) != 2 or any(not isinstance(part, str) for part in t) for t in given
    ):
        raise DataError(f'{where}: "history" must be a list of [question, answer]')
    return tuple((question, answer) for question, answer in given)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was said to one question; `documents` are the retrieved ones, best first."""

    candidate: str
    answered: bool
    confidence: float
    documents: tuple[str, ...] = ()


def reply_to(
    answerer: Answerer,
    question: str,
    passages: Sequence[str],
    priors: Sequence[float] | None = None,
    *,
    headings: Sequence[str] | None = None,
    history: Sequence[Turn] = (),
) -> Reply:
    """Give the reader passages, and what a retriever thinks of them, and take its best answer."""
    verdict, _ = answerer.answer(question, passages, priors=priors, headings=headings, history=history)
    if verdict is None:
        return Reply("", False, 0.0)
    return Reply("\n".join(q.text for q in verdict.reading.quotes), verdict.answered, verdict.confidence)


def ask_reader(answerer: Answerer, question: Question) -> Reply:
    """Give the reader the right context and nothing else."""
    return reply_to(
        answerer, question.question, [question.context], headings=[question.title], history=question.history
    )


def run(
    questions: Sequence[Question],
    ask: Callable[[Question], Reply],
    right_document: Callable[[Question], str | None],
    *,
    quiet: bool,
) -> list[AskedQuestion]:
    """Ask every question and compare with its references."""
    outcomes = []
    for question in tqdm(questions, desc="asking", unit="q", disable=quiet):
        started = time.perf_counter()
        reply = ask(question)
        latency = 1000 * (time.perf_counter() - started)
        wanted = right_document(question)
        order = list(dict.fromkeys(reply.documents))
        outcomes.append(
            AskedQuestion(
                question.id,
                question.question,
                question.answers,
                question.lang,
                question.kind,
                reply.candidate,
                reply.answered,
                reply.confidence,
                best(f1, reply.candidate, question.answers, question.lang),
                best(exact_match, reply.candidate, question.answers, question.lang),
                order.index(wanted) + 1 if wanted in order else None,
                latency,
            )
        )
    return outcomes


def report(outcomes: Sequence[AskedQuestion], mode: Mode) -> dict[str, Any]:
    """The metrics, fractions in 0..1; None where there is nothing to measure (or, in reader mode, to retrieve)."""
    answerable = [o for o in outcomes if o.answers]
    given = [o for o in outcomes if o.answered]
    right = [o.right for o in outcomes]
    confidences = [o.confidence for o in outcomes]
    latency = [o.latency_ms for o in outcomes]
    retrieves = mode == "end-to-end"
    return {
        "n": len(outcomes),
        "f1": _mean([o.f1 for o in answerable]),
        "exact_match": _mean([o.exact_match for o in answerable]),
        "recall_at_1": _mean([o.rank == 1 for o in outcomes]) if retrieves else None,
        "recall_at_5": _mean([o.rank is not None and o.rank <= 5 for o in outcomes]) if retrieves else None,
        "answered_rate": _mean([o.answered for o in outcomes]),
        "answered_of_answerable": _mean([o.answered for o in answerable]),
        "answered_of_others": _mean([o.answered for o in outcomes if not o.answers]),
        "precision_answered": _mean([o.right for o in given]),
        "auroc": _rounded(auroc(confidences, right)),
        "ece": _rounded(expected_calibration_error(confidences, right)),
        "f1_by_kind": {
            kind: _mean([o.f1 for o in answerable if o.kind == kind])
            for kind in sorted({o.kind for o in answerable if o.kind})
        },
        "latency_ms": {"p50": _percentile(latency, 50), "p95": _percentile(latency, 95)},
        "rss_mb": round(psutil.Process().memory_info().rss / 2**20, 1),
    }


def write_details(outcomes: Sequence[AskedQuestion], path: Path) -> None:
    """One JSON line a question."""
    with path.open("w", encoding="utf-8") as out:
        for outcome in outcomes:
            out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")


def read_details(path: Path) -> list[AskedQuestion]:
    """What `write_details` wrote.

    Raises:
        DataError: the file cannot be read, is empty, or was written by another version.
    """
    try:
        outcomes = [AskedQuestion(**{**row, "answers": tuple(row["answers"])}) for row in read_lines(path)]
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} was not written by `rag eval answers --details` ({error})") from error
    if not outcomes:
        raise DataError(f"{path} is empty: run `rag eval answers --details` again")
    return outcomes


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(sum(values) / len(values)) if values else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _percentile(values: Sequence[float], q: float) -> float:
    return round(float(np.percentile(values, q)), 1) if values else 0.0
