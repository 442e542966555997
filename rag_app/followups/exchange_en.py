"""An English fragment ("in Germany?", "what about the second one?") put into the last question."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from rag_app.followups.conversation import Turn
from rag_app.followups.english import Token, is_rare, tokens, words_of
from rag_app.followups.patterns_en import ORDINAL
from rag_app.followups.phrases_en import Phrase, phrases

PREPOSITIONS = words_of(
    "in on at for with without from by after before during under since until via through to into of"
)
_NUMBER = re.compile(r"v?\d[\d.]*")


def is_fragment(text: str) -> bool:
    """A phrase without a verb, such as "in Germany?", "the second one"."""
    words = [t for t in tokens(text) if t.kind != "mark"]
    if any(t.lower == "any" for t in words):
        return False
    return bool(words) and len(words) <= 6 and not any(t.kind in {"aux", "wh", "verb"} for t in words) and not any(
        t.lower in {"i", "you", "we", "he", "she", "they"} for t in words
    )


def exchanged(fragment: str, last: Turn) -> str:
    """The last question with the part that `fragment` is of a kind with put in its place, else with it added."""
    question = last.question.strip().rstrip(" ?.!")
    first = tokens(fragment)[0]
    placed = first.lower in PREPOSITIONS
    added = f"{question}{'' if placed else ','} {fragment}?"
    if last.answer.rstrip().endswith("?"):      # they were asked back: this is the reply
        return added
    if placed:
        return _exchanged_after(first.lower, fragment[first.end:].strip(), question) or added
    bare = re.sub(r"^((the|a|an|just|only)\s+)+", "", fragment, flags=re.IGNORECASE)
    if one := re.fullmatch(r"(.+?) ones?", bare):
        return _beside_head(one.group(1), question)
    same = _most_alike(bare, question)
    return _put(bare, same[0], question) if same else added


def _exchanged_after(preposition: str, body: str, question: str) -> str | None:
    """Put "in Germany" in the place of "in France", or of "Paris" where nothing else is "in" anything."""
    for t in reversed(tokens(question)):
        if t.lower == preposition and t.kind == "preposition":
            inside = [p for p in phrases(question, linked=False) if 0 <= p.start - t.end <= 6]
            if inside:
                return _put(body, inside[0], question)
    same = _most_alike(body, question) if preposition in {"in", "for", "on", "at"} else None
    if same is not None and same[1] >= 1 and _sort(tokens(body)) in {"name", "number"}:
        return _put(body, same[0], question)
    return None


def _put(new: str, old: Phrase, question: str) -> str:
    """`new` in the place of `old`; a number takes the place of the number in it ("Python 2.7" and "3")."""
    start, end = old.start, old.end
    if _NUMBER.fullmatch(new) and (number := _NUMBER.search(question, start, end)):
        start, end = number.span()
    return question[:start] + new + question[end:] + "?"


def _beside_head(modifier: str, question: str) -> str:
    """After "How big is the provision thread pool?", "the workflow one" changes the modifier."""
    if ORDINAL.fullmatch(modifier) and ORDINAL.search(question):
        return ORDINAL.sub(modifier, question, count=1) + "?"
    inside = [p for p in phrases(question, linked=False) if not p.asked and " " in p.text]
    if inside:
        old = inside[0]
        return question[:old.start] + modifier + old.text[old.text.index(" "):] + question[old.end:] + "?"
    return f"{question}, {modifier}?"


def _most_alike(fragment: str, question: str) -> tuple[Phrase, float] | None:
    """The phrase of a question that is most of a kind with `fragment`, with how much so."""
    new = [t for t in tokens(fragment) if t.telling]
    if not new:
        return None
    scored: list[tuple[float, int, Phrase]] = []
    for i, old in enumerate(phrases(question, linked=False)):
        words = [t for t in tokens(old.text) if t.telling]
        score = difflib.SequenceMatcher(a=fragment.lower(), b=old.text.lower()).ratio()
        score += 1.0 * (_sort(words) == _sort(new)) + 0.5 * (words[-1].lower == new[-1].lower) - 0.7 * old.asked
        scored.append((score, i, old))
    if not scored:
        return None
    best = max(scored, key=lambda s: s[:2])
    if best[0] < 0.6:       # nothing is alike: what was asked about stands last
        best = max(scored, key=lambda s: (not s[2].asked, s[1]))
    return best[2], best[0]


def _sort(words: Sequence[Token]) -> str:
    """Number, name, rare or common."""
    text = words[-1].text
    if _NUMBER.fullmatch(text):
        return "number"
    if any(t.text[0].isupper() for t in words):
        return "name"
    return "rare" if any(is_rare(t) for t in words) else "common"
