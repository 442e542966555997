"""English noun phrases of a conversation: what a pronoun or an ellipsis may stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_app.followups.english import Token, is_rare, tokens, words_of

_LINKS = {"of", "in", "for", "on", "at", "from", "'s", "with"}
_SUBJECTS = {"i", "you", "we", "they", "he", "she", "it"}
_DO = words_of("do does did can could will would should may might must don't doesn't didn't")
_BE = {"is", "are", "was", "were", "has", "have", "had", "been", "be"}
_MOST_LINKS = 2
_LIST = re.compile(r"\s*(?:,|;|\band\b|\bor\b|\bplus\b)+\s*")
_NOT_A_TOPIC = words_of(
    "way ways thing things kind type sort example examples difference reason number amount time day days year years "
    "part lot bit yes no one question answer detail details information aspect aspects article fact know "
    "interesting long many much old big high far often soon good best better new default"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase as it stands in the text, without an article.

    Attributes:
        text: as written.
        start: its place in its text.
        end: where it ends.
        head: its last word before any "of", "in", …, lower case.
        named: it holds a name or a rare word.
        proper: each word of the core is a name.
        asked: it is what the question asks for ("which city").
    """

    text: str
    start: int
    end: int
    head: str
    named: bool
    proper: bool
    asked: bool

    @property
    def plural(self) -> bool:
        """Whether "they" may point at it."""
        irregular = self.head in {"people", "children", "men", "women"}
        return bool(re.search(r"[^su]s$", self.head)) or " and " in self.text or irregular


def phrases(text: str, *, linked: bool = True) -> list[Phrase]:
    """Noun phrases in order.

    Args:
        text: a question or an answer.
        linked: phrases joined by "of", "in", "'s" and the like make one.
    """
    found = tokens(text)
    runs: list[tuple[int, int]] = []
    i = 0
    while i < len(found):
        if found[i].kind not in {"name", "content"} or found[i].lower in _NOT_A_TOPIC:
            i += 1
            continue
        j = i
        while j < len(found) and found[j].kind in {"name", "content"}:
            j += 1
        first, last = _without_verb(found, i, j)
        if first < last:
            runs.append((first, last))
        i = j
    phrases_: list[Phrase] = []
    k = 0
    while k < len(runs):
        first, last = runs[k]
        core_end = last
        links = 0
        while linked and links < _MOST_LINKS and k + 1 < len(runs) and _linked(found, last, runs[k + 1][0]):
            k, links = k + 1, links + 1
            if found[last].lower == "'s":
                core_end = runs[k][1]
            last = runs[k][1]
        core, asked = found[first:core_end], first > 0 and found[first - 1].kind == "wh"
        phrases_.append(Phrase(
            text=text[found[first].start:found[last - 1].end], start=found[first].start, end=found[last - 1].end,
            head=core[-1].lower, named=any(t.kind == "name" or is_rare(t) for t in found[first:last]),
            proper=all(t.kind == "name" for t in core if t.kind != "mark"), asked=asked,
        ))
        k += 1
    return phrases_


def _without_verb(found: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """Leave a verb out that is not in the list of common ones: "can I reuse pictures", "did Saladin besiege"."""
    before = found[first - 1].lower if first else ""
    if before in _SUBJECTS and found[first].kind == "content" and found[first].text.islower():
        return first + 1, last
    helper = next((t.lower for t in reversed(found[:first]) if t.kind in {"aux", "verb"}), "")
    ending = found[last - 1]
    if last - first >= 2 and ending.kind == "content" and not (last < len(found) and found[last].kind == "verb"):
        near = any(t.kind == "aux" for t in found[max(0, first - 2):first])
        if near and (helper in _DO or (helper in _BE and ending.lower.endswith("ed"))):
            return first, last - 1
    return first, last


def _linked(found: Sequence[Token], end: int, start: int) -> bool:
    """Whether what stands between two phrases joins them: "of" and "'s" any two, "in" and the like one with a name."""
    words = [t.lower for t in found[end:start] if t.kind != "determiner"]
    return len(words) == 1 and (words[0] in {"of", "'s"} or (words[0] in _LINKS and found[start].kind == "name"))


def listed(text: str) -> list[str]:
    """The items of an enumeration in an answer's first sentence that has one, else []."""
    for sentence in re.split(r"(?<=[.;:?!])\s+", text):
        if not re.search(r"\b(and|or)\b", sentence):
            continue
        items = [_trimmed(part) for part in _LIST.split(sentence.strip(" .?!"))]
        items = [i for i in items if i]
        if len(items) >= 2:
            return items
    return []


def _trimmed(item: str) -> str:
    """The noun phrase nearest to where the list stands in the sentence."""
    inside = phrases(item, linked=False)
    return inside[-1].text if inside else ""
