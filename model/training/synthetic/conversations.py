"""Questions asked in the course of a conversation, over the passage that answers them.

Complete questions get turns before them that do not matter, so that these are ignored; questions of one passage are
shortened after another one, by rule (follow_ups_en.py, follow_ups_zh.py), so that what they leave out is found in the
conversation. The reader then answers follow-up questions as they are typed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.json_lines import DataError, read_lines
from model.reader.prompt import HEADING_SEPARATOR, MAX_TURNS, Turn
from model.training.examples import Example, answer_spans, context_key, for_calibration
from model.training.synthetic import follow_ups_en, follow_ups_zh

ENGLISH = ("docqa_train.en.jsonl.xz", "squad_train_44articles.en.jsonl.xz")  # files in `qa/`
CHINESE = ("docqa_train.zh.jsonl.xz", "cmrc2018_train.zh.jsonl.xz")
FILES = (*ENGLISH, *CHINESE)
SAME_PASSAGE = 0.6  # of the turns that do not matter are about the same passage or document
UNANSWERED = {"en": "That is not in your documents.", "zh": "您的文档里没有提到。"}
MAX_ANSWER = 160  # characters of an earlier answer
Row = dict[str, Any]


def turn_of(example: Example) -> Turn:
    """What was asked and answered."""
    if not example.quotes:
        return example.question, UNANSWERED["zh" if example.lang == "zh" else "en"]
    start, end = example.quotes[0]
    return example.question, example.passage[start : min(end, start + MAX_ANSWER)]


def after_other_turns(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """The same examples, a share of them after one or two turns about something else.

    Turns about the same passage are taken from its other questions; a follow-up keeps its own turns behind them.
    """
    rng = random.Random(seed)
    by_place: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    by_lang: defaultdict[str, list[Example]] = defaultdict(list)
    for e in examples:
        if not e.history:
            by_place[_place(e)].append(e)
            by_lang[e.lang].append(e)
    found: list[Example] = []
    for e in examples:
        if rng.random() >= share or len(e.history) >= MAX_TURNS:
            found.append(e)
            continue
        turns: list[Turn] = []
        for _ in range(rng.choice((1, 1, 2))):
            near = rng.random() < SAME_PASSAGE and len(by_place[_place(e)]) > 1
            pool = by_place[_place(e)] if near else by_lang[e.lang]
            if pool:
                other = rng.choice(pool)
                if other.question != e.question:
                    turns.append(turn_of(other))
        found.append(replace(e, history=(*turns, *e.history)[-MAX_TURNS:]))
    return found


def _place(e: Example) -> tuple[str, str]:
    """What other questions are about the same: the document's title, or the passage."""
    title = e.heading.partition(HEADING_SEPARATOR)[0]
    return (e.source, title) if title else (e.source, e.passage)


def shortened_questions(
    data: Path, count: int, seed: int, exclude: Set[str] = frozenset(), calibration_share: float = 0.0
) -> list[Example]:
    """About `count` questions shortened after another of their passage, half in each language.

    Args:
        data: folder that holds `qa/`.
        count: how many; fewer where the files yield no more.
        seed: chooses.
        exclude: keys of contexts that no example may stand on.
        calibration_share: of the contexts, kept from training.

    Raises:
        DataError: a file cannot be read, or a row lacks a field.
    """
    rng = random.Random(seed)
    found: list[Example] = []
    for lang, files, shorten in (
        ("en", ENGLISH, follow_ups_en.shortened),
        ("zh", CHINESE, follow_ups_zh.shortened),
    ):
        made: list[Example] = []
        for group in _groups(data / "qa", files, exclude, calibration_share):
            for name, row in group:
                spans = () if row.get("is_impossible") else answer_spans(row, row["context"])
                first = rng.choice([other for _, other in group if other is not row])
                before = _turn(first)
                if spans is None or before is None:
                    continue
                short = shorten(row["question"].strip(), "\n".join(before), row, rng)
                if short is not None and short[1].lower() in "\n".join(before).lower():
                    made.append(Example(short[0], row["context"], spans, lang, name, (before,)))
        found += rng.sample(made, min(len(made), count // 2))
    rng.shuffle(found)
    return found


def _groups(
    folder: Path, files: Iterable[str], exclude: Set[str], calibration_share: float
) -> Iterator[list[tuple[str, Row]]]:
    """Rows with the file they are from, a list for each context with two questions or more."""
    for name in files:
        groups: dict[str, list[tuple[str, Row]]] = {}
        for number, row in enumerate(read_lines(folder / name), 1):
            if not isinstance(row.get("question"), str) or not isinstance(row.get("context"), str):
                raise DataError(f'{folder / name}, line {number}: "question" and "context" are needed')
            groups.setdefault(row["context"], []).append((name, row))
        for context, group in groups.items():
            allowed = context_key(context) not in exclude and not for_calibration(context, calibration_share)
            if len(group) > 1 and allowed:
                yield group


def _turn(row: Row) -> Turn | None:
    answers = row.get("answers") or []
    lang = row.get("lang", "en")
    if not answers and not row.get("is_impossible"):
        return None
    answer = str(answers[0]).strip()[:MAX_ANSWER] if answers else UNANSWERED["zh" if lang == "zh" else "en"]
    return row["question"].strip(), answer
