"""What an English pronoun most likely stands for: phrases of the conversation, ranked by a small logistic regression.

The weights ship in `antecedent.json`; `python -m rag_app.followups.training_antecedent` makes them again from people's
rewritings of CANARD.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from rag_app.followups.conversation import Turn
from rag_app.followups.english import is_rare, tokens
from rag_app.followups.phrases_en import Phrase, phrases

Kind = Literal["thing", "many", "person", "place", "topic"]
_MOST_PHRASES = 12      # of a message
_MOST_BACK = 4          # turns
_CAPITALISED = re.compile(r"[A-Z][\w.’'-]*|of|the|de|van|von|al|bin|and")
_INSTITUTION = re.compile(
    r"\b(University|College|School|Records?|Awards?|Company|Inc|Church|Club|Team|League|Union|Party|Court|"
    r"Hospital|Army|"
    r"Museum|Institute|Street|County|City|River|Lake|War|Series|Album|Show|January|February|March|April|"
    r"May|June|July|"
    r"August|September|October|November|December|Monday|Friday|Sunday)\b"
)
_WHO = re.compile(r"\b(who|whose|whom)\b", re.IGNORECASE)
_LOCATIVE = {"in", "at", "on", "from", "near", "to"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase that was said: `back` turns ago (0: the last), in question or answer, the `order`-th there."""

    phrase: Phrase
    back: int
    in_question: bool
    order: int
    turn: Turn
    before: str     # the word before it, lower case
    mentions: int   # messages that hold its last word

    @property
    def text(self) -> str:
        """The phrase with "the" where it was definite."""
        definite = self.before in {"the", "a", "an"} and not self.phrase.proper
        return f"the {self.phrase.text}" if definite else self.phrase.text


def candidates(turns: Sequence[Turn], kind: Kind, beside: str = "") -> list[Candidate]:
    """Phrases of the last turns that fit a kind of pronoun, the latest first; without those that `beside` names."""
    own = {t.lower for t in tokens(beside) if t.telling}
    messages = [m.lower() for t in turns for m in (t.question, t.answer)]
    found: list[Candidate] = []
    for back, turn in enumerate(list(reversed(turns))[:_MOST_BACK]):
        for text in (turn.question, turn.answer):
            for order, phrase in enumerate(phrases(text, linked=kind != "person")[:_MOST_PHRASES]):
                telling = {t.lower for t in tokens(phrase.text) if t.telling}
                said = text[:phrase.start].split()
                before = said[-1].lower() if said else ""
                if not telling or telling <= own or not _fits(kind, phrase, before):
                    continue
                mentions = sum(phrase.head in m for m in messages)
                found.append(Candidate(phrase, back, text is turn.question, order, turn, before, mentions))
    return found


def _fits(kind: Kind, phrase: Phrase, before: str) -> bool:
    """A person has a name, a place comes after "in" and the like, and a bare number is nothing to talk about."""
    if kind == "person":
        thing = re.search(r"\d|_|\b[A-Z]{2,}\b", phrase.text) or _INSTITUTION.search(phrase.text)
        return phrase.proper and not thing
    if kind == "place":
        return before in _LOCATIVE or phrase.proper
    return not re.fullmatch(r"[\d\W]+", phrase.text)


def signs(candidate: Candidate, kind: Kind, after: str = "") -> dict[str, float]:
    """Named features of a candidate for a pronoun of a kind, with the word after the pronoun."""
    p = candidate.phrase
    words = p.text.split()
    name = p.proper and all(_CAPITALISED.fullmatch(w) for w in words) and not p.text.isupper()
    who = bool(_WHO.search(candidate.turn.question))
    place = "question" if candidate.in_question else "answer"
    plain = {
        f"{place} {min(candidate.back, 2)}": 1.0,
        f"{place}, order": min(candidate.order, 4) / 4,
        "named": float(p.named),
        "all names": float(p.proper),
        "like a person's name": float(name),
        "two or three names": float(name and 2 <= len(words) <= 3),
        "plural": float(p.plural),
        "asked for": float(p.asked),
        "answers who": float(who and not candidate.in_question and candidate.order == 0),
        "after a preposition of place": float(candidate.before in _LOCATIVE),
        "first in its message": float(p.start == 0 or candidate.order == 0),
        "mentioned again": min(candidate.mentions - 1, 3) / 3,
        "short answer": float(not candidate.in_question and len(candidate.turn.answer.split()) <= 5),
        "long": float(len(words) > 5),
        "rare": float(any(is_rare(t) for t in tokens(p.text))),
        "holds the noun": float(len(after) > 3 and after.rstrip("s") in p.text.lower()),
    }
    return {f"{kind}: {k}": v for k, v in plain.items() if v}


def antecedent(kind: Kind, text: str, turns: Sequence[Turn], after: str = "") -> str | None:
    """The phrase that a pronoun in `text` most likely stands for; None: nothing was said."""
    weights = _weights()
    best: tuple[float, Candidate] | None = None
    for candidate in candidates(turns, kind, beside=text):
        score = sum(weights.get(k, 0.0) * v for k, v in signs(candidate, kind, after).items())
        if best is None or score > best[0]:
            best = (score, candidate)
    return best[1].text if best else None


@cache
def _weights() -> dict[str, float]:
    text = resources.files("rag_app.followups").joinpath("antecedent.json").read_text(encoding="utf-8")
    return {str(k): float(v) for k, v in json.loads(text).items()}
