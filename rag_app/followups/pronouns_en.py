"""English pronouns replaced by what they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_app.followups.antecedent import Kind, antecedent
from rag_app.followups.conversation import Turn
from rag_app.followups.english import Token, tokens

_DO_IT = re.compile(r"\b(do|doing) (it|that|this|so)\b", re.IGNORECASE)
_ACTION = re.compile(
    r"\b(?:can|do|could|should|would|must|may) (?:i|you|we|one) (?!get\b)(.+?)[\s?.!]*$", re.IGNORECASE)
_SUBJECTS: dict[str, Kind] = {"it": "thing", "they": "many", "he": "person", "she": "person"}
_SELF = {"article", "section", "page", "document", "text", "passage", "case", "year", "time", "way"}
_HELPERS = {"will", "can", "does", "did", "would", "should", "could", "do", "must", "may", "might"}
_OBJECTS: dict[str, Kind] = {"them": "many", "him": "person", "itself": "thing"}
_POSSESSIVES: dict[str, Kind] = {"its": "thing", "their": "many", "his": "person", "her": "person"}
_TOPIC_WORDS = 9        # of a topic that is put into a question


def with_antecedents(text: str, turns: Sequence[Turn], meant: Sequence[str] = ()) -> str | None:
    """The question with its first pronoun of each kind replaced; None: it has none that can be.

    Args:
        text: the question.
        turns: what was said before it.
        meant: what its pronouns stand for, in its order, where that is known; else it is found by rule.
    """
    if (match := _DO_IT.search(text)) and (action := _ACTION.search(turns[-1].question)):
        return text[:match.start()] + action.group(1) + text[match.end():]
    found = tokens(text)
    pieces: list[str] = []
    position, done, known = 0, set[Kind](), list(meant)
    for i, t in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        kind, form = pronoun_kind(t, after, found[i - 1] if i else None)
        if kind is None or kind in done:
            continue
        if meant:
            put = known.pop(0) if known else None
        else:
            put = antecedent(kind, text, turns, after.lower if after is not None else "")
        if put is None:
            continue
        done.add(kind)
        put = short(put)
        end = t.end
        if form == "noun" and after is not None:
            head = after.lower.rstrip("s")
            if head in put.lower():
                end = after.end
            else:
                # "in that direction": "in the direction of Camelopardalis"
                noun_end = after.end
                pieces += [text[position:t.start], "the ", text[after.start:noun_end], " of ", put]
                position = noun_end
                continue
        elif form == "possessive":
            put += "'" if put.endswith("s") else "'s"
        elif form == "place":
            put = "in " + put
        pieces += [text[position:t.start], put]
        position = end
    return "".join([*pieces, text[position:]]) if pieces else None


def has_pronoun(text: str) -> bool:
    """Whether a question has a pronoun that can be replaced."""
    found = tokens(text)
    around = zip([None, *found], found, [*found[1:], None], strict=False)
    return any(pronoun_kind(t, after, before)[0] for before, t, after in around)


def pronoun_kind(t: Token, after: Token | None, before: Token | None) -> tuple[Kind | None, str]:
    """What a pronoun may stand for and its form (subject, object, possessive, noun, place); None: no pronoun."""
    word = t.lower
    if word in {"this", "that", "these", "those"}:
        return _demonstrative(word, after, before)
    found: tuple[Kind | None, str] = None, ""
    if word == "it" and before is not None and before.lower in {"worth", "takes", "take"}:
        return found
    if word in _SUBJECTS:
        found = _SUBJECTS[word], "subject"
    elif word in _POSSESSIVES:
        found = _POSSESSIVES[word], "object" if word == "her" and (after is None or not after.telling) else "possessive"
    elif word in _OBJECTS:
        found = _OBJECTS[word], "object"
    elif word == "there" and (after is None or after.kind == "mark") and before is not None:
        found = "place", "place"
    return found


def _demonstrative(word: str, after: Token | None, before: Token | None) -> tuple[Kind | None, str]:
    """Whether "that" stands by itself, with a noun, or (no pronoun) before a clause."""
    kind: Kind = "thing" if word in {"this", "that"} else "many"
    if after is None:
        return kind, "subject"
    clause = word == "that" and before is not None and before.telling and not after.telling
    if clause or after.lower in _SELF:
        return None, ""
    helped = before is not None and before.lower in _HELPERS
    if after.kind in {"content", "name"} and not helped:
        return kind, "noun"
    return (kind, "subject") if helped or not after.telling else (None, "")


def short(text: str) -> str:
    """The first words of a long topic."""
    return " ".join(text.split()[:_TOPIC_WORDS])
