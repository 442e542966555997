"""Unanswerable questions made from answerable ones, on what is nearly the right passage.

Two ways: the sentences that hold the answer are deleted, or one name or number that the question and the passage share
is exchanged for another of its kind (the commonest kinds of SQuAD 2.0's adversarial questions, arXiv 1806.03822).
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from model.training.examples import Example

SENTENCE = re.compile(r".+?(?:[。！？!?；]+|\.(?=\s)|\n|$)\s*", re.DOTALL)
_MIN_CHARACTERS = {"en": 160, "zh": 60}  # characters that must remain of a passage
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")  # not at the beginning of the question
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,}")
_TITLE = re.compile(r"《[^》]+》")


def without_answer(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Questions over their own passage, from which every sentence that touches the answer was deleted.

    Args:
        examples: where questions and passages come from.
        share: of the answerable ones; fewer come back where too little remains or the answer stands elsewhere too.
        seed: chooses them.
    """
    rng = random.Random(seed)
    answerable = [e for e in examples if e.quotes]
    made = []
    for e in rng.sample(answerable, round(share * len(answerable))):
        kept = "".join(
            m.group()
            for m in SENTENCE.finditer(e.passage)
            if not any(a < m.end() and b > m.start() for a, b in e.quotes)
        )
        answers = [e.passage[a:b].strip().casefold() for a, b in e.quotes]
        if len(kept) >= _MIN_CHARACTERS.get(e.lang, 160) and not any(x in kept.casefold() for x in answers):
            made.append(replace(e, passage=kept, quotes=()))
    return made


def with_other_name(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Questions in which one name or number, standing in the passage too, became another that does not.

    Args:
        examples: where questions and passages come from.
        share: of the answerable ones; fewer come back where nothing can be exchanged.
        seed: chooses them.
    """
    rng = random.Random(seed)
    answerable = [e for e in examples if e.quotes]
    pools: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for e in answerable:
        for kind, m in _mentions(e):
            pools[e.lang, kind].append(m.group())
    wanted = round(share * len(answerable))
    made: list[Example] = []
    for e in rng.sample(answerable, len(answerable)):
        if len(made) == wanted:
            break
        mentions = [(kind, m) for kind, m in _mentions(e) if m.group() in e.passage]
        if not mentions:
            continue
        kind, m = rng.choice(mentions)
        others = [x for x in rng.sample(pools[e.lang, kind], min(20, len(pools[e.lang, kind]))) if x not in e.passage]
        if kind == "number":
            others = [x for x in others if len(x) == len(m.group())]
        if others:
            question = e.question[: m.start()] + others[0] + e.question[m.end() :]
            made.append(replace(e, question=question, quotes=()))
    return made


def _mentions(example: Example) -> Iterator[tuple[str, re.Match[str]]]:
    question = example.question
    yield from (("number", m) for m in _NUMBER.finditer(question))
    if example.lang == "en":
        yield from (("name", m) for m in _NAME.finditer(question))
    else:
        yield from (("latin", m) for m in _LATIN.finditer(question))
        yield from (("title", m) for m in _TITLE.finditer(question))
        yield from (("han", m) for m in _chinese_names(question))


def _chinese_names(question: str) -> Iterator[re.Match[str]]:
    """Names of people, places and institutions, as jieba tags them."""
    from jieba import posseg

    place = 0
    for p in posseg.cut(question):
        if p.flag in ("nr", "ns", "nt", "nz") and len(p.word) > 1:
            found = re.compile(re.escape(p.word)).match(question, place)
            if found:
                yield found
        place += len(p.word)
