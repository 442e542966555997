"""Questions on passages that training never saw, as the product meets them: among what a retriever brings.

Each question is read once over its own passage and similar ones; cases choose among these readings. Every question is
asked of its passage among similar ones, a part of its passage alone (a library of one page), and a part only of similar
passages that do not hold the answer, where every quote is wrong.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.json_lines import read_lines
from model.language import Language
from model.training.examples import context_key, for_calibration, held_out
from model.training.recipe import Recipe
from model.training.similar_passages import SimilarPassages

PEOPLE = "docqa_"       # files of questions as people ask them about their documents: the product's main use
MOST_OTHERS = 600       # questions of all other files of a language, drawn evenly; bounds the time
PASSAGES = 8            # read at once: as many as the product reads
CANDIDATES = 50         # similar passages whose scores are scaled to 0..1: as many as each search of the product brings
ALONE = 0.5             # share of questions also asked of their passage alone
WITHOUT = 0.25          # share of questions also asked without it


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its own passage first and then similar wrong ones, and what a retriever would think of each.

    Attributes:
        group: equal for questions about one passage.
        people: whether it is one of the product's main use.
        answers: reference answers; empty: the passage does not say.
        priors: similarities above that of the last candidate.
    """

    lang: Language
    question: str
    group: str
    people: bool
    answers: tuple[str, ...]
    passages: tuple[str, ...]
    priors: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Which passages of a question are read, with their retrieval scores.

    Attributes:
        passages: indices into the question's passages.
        priors: 0..1; the best passage has 1, as min-max scores do.
        answers: empty: whatever is quoted is wrong.
    """

    passages: tuple[int, ...]
    priors: tuple[float, ...]
    answers: tuple[str, ...]


def cases(asked: Asked, rng: random.Random) -> Iterator[Case]:
    """The cases of one question; random numbers choose which kinds."""
    def case(chosen: Sequence[int], answers: tuple[str, ...]) -> Case:
        # Scaled here: in a library without the right passage another one is the best hit.
        highest = max(asked.priors[i] for i in chosen)
        return Case(tuple(chosen), tuple(asked.priors[i] / highest if highest else 1.0 for i in chosen), answers)

    others = range(1, len(asked.passages))
    yield case((0, *others[:PASSAGES - 1]), asked.answers)
    if rng.random() < ALONE:
        yield case((0,), asked.answers)
    if others and rng.random() < WITHOUT:
        yield case(others[:PASSAGES], ())


def questions(recipe: Recipe, data: Path, lang: Language) -> list[Asked]:
    """Calibration questions of one language.

    Raises:
        DataError: a file of the recipe cannot be read.
    """
    rng = random.Random(recipe.seed)
    files = {name: rows for name, rows in _rows(recipe, data, lang).items() if rows}
    pool = {row["context"]: row.get("title") for rows in files.values() for row in rows}
    if not pool:
        return []
    quota = math.ceil(MOST_OTHERS / max(1, sum(PEOPLE not in name for name in files)))
    chosen = [
        (PEOPLE in name, row) for name, rows in files.items()
        for row in (rows if PEOPLE in name else rng.sample(rows, min(len(rows), quota)))
    ]
    ranked = SimilarPassages(sorted(pool), lang).search([row["question"] for _, row in chosen], len(pool))
    return [_asked(lang, people, row, hits, pool) for (people, row), hits in zip(chosen, ranked, strict=True)]


def _rows(recipe: Recipe, data: Path, lang: Language) -> dict[str, list[dict[str, Any]]]:
    """Usable rows of every training file; a question that several files repeat is taken once."""
    exclude = held_out(data / name for name in recipe.held_out)
    seen: set[tuple[str, str]] = set()
    found: dict[str, list[dict[str, Any]]] = {}
    for name in dict.fromkeys(share.file for stage in recipe.stages for share in stage.files):
        found[name] = []
        for row in read_lines(data / name):
            context, question = row.get("context"), row.get("question")
            if row.get("lang", "en") != lang or not context or not question:
                continue
            key = context_key(context)
            answerable = any(a in context for a in row.get("answers") or ())
            if (
                for_calibration(context, recipe.calibration_share) and key not in exclude
                and (row.get("is_impossible") or answerable) and (key, question) not in seen
            ):
                seen.add((key, question))
                found[name].append(row)
    return found


def _asked(
    lang: Language, people: bool, row: dict[str, Any], hits: Sequence[tuple[str, float]], pool: dict[str, Any]
) -> Asked:
    context, title = row["context"], row.get("title")
    answers = () if row.get("is_impossible") else tuple(row["answers"])
    low = hits[min(CANDIDATES, len(hits)) - 1][1]

    def wrong(passage: str) -> bool:
        if not answers:     # another passage of the same document might say what this one does not
            return not title or pool[passage] != title
        return not any(a.lower() in passage.lower() for a in answers)

    others = [(p, s) for p, s in hits if p != context and wrong(p)][:PASSAGES]
    own = dict(hits)[context]
    return Asked(
        lang, row["question"], context_key(context), people, answers,
        (context, *(p for p, _ in others)), (max(0.0, own - low), *(max(0.0, s - low) for _, s in others)),
    )
