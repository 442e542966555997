"""`rag eval grounding`: do answers come from the passage? Change it, take the answer out, give only other passages.

The reader alone is asked, at its operating point; retrieval has no part in it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tqdm import tqdm

from model.json_lines import DataError
from model.metrics import RIGHT, best, f1
from model.reader.answering import Answerer
from model.text.language import Language
from model.text.sentences import sentence_spans
from model.training.examples import for_calibration
from model.training.recipe import Recipe
from model.training.synthetic.similar_passages import SimilarPassages
from rag_app.evaluation.answers import Question, Reply, ask_reader, reply_to
from rag_app.evaluation.intervals import bootstrap, rate
from rag_app.evaluation.swapped_answers import Swap, swap_answers
from rag_app.retrieval.fusion import normalize

PASSAGES = 8  # wrong passages given at once: as many as the product reads
CANDIDATES = 50  # similar passages whose scores are scaled to 0..1: as many as each search of the product brings


@dataclass(frozen=True, slots=True)
class ChangedReading:
    """One question before and after something was done to its passage.

    Attributes:
        test: "swap", "removal" or "wrong_passages".
        before: reply to the unchanged passage; None where there is none (a file of changed passages).
        before_right: whether the unchanged passage was answered rightly, threshold off.
        after_right: whether the changed passage was, threshold off; False where it holds no answer.
    """

    test: str
    lang: Language
    before: Reply | None
    before_right: bool
    after: Reply
    after_right: bool


def unseen(questions: Sequence[Question], name: str, recipe: Recipe) -> list[Question]:
    """Questions whose contexts training never saw: of a file that the recipe trains on, those that it reserves.

    Raises:
        DataError: there are none.
    """
    before: Recipe | None = recipe
    trained: set[str] = set()
    while before is not None:
        trained |= {Path(share.file).name for stage in before.stages for share in stage.files}
        before = before.after
    if name not in trained:
        return list(questions)
    found = [q for q in questions if for_calibration(q.context, recipe.calibration_share)]
    if not found:
        raise DataError(f"{name}: the recipe trains on it and reserves none of its contexts; use another file")
    return found


def ask_changed(
    answerer: Answerer, questions: Sequence[Question], limit: int | None, *, quiet: bool
) -> list[ChangedReading]:
    """Run all tests on the questions of one file.

    Args:
        answerer: the reader under test.
        questions: of one file; those that are not answerable are passed over. On `counterfactual` ones, whose
            passages already are changed, only the swap is tested.
        limit: ask about so many questions, drawn with a fixed seed; None: about all.
        quiet: no progress bar on stderr.
    """
    answerable = [q for q in questions if q.answerable]
    chosen = answerable
    if limit is not None and limit < len(answerable):
        chosen = random.Random(0).sample(answerable, limit)
    # Replacements come from all questions of the file, so that a limit does not make them scarce.
    swaps = {s.question: s for s in swap_answers([q for q in answerable if not q.counterfactual])}
    others = _others(answerable, set(chosen))
    found: list[ChangedReading] = []
    for q in tqdm(chosen, desc="asking", unit="q", disable=quiet):
        if q.counterfactual:
            reply = ask_reader(answerer, q)
            found.append(ChangedReading("swap", q.lang, None, False, reply, _right(reply, q.answers, q.lang)))
            continue
        before = ask_reader(answerer, q)
        right = _right(before, q.answers, q.lang)
        if q in swaps:
            found.append(_swapped(answerer, swaps[q], before, right))
        rest = without_answer(q.context, q.answers)
        if rest is not None:
            after = reply_to(answerer, q.question, [rest], headings=[q.title], history=q.history)
            found.append(ChangedReading("removal", q.lang, before, right, after, after_right=False))
        if q in others:
            passages = dict(others[q])
            after = reply_to(answerer, q.question, list(passages), list(passages.values()), history=q.history)
            found.append(ChangedReading("wrong_passages", q.lang, before, right, after, after_right=False))
    return found


def _swapped(answerer: Answerer, swap: Swap, before: Reply, right: bool) -> ChangedReading:
    lang = swap.question.lang
    q = swap.question
    after = reply_to(answerer, q.question, [swap.context], headings=[q.title], history=q.history)
    follows = swap.new in after.candidate and _right(after, swap.answers, lang)
    return ChangedReading("swap", lang, before, right and swap.old in before.candidate, after, follows)


def _right(reply: Reply, answers: Sequence[str], lang: Language) -> bool:
    return best(f1, reply.candidate, answers, lang) >= RIGHT


def without_answer(context: str, answers: Sequence[str]) -> str | None:
    """The passage without the sentences that hold any part of an answer; None if that is nothing or all of it."""
    cut = [
        (start, start + len(answer))
        for answer in answers
        if answer
        for start in range(len(context))
        if context.startswith(answer, start)
    ]
    sentences = list(sentence_spans(context))
    told = [any(a < end and start < z for start, end in cut) for a, z in sentences]
    if all(told) or not any(told):
        return None
    starts = [a for a, _ in sentences] + [len(context)]
    return "".join(context[starts[i] : starts[i + 1]] for i, t in enumerate(told) if not t).strip()


def _others(questions: Sequence[Question], keep: set[Question]) -> dict[Question, list[tuple[str, float]]]:
    """For each question the most similar other passages without its answer, with a retriever's scores."""
    found: dict[Question, list[tuple[str, float]]] = {}
    for lang, group in groupby(sorted(questions, key=lambda q: q.lang), key=lambda q: q.lang):
        mine = list(group)
        contexts = list(dict.fromkeys(q.context for q in mine))
        asked = [q for q in mine if q in keep and not q.counterfactual]
        ranked = SimilarPassages(contexts, lang).search([q.question for q in asked], CANDIDATES)
        for q, hits in zip(asked, ranked, strict=True):
            scores = normalize(hits)
            wrong = [
                (p, scores[p]) for p, _ in hits if p != q.context and not any(a.lower() in p.lower() for a in q.answers)
            ]
            if wrong:
                found[q] = wrong[:PASSAGES]
    return found


def report(changes: Iterable[ChangedReading]) -> dict[str, Any]:
    """Rates of each test with their 95 % intervals.

    `answered_before` and `answered_after` are shares of questions answered at the operating point. A reader that
    refuses everything passes the refusals, so read them beside `answered_before`.
    """
    rows = list(changes)
    swap, removal, wrong = ([c for c in rows if c.test == t] for t in ("swap", "removal", "wrong_passages"))
    return {
        "swap": {
            "follows": rate([c.after_right for c in swap]),
            "right_before": rate([c.before_right for c in swap if c.before is not None]),
            "follows_if_right_before": rate([c.after_right for c in swap if c.before_right]),
            "answered_after": rate([c.after.answered for c in swap]),
        },
        "removal": {
            **_refusals(removal),
            "confidence_fell": rate([c.after.confidence < c.before.confidence for c in removal if c.before]),
            "mean_confidence_fall": _mean_fall(removal),
        },
        "wrong_passages": _refusals(wrong),
    }


def _refusals(changes: Sequence[ChangedReading]) -> dict[str, Any]:
    return {
        "answered_before": rate([c.before is not None and c.before.answered for c in changes]),
        "refused": rate([not c.after.answered for c in changes]),
        "refused_if_answered_before": rate(
            [not c.after.answered for c in changes if c.before is not None and c.before.answered]
        ),
    }


def _mean_fall(changes: Sequence[ChangedReading]) -> dict[str, float | int | None]:
    falls = [c.before.confidence - c.after.confidence for c in changes if c.before is not None]
    interval = bootstrap(falls, lambda drawn: sum(drawn) / len(drawn))
    return {
        "n": len(falls),
        "mean": round(sum(falls) / len(falls), 4) if falls else None,
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
    }
