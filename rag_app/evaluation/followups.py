"""`rag eval followups`: are the right questions completed, and as people would complete them?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from model.metrics import f1
from rag_app.followups.rewriter import Rewriter, RuleRewriter
from rag_app.followups.rows import Row
from rag_app.history import standalone_after

_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Completion:
    """One row and what became of its question."""

    row: Row
    judged_dependent: bool
    standalone: str


def complete(rows: Sequence[Row], *, quiet: bool, rewriter: Rewriter | None = None) -> list[Completion]:
    """Judge the question of every row and complete it, by rule unless another rewriter is given."""
    rewriter = rewriter or RuleRewriter()
    return [
        Completion(
            r, rewriter.depends(r.question, r.turns), standalone_after(r.question, r.turns, rewriter=rewriter)
        )
        for r in tqdm(rows, unit="q", disable=quiet)
    ]


def report(completions: Sequence[Completion]) -> dict[str, Any]:
    """Rates of one group of rows, 0..1; None where there is nothing to measure.

    `gate` is the share of rows judged as labelled; `f1` is token F1 (characters for Chinese) to the person's rewriting,
    for dependent rows: of ours, of the question as asked, and of the last question with the asked one behind it;
    `put_in` is how many of the words that the person put in are put in, and how many of those put in the person used.
    """
    dependent = [c for c in completions if c.row.dependent]
    independent = [c for c in completions if not c.row.dependent]
    found: dict[str, Any] = {
        "n": len(completions),
        "gate": _mean([c.judged_dependent == c.row.dependent for c in completions]),
        "dependent_found": _mean([c.judged_dependent for c in dependent]),
        "independent_unchanged": _mean([c.standalone == c.row.question for c in independent]),
    }
    if dependent:
        put_in = [_put_in(c) for c in dependent]
        found["f1"] = {
            "ours": _mean([f1(c.standalone, c.row.standalone, c.row.lang) for c in dependent]),
            "as_asked": _mean([f1(c.row.question, c.row.standalone, c.row.lang) for c in dependent]),
            "joined": _mean([
                f1(f"{c.row.turns[-1].question} {c.row.question}", c.row.standalone, c.row.lang) for c in dependent
            ]),
        }
        found["put_in"] = {
            "recall": _ratio(sum(p[0] for p in put_in), sum(p[1] for p in put_in)),
            "precision": _ratio(sum(p[0] for p in put_in), sum(p[2] for p in put_in)),
        }
    return found


def _put_in(c: Completion) -> tuple[int, int, int]:
    """Words beside the question's own: put in by both, by the person, by us."""
    own = Counter(_WORD.findall(c.row.question.lower()))
    person = Counter(_WORD.findall(c.row.standalone.lower())) - own
    ours = Counter(_WORD.findall(c.standalone.lower())) - own
    return (person & ours).total(), person.total(), ours.total()


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
