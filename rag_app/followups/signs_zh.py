"""Signs that a Chinese question leans on what was said before, as named numbers 0..1 for the gate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_app.followups.chinese import Word, words
from rag_app.followups.conversation import Turn
from rag_app.followups.patterns_zh import (
    ALSO,
    APPOSITION,
    BEGINNING,
    BEGINS_WITH_QUESTION_WORD,
    BEGINS_WITH_THEN,
    COMPARED_WITH_ONE,
    MORE,
    NOT_POINTER,
    ONLY_NE,
    POINTERS,
)

_ASKING = re.compile(
    r"怎么|怎麼|怎样|如何|为什么|什么|什麼|哪里|哪个|哪些|哪|谁|誰|多少|多久|多长|几|吗|嗎|呢|可以|需要|"
    r"是否|有没有|[，。？?、\s]"
)
_WHICH_ONE = re.compile(r"哪一?[个個种種些款项項位家][？?]?$|哪一?[个個种種]更")
_ASKS = re.compile(r"[吗嗎呢？?]$|怎|什|啥|谁|誰|哪|几|幾|多|如何|何|是否|是不是|有没有|能不能|吧")
_CLAUSE = 4     # characters of an earlier clause that may hold what a pronoun stands for
_REPEATED = 4   # characters in a row that are no chance repetition
_QUOTED = re.compile(r"《[^》]*》|「[^」]*」|“[^”]*”")
_AUXILIARY = re.compile(
    r"^(能|可以|会|會|要|需要|有|是|没有?|沒有?|不|应|應|得|用|算|最|在|由|被|从|從|对|對|给|給|向|按|到|"
    r"写|找|支持)"
)
_DEFINITION = re.compile(
    r"(^什么是|^什麼是|^什么叫|^什麼叫|^介绍|是怎么回事|做什么用|是什么|是什麼|是啥|指什么|指的是|定义|定義|什么意思|是谁|是誰|是做什么|"
    r"干什么|有什么用|学名|简称|全称)"
)


def signs(question: str, turns: Sequence[Turn]) -> dict[str, float]:
    """Named signs of one question after some turns."""
    text = question.strip()
    plain = _QUOTED.sub(lambda m: "人" * len(m.group()), text)
    for pattern in (NOT_POINTER, APPOSITION):
        plain = pattern.sub(lambda m: "人" * len(m.group()), plain)
    found = [w for w in words(text) if w.flag != "x"]
    nouns = [w for w in found if w.noun]
    names = [w for w in nouns if w.flag in {"name", "nr", "ns", "nt", "nz", "nrt", "nrfg", "eng"}]
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
    asks = bool(_ASKS.search(text))
    signs["asks nothing"] = float(not asks)
    signs["only a name"] = float(not asks and bool(names) and not any(w.verb for w in found))
    start = found[0] if found else None
    signs["start"] = float(bool(BEGINNING.search(text)))
    signs["then"] = float(bool(BEGINS_WITH_THEN.search(text)))
    signs["which one"] = float(bool(_WHICH_ONE.search(text)))
    asked = re.search(r"什么|怎么|哪|谁|几|多", text)
    signs["asks with 呢"] = float(bool(re.search(r"呢[？?。！]?$", text)) and not asked)
    signs["only X呢"] = float(bool(ONLY_NE.search(text)) and not asked)
    signs["also"] = float(bool(ALSO.search(text)))
    signs["compared with one"] = float(bool(COMPARED_WITH_ONE.search(text)))
    signs["condition only"] = float(bool(re.search(
        r"(的话|的時候|的时候|也是|也行|呢|没有)[？?]?$", text)) and len(text) < 14)
    signs["more"] = float(bool(MORE.search(text)) and len(nouns) <= 1)
    signs["begins with a question word"] = float(bool(BEGINS_WITH_QUESTION_WORD.search(text)))
    signs["begins with a verb"] = float(bool(_AUXILIARY.search(text)) or (start is not None and start.verb))
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
    signs["asks what it is"] = float(bool(_DEFINITION.search(text)) and bool(names or rare) and first is None)
    signs["one clause after another"] = float("，" in text)
    signs["specified"] = min(text.count("的"), 2) / 2
    _relation(text, nouns, names, rare, pointer, turns, signs)
    return {k: v for k, v in signs.items() if v}


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
    last = (turns[-1].question + " " + turns[-1].answer).lower()
    said = " ".join(t.question + " " + t.answer for t in turns).lower()
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


def _longest_common(question: str, said: str) -> int:
    """Length of the longest run of characters, none a question word, that both hold."""
    best = 0
    for run in _ASKING.split(question):
        for i in range(len(run)):
            while i + best < len(run) and run[i:i + best + 1] in said:
                best += 1
    return best


def _bucket(size: int) -> str:
    return next((f"up to {n}" for n in (4, 6, 8, 11, 15, 20) if size <= n), "more")
