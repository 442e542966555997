"""Chinese pronouns replaced by what they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_app.followups.chinese import words
from rag_app.followups.conversation import Turn
from rag_app.followups.exchange_zh import PERSON_WORD
from rag_app.followups.patterns_zh import NOT_REPLACEABLE, PERSON, PLACE_OR_TIME, REPLACEABLE
from rag_app.followups.topic_zh import noun_phrases


def with_antecedent(core: str, turns: Sequence[Turn], about: str, meant: Sequence[str] = ()) -> str | None:
    """The first pronoun replaced by what it stands for; one of place or time gets the topic before it.

    None: it has no pronoun that can be replaced.

    Args:
        core: the question.
        turns: what was said before it.
        about: the topic of the last question.
        meant: what it leaves out or means by pronouns, where that is known; else it is found by rule.
    """
    if meant:
        about = meant[0]
    if PLACE_OR_TIME.match(core) and not re.search("[他她]", core):
        gap = "" if not re.match(r"(其中|后来|後來|当时|當時)", core) else "，"
        return f"{about}{gap}{core}" if about else None
    match = _first(core)
    if match is None:
        return None
    told, rest = match.group(), core[match.end():]
    put = (_person(turns) if told[0] in "他她对" and not meant else "") or about
    if not put:
        return None
    return core[:match.start()] + (_before_noun(put, told, rest) or put + _gap(put) + rest)


def has_pronoun(text: str) -> bool:
    """Whether a question has a pronoun that can be replaced."""
    return _first(text) is not None


def _first(text: str) -> re.Match[str] | None:
    masked = NOT_REPLACEABLE.sub(lambda m: "一" * len(m.group()), text)
    return PERSON.search(masked) or REPLACEABLE.search(masked)


def _before_noun(put: str, told: str, rest: str) -> str | None:
    """After "苏州服务中心", "该中心…" is that centre; "这部剧" stays behind a title. None: the pronoun has no noun."""
    if told[0] not in "这這那该該此上" or not rest:
        return None
    shared = next((n for n in range(min(len(rest), len(put)), 1, -1) if rest[:n] in put), 0)
    if shared:
        return put[:put.rfind(rest[:shared]) + shared] + rest[shared:]
    noun = noun_phrases(rest)
    head = noun[0][0] if noun and noun[0][1] == 0 else ""
    if not head:
        return None
    return put[:put.rfind(head[-1]) + 1] + rest[len(head):] if head[-1] in put else f"{put}{told}{rest}"


def _gap(put: str) -> str:
    return " " if re.search(r"[A-Za-z0-9]$", put) else ""


def _person(turns: Sequence[Turn]) -> str:
    """The person last talked about: the answer to "谁", else a name in a question, else in an answer."""
    last = turns[-1]
    if re.search(r"谁|誰|哪位", last.question) and (found := _names(last.answer)):
        return found[0]
    for turn in reversed(turns[-3:]):
        if found := _names(turn.question):
            return found[0]
    for turn in reversed(turns[-3:]):
        if found := _names(turn.answer):
            return found[0]
    return ""


def _names(text: str) -> list[str]:
    """Names of persons, with the parts of foreign ones joined, and words for persons such as 值班工程师."""
    parts = [part for phrase, _ in noun_phrases(text) for part in phrase.split("的")]
    persons = [p for p in parts if PERSON_WORD.search(p) and len(p) > 2]
    if persons:
        return persons
    found = words(text)
    names: list[str] = []
    end = -1
    for w in found:
        joined_on = names and w.start == end + 1 and text[end] in "·•."
        if w.flag in {"nr", "nrt", "nrfg", "name"} and not re.search(r"[a-z]{2}[A-Z]|\d|《", w.text):
            if joined_on:
                names[-1] += text[end] + w.text
            else:
                names.append(w.text)
            end = w.end
        elif joined_on:
            names[-1] += text[end] + w.text
            end = w.end
    return names or [p for p, _ in noun_phrases(text) if PERSON_WORD.search(p)]
