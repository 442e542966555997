"""Signs that an English question leans on what was said before, as named numbers 0..1 for the gate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag_app.followups.conversation import Turn
from rag_app.followups.english import Token, is_rare, stem, tokens
from rag_app.followups.patterns_en import (
    BEGINNING,
    DEFINITION,
    EXPLETIVE,
    INDEFINITE,
    ITEM,
    MORE,
    SUBORDINATE,
    THAT_CLAUSE,
    WHAT_ABOUT,
)
from rag_app.followups.subject_en import subject_signs

_IDENTIFIER = re.compile(r"\w[_./:]+\w")
_PERSONAL = {
    "it": "it", "its": "its", "itself": "it", "it's": "it",
    "they": "they", "them": "they", "their": "their", "theirs": "they", "they're": "they", "they've": "they",
    "he": "he", "him": "he", "his": "his", "she": "he", "her": "his", "hers": "he", "he's": "he", "she's": "he",
}


def signs(question: str, turns: Sequence[Turn]) -> dict[str, float]:
    """Named signs of one question after some turns."""
    text = question.strip()
    plain = EXPLETIVE.sub(lambda m: " " * len(m.group()), text)
    found = tokens(plain)
    words = [t for t in found if t.kind != "mark"]
    telling = [t for t in words if t.telling]
    names = [t for t in words if t.kind == "name"]
    signs: dict[str, float] = {}
    _pronouns(words, telling, signs)
    if match := ITEM.search(plain):
        before = sum(t.start < match.start() for t in telling)
        signs["item"] = 1
        signs["former or latter"] = float(bool(re.search("former|latter", match.group(), re.IGNORECASE)))
        signs[f"item after {min(before, 3)}"] = 1
    signs["start"] = float(bool(BEGINNING.search(text)))
    signs["what about"] = float(bool(WHAT_ABOUT.search(text)))
    signs["more"] = float(bool(MORE.search(text)) and len(telling) <= 4)
    signs[f"telling words {_bucket(len(telling))}"] = 1
    # Without any capital, names cannot be told from other words.
    signs[f"names {min(len(names), 2)}" if names or re.search(r"[A-Z]", text) else "names cannot be seen"] = 1
    rare = [t for t in telling if is_rare(t)]
    signs[f"rare words {min(len(rare), 2)}"] = 1
    content = [t for t in telling if t.kind == "content"]
    signs[f"nouns {min(len(content), 4)}"] = 1
    signs["no subject named"] = float(not names and not rare)
    whole = [t for t in tokens(text) if t.kind != "mark"]     # with "is there", "does it snow"
    asks_first = bool(whole) and whole[0].kind in {"wh", "aux", "verb", "preposition"}
    asks_later = not asks_first and any(t.kind == "wh" for t in whole[1:])
    signs["no verb"] = float(not any(t.kind in {"verb", "aux"} for t in whole))
    signs["no question word"] = float(not asks_first and not asks_later)
    signs["question word later"] = float(asks_later)
    signs["specified"] = min(3, _specified(words)) / 3
    signs["bare definite"] = min(2, _bare_definites(words)) / 2
    signs["second person"] = float(any(t.lower in {"i", "you", "we", "my", "your", "our", "me"} for t in words))
    signs["subordinate first"] = float(bool(SUBORDINATE.search(text)))
    signs["identifier"] = float(any(_IDENTIFIER.search(t.text) for t in words))
    signs["long"] = float(len(words) >= 10)
    signs["very short"] = float(len(words) <= 3)
    pointer = "pronoun" if "pronoun" in signs else "item" if "item" in signs else "no pronoun"
    told = "named" if names else "rare word" if rare else "common words"
    signs[f"{pointer}, {told}"] = 1
    signs[f"{pointer}, {told}, {_bucket(len(telling))} telling words"] = 1
    signs["asks what it is"] = float(
        bool(DEFINITION.search(text)) and bool(names or rare or INDEFINITE.search(text)) and pointer == "no pronoun"
    )
    _relation(telling, names, pointer, turns, signs)
    signs |= subject_signs(words, pointer, _stems(" ".join(t.question + " " + t.answer for t in turns)))
    return {k: v for k, v in signs.items() if v}


def _pronouns(words: Sequence[Token], telling: Sequence[Token], signs: dict[str, float]) -> None:
    """Pronouns, and how much the question itself says before the first: its antecedent may be there."""
    for i, t in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else None
        sort = _PERSONAL.get(t.lower)
        if t.lower in {"this", "that", "these", "those", "that's"}:
            if t.lower == "that" and i and after is not None and _relative(words[i - 1], after):
                continue
            sort = "this noun" if after is not None and after.telling else "this"
        elif t.lower in {"there", "then", "here"} and (after is None or i == len(words) - 1):
            sort = "there"
        if sort is None:
            continue
        before = [x for x in telling if x.start < t.start]
        own = sum(x.kind in {"content", "name"} for x in before)
        named = any(x.kind == "name" or is_rare(x) for x in before)
        first = "pronoun" not in signs
        signs["pronoun"] = 1
        signs[sort] = 1 if sort == "this noun" else max(signs.get(sort, 0), 1 / (1 + own))
        if first:
            signs[f"pronoun after {min(own, 4)}"] = 1
            signs["pronoun after a name"] = float(named)
            clause = {"and", "if", "when", "because", "while", "after", "before", "but", "so"}
            signs["pronoun in a later clause"] = float(any(w.lower in clause for w in words[1:i]) and bool(own))
            signs["pronoun is subject"] = float(i > 0 and words[i - 1].kind in {"aux", "wh"})


def _relative(before: Token, after: Token) -> bool:
    """Whether "that" between two words opens a clause: "the rule that checks", "does it say that the"."""
    points = before.kind in {"verb", "preposition"} and after.kind not in {"pronoun", "determiner", "aux", "name"}
    return (after.lower in THAT_CLAUSE or before.telling) and not points


def _specified(words: Sequence[Token]) -> int:
    """How many phrases such as "of the lease", "in Rust" narrow the question."""
    return sum(
        t.kind == "preposition" and any(x.telling for x in words[i + 1:i + 4]) for i, t in enumerate(words) if i
    )


def _bare_definites(words: Sequence[Token]) -> int:
    """How many noun phrases "the contacts" come without anything that says which."""
    count = 0
    for i, t in enumerate(words):
        if t.lower not in {"the", "any"}:
            continue
        run = 0
        while i + 1 + run < len(words) and words[i + 1 + run].kind in {"content", "name"}:
            run += 1
        after = words[i + 1 + run] if i + 1 + run < len(words) else None
        plain = run == 1 and words[i + 1].kind == "content" and not is_rare(words[i + 1])
        count += plain and (after is None or after.kind != "preposition" or after.lower not in {"of", "in", "for"})
    return count


def _relation(
    telling: Sequence[Token], names: Sequence[Token], pointer: str, turns: Sequence[Turn],
    signs: dict[str, float]
) -> None:
    """What the question shares with what was said: a name in full speaks for itself, a common word takes it up."""
    if not turns:
        return
    last = _stems(turns[-1].question + " " + turns[-1].answer)
    said = last.union(*(_stems(t.question + " " + t.answer) for t in turns[:-1]))
    named = {stem(t.lower) for t in names} | {stem(t.lower) for t in telling if is_rare(t)}
    common = {stem(t.lower) for t in telling if t.kind == "content"} - named
    pairs = [f"{a.lower} {b.lower}" for a, b in pairwise(telling) if b.start - a.end <= 1]
    told = " ".join(t.question + " " + t.answer for t in turns).lower()
    signs["repeats a phrase"] = float(any(pair in told for pair in pairs))
    for sign, found in (
        ("names what was said", named & said), ("names something new", named - said),
        ("takes up a word", bool(common & last) and not named & said),
        ("all words are new", not (common | named) & said),
    ):
        signs[sign] = float(bool(found))
        signs[f"{sign}, {pointer}"] = float(bool(found))


def _stems(text: str) -> set[str]:
    return {stem(t.lower) for t in tokens(text) if t.telling}


def _bucket(n: int) -> str:
    return str(n) if n <= 4 else "5-6" if n <= 6 else "7-9" if n <= 9 else "10+"
