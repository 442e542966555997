"""Counterfactual passages: the answer replaced by another of the same shape, so that only the passage can tell it.

A reader that answers from memory, or from the shape of the question alone, does not follow the change.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_app.evaluation.answers import Question

_NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_NAME = re.compile(r"[A-Z][\w'’.-]*(?: (?:(?:of|the|de|van|von|and) )?[A-Z][\w'’.-]*){0,3}")
_MAX_CHARACTERS = 30  # characters of an answer that is still one number, year or name
_KINDS = {"nr": "person", "ns": "place", "nt": "organisation", "nz": "name"}  # jieba's part-of-speech tags


@dataclass(frozen=True, slots=True)
class Swap:
    """A question whose passage was changed.

    Attributes:
        question: as it was asked of the unchanged passage.
        old: what was replaced throughout the passage.
        new: what stands there now.
        context: the changed passage.
        answers: the reference answers, changed likewise.
    """

    question: Question
    old: str
    new: str
    context: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """The piece of an answer that can be exchanged, and what it can be exchanged for."""

    text: str
    shape: str


def swap_answers(questions: Sequence[Question], seed: int = 0) -> Iterator[Swap]:
    """Exchange the answers of a file's questions: a number for a number, a year for a year, a name for a name.

    A number keeps its unit and gets another one's digits, as many as before. Left out: answers of another shape,
    answers that the question names, and those for which no other item offers a replacement that is new to the passage.
    """
    rng = random.Random(seed)
    slots = [(q, slot) for q in questions if (slot := _slot(q)) is not None]
    offers: defaultdict[str, list[str]] = defaultdict(list)
    for slot in dict.fromkeys(slot for _, slot in slots):
        offers[slot.shape].append(slot.text)
    for q, slot in slots:
        fitting = [o for o in offers[slot.shape] if o not in q.context and o not in q.question]
        if not fitting:
            continue
        new = rng.choice(fitting)
        whole = _whole(slot.text)
        context = whole.sub(lambda _, new=new: new, q.context)  # type: ignore[misc]
        answers = tuple(whole.sub(lambda _, new=new: new, a) for a in q.answers)  # type: ignore[misc]
        yield Swap(q, slot.text, new, context, answers)


def _slot(q: Question) -> _Slot | None:
    for answer in q.answers:
        found = _shape(answer.strip(), q.lang) if len(answer) <= _MAX_CHARACTERS else None
        if found is not None and found.text not in q.question and _whole(found.text).search(q.context):
            return found
    return None


def _shape(answer: str, lang: str) -> _Slot | None:
    numbers = _NUMBER.findall(answer)
    if len(numbers) == 1:
        number = numbers[0]
        if _YEAR.fullmatch(number):
            return _Slot(number, f"{lang} year")
        return _Slot(number, f"{lang} " + re.sub(r"\d", "9", number))
    if numbers:
        return None
    if lang == "en":
        kind = "acronym" if answer.isupper() else "word" if " " not in answer else "several words"
        return _Slot(answer, f"en {kind}") if _NAME.fullmatch(answer) and answer.lower() not in ("yes", "no") else None
    from jieba import posseg

    kinds = {_KINDS.get(word.flag[:2]) for word in posseg.cut(answer)} if 1 < len(answer) <= 10 else {None}
    (only, *more) = kinds
    return _Slot(answer, f"zh {only}") if only and not more else None


def _whole(text: str) -> re.Pattern[str]:
    """The text, but not as a part of a longer number or Latin word."""
    return re.compile(rf"(?<![0-9A-Za-z])(?<!\d[.,]){re.escape(text)}(?![0-9A-Za-z])(?![.,]\d)")
