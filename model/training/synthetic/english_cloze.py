"""Reading practice made from raw English text: a sentence asks for a date, a number or a name that it held.

English moves its words to ask, so a question is made in one of three ways: the phrase that begins a sentence becomes
"who", "what" or "which" ("Marie Curie discovered radium" -> "Who discovered radium?"); with an auxiliary verb the
question word moves to the front ("radium was discovered in 1898" -> "When was radium discovered?"); else it stays where
the phrase was ("radium sold for how many dollars?"). A part of the words around it is left out, so that the question is
not simply the sentence. For some questions the phrase also stands in another paragraph of the document, and that one is
the passage: its words differ from the question's. (Cloze questions: arXiv 1906.04980; recurring spans: Splinter,
arXiv 2101.00438.)
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from model.training.examples import Example

PASSAGE = (350, 1100)  # characters of a passage
MAX_ANSWER = 60  # characters
RECURRING = 0.3  # share of questions whose passage is another paragraph, where there is one
PER_DOCUMENT = 5

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"\b(?:(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? (?:1\d|20)\d\d)?"
    r"|(?:1\d|20)\d\d(?!\d|s\b|,\d))\b"
)
_NUMBER = re.compile(r"[$£€]?\b\d[\d,.]*\d\b%?|\b\d\b%?|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve)\b")
_NAME = re.compile(  # words with a capital, also joined by "of" or a hyphen
    r"\b[A-Z][\w'’&-]*[a-z0-9](?:[ -](?:(?:of|the|de|von|van|for|and|&) )*[A-Z][\w'’-]*[a-z0-9]|[ ][A-Z]\.(?= [A-Z]))*"
)
_QUOTED = re.compile(r"(?<=[\"“‘`])[^\"“”‘’`\n]{3,50}(?=[\"”’`])")
_SENTENCE = re.compile(r"[A-Z\"“(].+?[.!?](?=\s+[A-Z\"“(]|\s*$)", re.MULTILINE)
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|has|had|have|can|could|will|would|did|does|do|may|must|should)\b")
_ASKS = re.compile(r"\b(?:what|when|who|which|where|how)\b")
_MARKUP = re.compile(r"[|`#*=<>{}\\]|https?:")
_PARENTHESIS = re.compile(r" ?\([^()]*\)")
_NOT_NAMES = frozenset(
    {  # words that begin a sentence with a capital
        "The",
        "This",
        "That",
        "These",
        "Those",
        "It",
        "Its",
        "He",
        "She",
        "They",
        "His",
        "Her",
        "Their",
        "In",
        "On",
        "At",
        "By",
        "As",
        "If",
        "When",
        "While",
        "After",
        "Before",
        "For",
        "From",
        "Some",
        "Many",
        "Most",
        "Both",
        "Each",
        "However",
        "There",
        "Although",
        "Since",
        "During",
        "Until",
        "With",
        "One",
        "Other",
        "Such",
        "You",
        "We",
        "I",
        "A",
        "An",
        "And",
        "But",
        "Also",
        "Another",
        "Because",
        "To",
        "Under",
        "All",
        "Any",
        "No",
        "Not",
        "Use",
        "See",
        "Note",
        "Today",
        "Then",
    }
)
_PERSON_VERBS = re.compile(
    r"\s+(?:was born|died|wrote|said|argued|married|believed|thought|played|became|told|stated|studied|composed"
    r"|directed)\b"
)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What can be asked for in a sentence: [start, end) characters and the words that ask."""

    start: int
    end: int
    ask: str
    weight: float


def english_cloze_questions(texts: Iterable[str], count: int, seed: int, source: str) -> list[Example]:
    """Make `count` questions, fewer if the texts run out; the same for the same seed.

    Args:
        texts: English documents, the title on the first line.
        count: how many questions.
        seed: chooses paragraphs, phrases and wording.
        source: stored as the examples' source.
    """
    rng = random.Random(seed)
    made: list[Example] = []
    for text in texts:
        if len(made) >= count:
            break
        title, _, body = text.partition("\n")
        passages = list(_passages(body, rng))
        for number in rng.sample(range(len(passages)), min(PER_DOCUMENT, len(passages))):
            found = _ask(title.strip("# "), passages, number, rng)
            if found is not None:
                question, passage, span = found
                made.append(Example(question, passage, (span,), "en", source))
    return made[:count]


def _passages(body: str, rng: random.Random) -> Iterator[str]:
    """Runs of paragraphs of a length that a retriever would bring."""
    low, high = PASSAGE
    wanted = rng.randint(low, high)
    held = ""
    for line in body.split("\n"):
        paragraph = line.strip()
        if not paragraph or len(_MARKUP.findall(paragraph)) > 2:
            continue
        held += ("\n" if held else "") + paragraph
        if len(held) >= wanted:
            yield held if len(held) <= high else held[:high].rpartition(". ")[0] + "."
            held, wanted = "", rng.randint(low, high)


def _ask(title: str, passages: list[str], number: int, rng: random.Random) -> tuple[str, str, tuple[int, int]] | None:
    """A question about one sentence of a passage, the passage that answers it and the answer's span there."""
    passage = passages[number]
    sentences = [m for m in _SENTENCE.finditer(passage) if 35 <= len(m.group()) <= 320]
    for sentence in rng.sample(sentences, min(3, len(sentences))):
        phrases = [p for p in _phrases(sentence.group(), title) if p.end - p.start <= MAX_ANSWER]
        if not phrases:
            continue
        phrase = rng.choices(phrases, [p.weight for p in phrases])[0]
        answer = sentence.group()[phrase.start : phrase.end]
        question = _question(sentence.group(), phrase, title, rng)
        if answer.casefold() in question.casefold() or not 4 <= len(question.split()) <= 45:
            continue
        if rng.random() < RECURRING and len(answer) > 3:
            whole = re.compile(rf"(?<!\w){re.escape(answer)}(?!\w)")
            elsewhere = [(p, m) for i, p in enumerate(passages) if i != number for m in [whole.search(p)] if m]
            if elsewhere:
                other, m = rng.choice(elsewhere)
                return question, other, m.span()
        start = sentence.start() + phrase.start
        return question, passage, (start, start + len(answer))
    return None


def _phrases(sentence: str, title: str) -> list[_Phrase]:
    found: list[_Phrase] = []

    def add(m: re.Match[str], ask: str, weight: float) -> None:
        if not any(m.start() < p.end and m.end() > p.start for p in found):
            found.append(_Phrase(m.start(), m.end(), ask, weight))

    for m in _DATE.finditer(sentence):
        if re.search(r"\d|\b[A-Z]\w+ \d", m.group()):
            add(m, "what year" if m.group().isdigit() else "what date", 1.0)
    for m in _QUOTED.finditer(sentence):
        add(m, "what", 0.8)
    for m in _NAME.finditer(sentence):
        if m.group().split(" ")[0] in _NOT_NAMES or m.group() in title or title in m.group():
            continue
        if m.start() == 0 and " " not in m.group():
            continue  # any word begins with a capital there
        person = _PERSON_VERBS.match(sentence[m.end() :]) is not None
        add(m, "who" if person else "what", 1.3 if " " in m.group() else 0.8)
    for m in _NUMBER.finditer(sentence):
        if m.group()[0] in "$£€":
            add(m, "how much money", 1.2)
        elif m.group().endswith("%"):
            add(m, "what percentage", 1.2)
        elif re.match(r" (?!(?:and|or|of|to|in)\b)[a-z]{3,}", sentence[m.end() :]):
            add(m, "how many", 1.2)
        else:
            add(m, "what number", 0.3)
    return found


def _question(sentence: str, phrase: _Phrase, title: str, rng: random.Random) -> str:
    """The sentence, without some of it, with question words for the phrase."""
    before, after = sentence[: phrase.start], sentence[phrase.end :].rstrip(".!? ")
    ask = phrase.ask
    if ask == "what" and rng.random() < 0.45:
        place = re.search(r"\b(?:in|at|from|near) $", before)
        ask = rng.choice(("who", "which", "what name", "where" if place else "who"))
    before, after = (_PARENTHESIS.sub("", part) if rng.random() < 0.8 else part for part in (before, after))
    before = re.split(r"[;:,] (?!\d)", before)[-1] if rng.random() < 0.6 else before
    after = _cut(after, rng)
    if not before.strip(" \"“'(`"):
        text = f"{ask}{after}"
    else:
        text = _fronted(before, ask, after) if rng.random() < 0.75 else f"{before}{ask}{after}"
    text = _PARENTHESIS.sub("", re.sub(r"[\"“”`]", "", text) if rng.random() < 0.7 else text).strip(" ,;:")
    if not _ASKS.search(text):
        return ""  # it stood in parentheses that were left out
    if 1 < len(title) <= 40 and title not in text and rng.random() < 0.5:
        text = re.sub(r"\b(?:it|he|she|they|It|He|She|They)\b", title, text, count=1)
    return text[:1].upper() + text[1:] + rng.choice(("?", "?", "?", " ?", ""))


def _cut(after: str, rng: random.Random) -> str:
    """What follows, often only to the end of its clause."""
    parts = re.split(r"(?<=\w)(?:[,;:] (?!\d)| (?=and |but |which |who |while |because ))", after)
    return parts[0] if len(parts[0].split()) >= 3 and rng.random() < 0.7 else after


def _fronted(before: str, ask: str, after: str) -> str:
    """Question word, auxiliary, subject, rest; the question word at its place where there is no auxiliary."""
    verb = _AUXILIARY.search(before)
    if verb is None or not 0 < len(before[: verb.start()].split()) <= 9:
        return f"{before}{ask}{after}"
    subject = before[: verb.start()].strip()
    if subject.split()[0] in _NOT_NAMES:
        subject = subject[0].lower() + subject[1:]
    rest = before[verb.end() :].strip()
    unit = ""
    if ask == "how many":  # the counted noun moves along
        noun = re.match(r" \w+", after)
        unit, after = (noun.group(), after[noun.end() :]) if noun else ("", after)
    if ask in ("what year", "what date") and re.search(r"\b(?:in|on|of|by)$", rest):
        ask, rest = ("when", re.sub(r"\s*\b(?:in|on)$", "", rest)) if rest.endswith(("in", "on")) else (ask, rest)
    return f"{ask}{unit} {verb.group()} {subject} {rest}{after}"
