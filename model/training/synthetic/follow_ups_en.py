"""English questions shortened as people do in a conversation: it, they, he, there, or nothing where the name stood."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from model.training.synthetic.words import FUNCTION, Word

_WORD = re.compile(r"['’]s\b|\w+(?:(?:[-./&]|['’](?!s\b))\w+)*|[^\w\s]")
_PRONOUN = re.compile(r"\b(its?|they|them|their|he|she|him|his|her|this|that|these|those|there)\b", re.IGNORECASE)
_BE = frozenset(("is", "are", "was", "were", "has", "have", "had", "may", "might", "must"))
_DO = frozenset(("do", "does", "did", "can", "could", "will", "would", "should"))
_AUX = _BE | _DO
_BEFORE = (FUNCTION | {"called", "named", "made", "caused"}) - {"up", "out", "off", "down"}  # a phrase may begin
_ARTICLE = frozenset(("the", "a", "an"))
_LINKS = frozenset(("of", "the", "de", "von", "van", "and", "for"))
_PLACE = re.compile(r"\b(in|at|from|to)$", re.IGNORECASE)
_MANY = re.compile(r"\b[a-z-]+[^suiy]s$|\b(people|children|men|women|Forces|Olympics|Games|Mountains|Islands)$")
_PARTICIPLE = re.compile(r"(ed|en|ing)$|^(born|made|known|built|held|found|set|used|sold|sent|left|won|lost)$")
# "St" of "St. Barts", something quoted, listed, numbered or told apart: what stands there is more than the phrase
_PART = re.compile(r"\.\s+\w|[-/\"”)]|['’](?!s\b)|\s*[(,]|\s+(of|and|or|\d|[IVX]+\b)")
_INSTITUTION = re.compile(
    r"\b(University|College|School|Records?|Awards?|Company|Inc|Church|Club|Team|League|Union|Party|Court|Hospital|Army|"
    r"Museum|Institute|Street|County|City|River|Lake|War|Series|Album|Show|Act|Bank|House|Station|Dame|Idol|Zelda|"
    r"Republic|Kingdom|Dynasty|Empire|Island|Building|Chicago|London|Journal|Times|Order)\b"
)


def shortened(question: str, said: str, row: dict[str, Any], rng: random.Random) -> tuple[str, str] | None:
    """The question with a pronoun or nothing for the longest phrase that was said, and that phrase.

    Args:
        question: stands by itself.
        said: the messages before it.
        row: where the question is from, with its `context`.
        rng: chooses the form.
    """
    words = [Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(question)]
    spans = [(i, j) for i, j in _phrases(words) if _stands(question[words[i].start : words[j - 1].end], said)]
    if not spans or _PRONOUN.search(question):
        return None
    i, j = max(spans, key=lambda s: words[s[1] - 1].end - words[s[0]].start)
    phrase = question[words[i].start : words[j - 1].end]
    first = i - 1 if i and words[i - 1].text.lower() in _ARTICLE else i
    led = words[first - 1].text.lower() if first else "of"
    part = _PART.match(question[words[j - 1].end :]) or led not in _BEFORE or led in {"and", "or", "'s", "’s"}
    if part or len(re.findall(rf"\b{re.escape(phrase)}\b", question)) != 1:
        return None
    short = _without(question, words, (first, i, j), row, rng)
    return (short, phrase) if short is not None and len(short.split()) >= 3 else None


def _without(
    question: str, words: Sequence[Word], place: tuple[int, int, int], row: dict[str, Any], rng: random.Random
) -> str | None:
    """The question without words [i, j) and the article at `first`, with nothing, "there" or a pronoun for them."""
    first, i, j = place
    before, rest = question[: words[first].start], question[words[j - 1].end :]
    ends = not re.search(r"\w", rest)
    name = words[i].capitalised and words[j - 1].capitalised
    if ends and re.search(r"\w+ (of|in|for|at|about|on) $", before) and len(before.split()) >= 5 and rng.random() < 0.5:
        return re.sub(r" \w+ $", "", before) + rest
    closed = ends or words[j].text.lower() in FUNCTION - {"'s", "’s"}
    if closed and re.search(r"\w in $", before) and name:
        return re.sub(r"\bin $", "there", before) + rest
    if ends and _PLACE.search(before.rstrip()) and name and rng.random() < 0.6:
        return _PLACE.sub("", before.rstrip()).rstrip() + " there" + rest
    put = _pronoun(question[words[i].start : words[j - 1].end], words, first, j, row, rng)
    if put is None:
        return None
    rest = rest[2:] if rest[:2] in {"'s", "’s"} else rest
    before = before.replace("  ", " ")
    return before + (put if before.strip() else put[0].upper() + put[1:]) + rest


def _pronoun(phrase: str, words: Sequence[Word], i: int, j: int, row: dict[str, Any], rng: random.Random) -> str | None:
    """The form that fits where words [i, j) stood; None where none does: what goes on is part of the phrase."""
    after = words[j] if j < len(words) else None
    before = words[i - 1].text.lower() if i else ""
    owned = after is not None and after.text in {"'s", "’s"}
    # "did X admit", "was X founded" go on with a verb; "the X students", "did X I Sforza" with what belongs to X
    if after is not None and after.content and not owned:
        verb = before in _DO or (before in _AUX and _PARTICIPLE.search(after.text))
        further = j + 1 < len(words) and words[j + 1].content and words[j + 1].text.islower()
        article = words[i].text.lower() in _ARTICLE
        if after.capitalised or (verb and (before == "do" or further)) or not (verb or article):
            return None
        owned = not verb
    is_subject = before in _AUX or i == 0 or (after is not None and after.text.lower() in _AUX)
    forms = _forms(phrase, words[i].text.lower() in _ARTICLE, row, rng)
    if forms is None:
        return None
    return forms[1] if owned else forms[0] if is_subject else forms[2]


def _forms(phrase: str, article: bool, row: dict[str, Any], rng: random.Random) -> tuple[str, str, str] | None:
    """Subject, possessive and object form; None: who or what it is cannot be told."""
    context = str(row.get("context") or "")
    many = article and re.search(r"[^su]s$", phrase) and not phrase.endswith(("Times", "States"))
    if many or _MANY.search(phrase) or " and " in phrase:
        return "they", "their", "them"
    person = False if article else _is_person(phrase, context, str(row.get("title") or ""))
    if person is None:
        return None
    if person:
        she = len(re.findall(r"\b(she|her)\b", context, re.IGNORECASE))
        he = len(re.findall(r"\b(he|his|him)\b", context, re.IGNORECASE))
        return None if he == she else ("she", "her", "her") if she > he else ("he", "his", "him")
    last = phrase.rsplit(maxsplit=1)[-1]
    if last.islower() and len(phrase.split()) > 1 and rng.random() < 0.3:
        pointed = f"{rng.choice(('this', 'that'))} {last}"
        return pointed, f"{pointed}'s", pointed
    return "it", "its", "it"


def _is_person(phrase: str, context: str, title: str) -> bool | None:
    """One to three capitalised words that are no institution and that the passage does not put behind "the" or "in".

    None: a single name in a passage about persons, which may be one of them.
    """
    parts = phrase.split()
    if not all(re.fullmatch(r"[A-ZÀ-Þ][\w.'’-]*", p) and not p.isupper() for p in parts) or len(parts) > 3:
        return False
    name = re.escape(parts[0])
    if re.search(rf"\b(the|in|at|into) {name}\b", context, re.IGNORECASE) or _INSTITUTION.search(phrase):
        return False
    if len(parts) >= 2:
        return True if not re.search(r"\d", phrase) else None
    pronouns = len(re.findall(r"\b(he|she|his|her|him)\b", context, re.IGNORECASE))
    acts = re.search(rf"\b{name},? (was born|wrote|said|married|died|told|met)\b", context)
    if pronouns >= 2 and (phrase in title or acts):
        return True
    return False if pronouns == 0 else None


def _phrases(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Index ranges of whole noun phrases: names with the words that link them, and common words behind an article."""
    found: list[tuple[int, int]] = []
    i = 0
    while i < len(words):
        if not words[i].content or (i == 0 and not words[i].capitalised):
            i += 1
            continue
        j = i
        while j < len(words) and (
            words[j].content
            or (
                words[j].text.lower() in _LINKS
                and words[j - 1].capitalised
                and j + 1 < len(words)
                and words[j + 1].capitalised
            )
        ):
            j += 1
        found += _whole(words, i, j)
        i = max(j, i + 1)
    return found


def _whole(words: Sequence[Word], i: int, j: int) -> list[tuple[int, int]]:
    """The phrases that begin where a run of content words [i, j) does."""
    before = words[i - 1].text.lower() if i else ""
    if i and before not in _BEFORE:
        return []
    names = [k for k in range(i, j) if words[k].capitalised]
    if i == 0 and (len(names) < 2 or names[1] != 1):
        return []  # "Along with", "People": perhaps only a sentence's first word
    if names and names[0] == i:
        last = i
        while last + 1 < j and (words[last + 1].capitalised or words[last + 1].text.lower() in _LINKS):
            last += 1
        return [(i, last + 1)]
    ends = j == len(words) or not words[j].content
    return [(i, j)] if before in _ARTICLE and j - i >= 2 and ends else []


def _stands(phrase: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", said, re.IGNORECASE) is not None
