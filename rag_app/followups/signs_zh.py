"""Signs that a Chinese question leans on what was said before, as named numbers for the gate.

Mostly 0..1. A sign that is hardly ever there by chance counts double (`_SURE`), so that the fit holds its weight down
less. Traditional characters are made simplified first, as the dictionary knows few words in traditional ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.han import simplified
from rag_app.followups.chinese import Word, words
from rag_app.followups.conversation import Turn
from rag_app.followups.patterns_zh import (
    ALSO,
    APPOSITION,
    ASKING,
    ASKS,
    BEGINNING,
    BEGINS_BESIDE_ONE,
    BEGINS_WITH_AUXILIARY,
    BEGINS_WITH_NE,
    BEGINS_WITH_QUESTION_WORD,
    BEGINS_WITH_THEN,
    COMPARED_WITH_ONE,
    CONDITION_ONLY,
    COUNTED,
    DEFINITION,
    ENDS_WITH_NE,
    MORE,
    NOT_POINTER,
    ONLY_NE,
    POINTERS,
    QUOTED,
    WHAT_IS,
    WHICH_ONE,
)

_SURE = 2.0
_NAMES = {"nr", "ns", "nt", "nz", "nrt", "nrfg", "eng"}
_RARE_CHARACTER = 500   # occurrences by itself in jieba's dictionary
_FAMILIAR = (1, 30, 100, 300, 1000, 3000, 10000)    # occurrences of a noun
_FAMILIAR_SUBJECT = (1, 100, 300, 1000, 3000)
_SHORT = 14     # characters
_CLAUSE = 4     # characters of an earlier clause that may hold what a pronoun stands for
_REPEATED = 4   # characters in a row that are no chance repetition


def signs(question: str, turns: Sequence[Turn]) -> dict[str, float]:
    """Named signs of one question after some turns."""
    text = simplified(question.strip())
    plain = QUOTED.sub(lambda m: "人" * len(m.group()), text)
    for pattern in (NOT_POINTER, APPOSITION):
        plain = pattern.sub(lambda m: "人" * len(m.group()), plain)
    found = [w for w in words(text) if w.flag != "x"]
    nouns = [w for w in found if w.noun]
    names = [w for w in nouns if w.flag == "name" or (len(w.text) > 1 and w.flag in _NAMES)]
    rare = [w for w in nouns if w.rare]
    telling = [w for w in found if w.noun or (w.verb and len(w.text) > 1) or w.flag in {"m", "t"}]
    signs: dict[str, float] = {}
    first: int | None = None
    for sort, pattern in POINTERS.items():
        match = pattern.search(plain)
        if match is None:
            continue
        own = _antecedents(match.start(), found)
        signs[sort] = 1
        signs[f"{sort} after {min(own, 2)}"] = 1
        first = match.start() if first is None else min(first, match.start())
    pointer = "no pronoun"
    if first is not None:
        own = _antecedents(first, found)
        pointer = "early pronoun" if own == 0 else "pronoun"
        signs[f"pronoun after {min(own, 3)}"] = 1
        signs["pronoun after a name"] = float(any(w.start < first for w in rare))
        signs["pronoun in a later clause"] = float(text[:first].rfind("，") >= _CLAUSE)
    asks = bool(ASKS.search(text))
    signs["asks nothing"] = float(not asks)
    signs["only a name"] = float(not asks and bool(names) and not any(w.verb for w in found))
    start = found[0] if found else None
    signs |= _fixed_forms(text, plain)
    signs["rare character"] = float(any(
        len(w.text) == 1 and "\u3400" <= w.text <= "\u9fff" and w.frequency < _RARE_CHARACTER for w in found
    ))
    signs["more"] = float(bool(MORE.search(text)) and len(nouns) <= 1)
    signs["begins with a question word"] = float(bool(BEGINS_WITH_QUESTION_WORD.search(text)))
    signs["begins with a verb"] = float(bool(BEGINS_WITH_AUXILIARY.search(text)) or (start is not None and start.verb))
    signs["begins with a noun"] = float(start is not None and start.noun)
    signs["begins with a rare word"] = float(start is not None and start.rare)
    size = len(re.findall(r"[\u3400-\u9fff]|[A-Za-z0-9.]+", text))
    told = "named" if names else "rare word" if rare else "common words"
    for sign in (
        f"characters {_bucket(size)}", f"nouns {min(len(nouns), 5)}", f"telling words {min(len(telling), 7)}",
        f"names {min(len(names), 2)}", f"rare words {min(len(rare), 3)}", f"{pointer}, {told}",
        f"{pointer}, {told}, {min(len(telling), 5)} telling words", f"{pointer}, {min(len(nouns), 3)} nouns, {told}",
    ):
        signs[sign] = 1
    signs["asks what it is"] = float(
        first is None and ((bool(DEFINITION.search(text)) and bool(names or rare)) or bool(WHAT_IS.search(text)))
    )
    signs["one clause after another"] = float("，" in text)
    signs["specified"] = min(text.count("的"), 2) / 2
    _relation(text, nouns, names, rare, pointer, turns, signs)
    return {k: v for k, v in signs.items() if v}


def _fixed_forms(text: str, plain: str) -> dict[str, float]:
    """What fixed forms say: "那…", "…呢", "…也是吗"; `plain` is the text without words that only look like pronouns."""
    asked = re.search(r"什么|怎么|哪|谁|几|多", text)
    ends_with_ne, only_ne = ENDS_WITH_NE.search(text), ONLY_NE.search(text)
    return {
        "start": float(bool(BEGINNING.search(text))),
        "then": _SURE * bool(BEGINS_WITH_THEN.search(text)),
        "which one": _SURE * bool(WHICH_ONE.search(text)),
        "asks with 呢": _SURE * (bool(ends_with_ne) and not asked),
        "only X呢": _SURE * (bool(only_ne) and not asked),
        "X呢 first": _SURE * bool(BEGINS_WITH_NE.search(text)),
        "compared with one": _SURE * bool(COMPARED_WITH_ONE.search(text)),
        "begins beside one": float(bool(BEGINS_BESIDE_ONE.search(text))),
        "counted without a noun": float(bool(COUNTED.search(plain))),
        "also": float(bool(ALSO.search(text))),
        "condition only": float(bool(CONDITION_ONLY.search(text)) and len(text) < _SHORT),
    }


def _antecedents(position: int, found: Sequence[Word]) -> int:
    """How many nouns (and verbs: 值班, 加班) before a pronoun could be what it stands for."""
    return sum(w.end <= position and (w.noun or (w.verb and len(w.text) > 1)) for w in found)


def _relation(
    question: str, nouns: Sequence[Word], names: Sequence[Word], rare: Sequence[Word], pointer: str,
    turns: Sequence[Turn], signs: dict[str, float],
) -> None:
    """What the question shares with what was said: a name in full speaks for itself, a common word takes it up."""
    if not turns:
        return
    last = simplified(turns[-1].question + " " + turns[-1].answer).lower()
    said = simplified(" ".join(t.question + " " + t.answer for t in turns)).lower()
    _familiarity(nouns, names, pointer, said, signs)
    special = {w.text.lower() for w in (*names, *rare)}
    common = {w.text.lower() for w in nouns if len(w.text) > 1} - special
    known = {w for w in special if w in said}
    repeats = _longest_common(question.lower(), said) >= _REPEATED
    taken = {w for w in common if w in last}
    for sign, true in (
        ("names what was said", bool(known)), ("names something new", bool(special - known)),
        ("takes up a word", bool(taken) and not known), ("all words are new", not known and not taken),
        ("repeats a phrase", repeats),
    ):
        signs[sign] = float(true)
        signs[f"{sign}, {pointer}"] = float(true)


def _familiarity(
    nouns: Sequence[Word], names: Sequence[Word], pointer: str, said: str, signs: dict[str, float]
) -> None:
    """How common the rarest noun is and the one that the question begins with, and whether they were said."""
    long = [(0 if w in names else w.frequency, w.text.lower() in said, w) for w in nouns if len(w.text) > 1]
    if long:
        frequency, known, _ = min(long, key=lambda n: n[:2])
        level = _level(frequency, _FAMILIAR)
        signs[f"rarest {level}, {'said' if known else 'new'}, {pointer}"] = 1
    for _, known, w in long:
        if w.start == 0:
            signs[f"begins with noun {_level(w.frequency, _FAMILIAR_SUBJECT)}, {'said' if known else 'new'}"] = 1


def _level(frequency: int, levels: Sequence[int]) -> str:
    return next((str(n) for n in levels if frequency < n), "more")


def _longest_common(question: str, said: str) -> int:
    """Length of the longest run of characters, none a question word, that both hold."""
    best = 0
    for run in ASKING.split(question):
        for i in range(len(run)):
            while i + best < len(run) and run[i:i + best + 1] in said:
                best += 1
    return best


def _bucket(size: int) -> str:
    return next((f"up to {n}" for n in (4, 6, 8, 11, 15, 20) if size <= n), "more")
