"""How far a reader is trusted with follow-ups: `python -m rag_app.followups.training_gpt --reader R --data DIR`.

Writes `follow_ups.json` into the reader's folder (`gpt_rewriter`). DIR holds the question files named below. Questions
that stand alone are over passages that readers are not trained on (the calibration share of their recipes). Of the
dependent ones the reader has seen CANARD's first 80 % and followup_train, not `benchmarks/followups/zh_train.jsonl`:
only the latter show whether it knows dependent questions that are new to it, so that in English the gate decides alone.
Nothing that measures the product is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from model.grounded import GroundedReader
from model.json_lines import read_lines
from model.language import Language
from model.metrics import f1
from model.reading import Reading
from model.training.examples import for_calibration
from rag_app.followups.conversation import Turn
from rag_app.followups.gate import is_small_talk, judge, shipped_weights
from rag_app.followups.gpt_rewriter import FILE, GPTRewriter, Limits, Reads, in_doubt, log_odds, meant, together
from rag_app.followups.made import independent
from rag_app.followups.rewriter import has_pronoun, put_in
from rag_app.followups.rows import Row, part_of, read_rows
from rag_app.followups.training import names_title
from rag_app.history import standalone_after
from rag_app.reader import words_of

_SHARE = 0.04               # of contexts kept from training by the readers' recipes
_SILENCE = (0.0, 0.3, 0.6, 1.0)
_EVIDENCE = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)
_LEAST_GAIN = 0.005         # token F1, or share of questions left unchanged: for less, the rules alone decide
_EVERY = 12                 # of CANARD's rows
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the gate's probability that it depends, and what the reader quotes for it; None: nothing was said."""

    row: Row
    probability: float
    reading: Reading | None
    by_rule: str
    by_reader: str


def cases(reader: Reads, rows: Sequence[Row], *, quiet: bool) -> list[Case]:
    """Read every row, its earlier questions completed by rule."""
    rewriter = GPTRewriter(reader, {})
    found: list[Case] = []
    for row in tqdm(rows, unit="q", disable=quiet):
        turns = [Turn(standalone_after(t.question, row.turns[:i]), t.answer) for i, t in enumerate(row.turns)]
        reading, passage = rewriter.read(row.question, turns)
        quoted = meant(reading, passage, row.question) if reading is not None else ()
        by_rule = put_in(row.question, turns)
        by_reader = put_in(row.question, turns, quoted) if quoted else by_rule
        found.append(Case(row, judge(row.question, turns).probability, reading, by_rule, by_reader))
    return found


def fit(dependent: Sequence[Case], unseen: Sequence[Case], alone: Sequence[Case], lang: Language) -> Limits:
    """Limits of one language: as many dependent questions are found as by the gate alone, and fewer others changed.

    Args:
        dependent: questions that people completed.
        unseen: those of them that the reader was not trained on; without such the gate decides alone.
        alone: questions that stand alone.
        lang: their language.
    """
    silence, threshold = 0.0, log_odds(shipped_weights()[lang].threshold)
    found = sum(c.probability > shipped_weights()[lang].threshold for c in unseen)
    best = float(np.mean([c.probability <= shipped_weights()[lang].threshold for c in alone])) + _LEAST_GAIN
    for weight in _SILENCE[1:]:
        doubtful = [_together(c, weight) for c in unseen if in_doubt(c.probability, lang)]
        for least in sorted(doubtful, reverse=True):
            limits = Limits(None, None, weight, least - 0.001)
            if sum(depends(c, limits, lang) for c in unseen) >= found:
                break
        else:
            continue
        unchanged = float(np.mean([not depends(c, limits, lang) for c in alone]))
        if unchanged >= best:
            silence, threshold, best = weight, limits.threshold, unchanged
    return Limits(
        _least_evidence([c for c in dependent if has_pronoun(c.row.question, c.row.turns)]),
        _least_evidence([c for c in dependent if not has_pronoun(c.row.question, c.row.turns)]),
        silence, round(threshold, 3),
    )


def depends(case: Case, limits: Limits, lang: Language) -> bool:
    """As `GPTRewriter.depends` judges a case."""
    if not limits.silence or case.reading is None or not in_doubt(case.probability, lang):
        return case.probability > shipped_weights()[lang].threshold
    return _together(case, limits.silence) > limits.threshold


def _together(case: Case, silence: float) -> float:
    odds = log_odds(case.probability)
    return odds if case.reading is None else together(odds, case.reading, silence)


def _least_evidence(found: Sequence[Case]) -> float | None:
    """The evidence from which the reader's quotes complete questions best; None: the rules do as well."""
    if not found:
        return None
    best = _agreement(found, lambda c: c.by_rule) + _LEAST_GAIN
    chosen = None
    for least in _EVIDENCE:
        value = _agreement(found, partial(_completed, least=least))
        if value >= best:
            best, chosen = value, least
    return chosen


def _completed(case: Case, least: float | None) -> str:
    return case.by_rule if least is None or _evidence(case) < least else case.by_reader


def _evidence(case: Case) -> float:
    return -99.0 if case.reading is None else case.reading.evidence


def _agreement(found: Sequence[Case], completed: Callable[[Case], str]) -> float:
    """Mean token F1 with people's completions."""
    return float(np.mean([f1(completed(c), c.row.standalone, c.row.lang) for c in found])) if found else 0.0


def measured(limits: Limits, dependent: Sequence[Case], alone: Sequence[Case], lang: Language) -> dict[str, float]:
    """Shares and token F1 on the very cases that the limits were fitted on."""
    def completed(c: Case) -> str:
        pronoun = has_pronoun(c.row.question, c.row.turns)
        return _completed(c, limits.for_pronouns if pronoun else limits.for_omissions)

    gate = shipped_weights()[lang].threshold
    shares = {
        "dependent": float(len(dependent)), "standing_alone": float(len(alone)),
        "dependent_found": float(np.mean([depends(c, limits, lang) for c in dependent])),
        "dependent_found_by_gate": float(np.mean([c.probability > gate for c in dependent])),
        "unchanged": float(np.mean([not depends(c, limits, lang) for c in alone])),
        "unchanged_by_gate": float(np.mean([c.probability <= gate for c in alone])),
        "f1": _agreement(dependent, completed),
        "f1_by_rule": _agreement(dependent, lambda c: c.by_rule),
        "f1_by_reader": _agreement(dependent, lambda c: c.by_reader),
    }
    return {k: round(v, 4) for k, v in shares.items()}


def rows_of(data: Path, lang: Language) -> tuple[list[Row], list[Row], list[Row]]:
    """Dependent questions that readers are trained on, others, and questions that stand alone.

    Raises:
        DataError: a file is missing or damaged.
    """
    dependent = [r for r in read_rows(data / "followup_train.jsonl.xz") if r.lang == lang]
    unseen: list[Row] = []
    if lang == "zh":
        unseen = list(read_rows(_ROOT / "benchmarks/followups/zh_train.jsonl"))
        titled = data / "cmrc2018_train.zh.jsonl.xz"
    else:
        dependent += part_of(list(read_rows(data / "canard_dev.rewrite.en.jsonl.xz")), "first")[::_EVERY]
        titled = data / "squad_train_44articles.en.jsonl.xz"
    documents = data / f"docqa_train.{lang}.jsonl.xz"
    kept = {str(r.get("id")) for r in read_lines(documents) if for_calibration(str(r["context"]), _SHARE)}
    titles = {
        str(r.get("id")): str(r.get("title", "")) for r in read_lines(titled)
        if for_calibration(str(r["context"]), _SHARE)
    }
    alone = [r for same in (False, True) for r in independent(documents, same_passage=same, seed=9) if r.id in kept]
    alone += [
        r for r in independent(titled, same_passage=False, seed=9)
        if r.id in titles and names_title(r.question, titles[r.id])
    ]
    seen, new = ([r for r in rows if r.dependent and not is_small_talk(r.question)] for rows in (dependent, unseen))
    return seen, new, alone


@click.command()
@click.option("--reader", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder of a reader that was trained to complete follow-ups.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder with followup_train.jsonl.xz and the other question files.")
def main(reader: Path, data: Path) -> None:
    """Measure a reader on follow-ups and write how far it is trusted into its folder."""
    loaded = GroundedReader.load(reader, words_of)
    stored: dict[str, dict[str, object]] = {"limits": {}, "measured": {}}
    languages: tuple[Language, Language] = ("en", "zh")
    for lang in languages:
        seen, unseen, alone = (cases(loaded, rows, quiet=False) for rows in rows_of(data, lang))
        limits = fit([*seen, *unseen], unseen, alone, lang)
        stored["limits"][lang] = asdict(limits)
        stored["measured"][lang] = measured(limits, [*seen, *unseen], alone, lang)
    (reader / FILE).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(stored, indent=1))


if __name__ == "__main__":
    main()
