"""Fit a reader's confidence on questions over passages that its training never saw.

Each question is asked twice: of its own passage alone, and of its passage among similar ones. A part is asked only of
similar passages that do not hold the answer, where every quote is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.answering import Answerer
from model.calibration import Calibration, LanguageCalibration, fit_language
from model.grounded import GroundedReader
from model.json_lines import read_lines
from model.language import Language
from model.metrics import RIGHT, auroc, best, expected_calibration_error, f1
from model.training.examples import context_key, for_calibration, held_out
from model.training.recipe import Recipe
from model.training.similar_passages import SimilarPassages

THRESHOLD = 0.4         # operating point: right answers minus wrong ones is largest here (model/LOG.md)
DISTRACTORS = 7         # similar passages beside the right one
WITHOUT_OWN = 0.25      # share of questions also asked only of similar passages
MOST_PER_FILE = 60      # questions of one file, so that no set dominates


@dataclass(frozen=True, slots=True)
class _Case:
    question: str
    passages: tuple[str, ...]
    answers: tuple[str, ...]    # empty: whatever is quoted is wrong


@dataclass(frozen=True, slots=True)
class Judged:
    """One calibration question after reading: for reports and plots."""

    lang: Language
    features: tuple[float, ...]
    right: bool


def calibrate(
    recipe: Recipe, data: Path, reader: GroundedReader, say: Callable[[str], None]
) -> tuple[Calibration, list[Judged]]:
    """Fit both languages.

    Returns:
        The calibration, and every judged question.
    """
    raw = LanguageCalibration((1.0, 0.0, 0.0, 0.0, 0.0), 0.0, THRESHOLD)
    answerer = Answerer(reader, Calibration({"en": raw, "zh": raw}))
    fitted: dict[Language, LanguageCalibration] = {}
    judged: list[Judged] = []
    languages: tuple[Language, ...] = ("en", "zh")
    for lang in languages:
        cases = list(_cases(recipe, data, lang))
        say(f"calibrating {lang}: {len(cases)} cases")
        mine = [_judge(answerer, case, lang) for case in cases]
        fitted[lang] = fit_language([j.features for j in mine], [j.right for j in mine], THRESHOLD)
        confidences = [fitted[lang].confidence(j.features) for j in mine]
        right = [j.right for j in mine]
        say(
            f"{lang}: {sum(right)} of {len(right)} right, AUROC {auroc(confidences, right):.3f}, "
            f"ECE {expected_calibration_error(confidences, right):.3f} (on the data it was fitted on)"
        )
        judged += mine
    return Calibration(fitted), judged


def _judge(answerer: Answerer, case: _Case, lang: Language) -> Judged:
    verdict, _ = answerer.answer(case.question, case.passages)
    if verdict is None:
        raise ValueError(f"no passage of {case.question!r} has a token")
    said = "\n".join(q.text for q in verdict.reading.quotes)
    return Judged(lang, verdict.features, best(f1, said, case.answers, lang) >= RIGHT)


def _cases(recipe: Recipe, data: Path, lang: Language) -> Iterator[_Case]:
    rng = random.Random(recipe.seed)
    exclude = held_out(data / name for name in recipe.held_out)
    names = list(dict.fromkeys(share.file for stage in recipe.stages for share in stage.files))
    rows = []
    for name in names:
        found = [
            row for row in read_lines(data / name)
            if row.get("lang", "en") == lang and row.get("question") and row.get("context")
            and for_calibration(row["context"], recipe.calibration_share)
            and context_key(row["context"]) not in exclude
            and (row.get("is_impossible") or any(a in row["context"] for a in row.get("answers") or ()))
        ]
        rows += rng.sample(found, min(len(found), MOST_PER_FILE))
    passages = sorted({row["context"] for row in rows})
    similar = SimilarPassages(passages, lang)
    for row, order in zip(rows, similar.rank([row["question"] for row in rows], DISTRACTORS + 6), strict=True):
        answers = () if row.get("is_impossible") else tuple(row["answers"])
        others = _without(order, row["context"], answers)
        yield _Case(row["question"], (row["context"],), answers)
        mixed = [row["context"], *others[:DISTRACTORS]]
        rng.shuffle(mixed)
        yield _Case(row["question"], tuple(mixed), answers)
        if others and rng.random() < WITHOUT_OWN:
            yield _Case(row["question"], tuple(others[:DISTRACTORS]), ())


def _without(order: Sequence[str], own: str, answers: Sequence[str]) -> list[str]:
    return [p for p in order if p != own and not any(a.lower() in p.lower() for a in answers)]
