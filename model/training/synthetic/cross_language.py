"""Reading practice across languages, made from aligned paragraphs: asked in one language, answered in the other.

Two kinds. What stands alike in both (a number, an identifier, a name in Latin letters) is asked for: it becomes a
question word in a sentence of one language, and is quoted from the other's paragraphs. Or the beginning of a paragraph
becomes the question, and its translation is the answer, as a whole. Both teach which words of two languages mean the
same, in context.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from model.text.language import Language
from model.training.examples import Example

MAX_CHARACTERS = {"en": (350, 1100), "zh": (110, 380)}  # characters of a passage, least and most
WHOLE_PARAGRAPH = 0.35  # share of questions answered by a whole paragraph
UNANSWERABLE = 0.08  # share of questions over neighbouring paragraphs that do not say
_OTHER: dict[Language, Language] = {"en": "zh", "zh": "en"}
_SHARED = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*[A-Za-z0-9_](?:\(\))?|\d[\d.,:%]*\d|\d")
_COMMON = frozenset(
    {
        "the",
        "of",
        "to",
        "and",
        "a",
        "in",
        "is",
        "it",
        "for",
        "on",
        "with",
        "as",
        "be",
        "by",
        "an",
        "or",
        "if",
        "at",
        "this",
        "that",
        "are",
        "from",
        "not",
        "can",
        "will",
    }
)
_CLAUSE = {"en": re.compile(r"(?<=\w)[,;:.](?=\s|$)"), "zh": re.compile(r"[，。；：]")}
_ASK_NUMBER = {"en": ("how many", "what number", "how much"), "zh": ("多少", "几", "多少")}
_ASK_NAME = {"en": ("what", "which", "what"), "zh": ("什么", "哪个", "什么")}
_ABOUT = {
    "en": (
        "{0}?",
        "What about this: {0}?",
        "What does it say about {0}?",
        "{0}: how does that work?",
        "Why {0}?",
        "What happens when {0}?",
        "How does {0}?",
    ),
    "zh": (
        "{0}？",
        "{0}是怎么回事？",
        "关于{0}，是怎么说的？",
        "为什么{0}？",
        "{0}会怎样？",
        "请问{0}有什么说明？",
        "{0}该怎么做？",
    ),
}


def cross_language_questions(rows: Iterable[Mapping[str, str]], count: int, seed: int, source: str) -> list[Example]:
    """Make `count` questions, half in each language, fewer if the paragraphs run out; the same for the same seed.

    Args:
        rows: aligned paragraphs with `en`, `zh` and `source`, in the order of their documents.
        count: how many.
        seed: chooses paragraphs, kinds and wording.
        source: stored as the examples' source; their `lang` is the passage's.
    """
    rng = random.Random(seed)
    held = list(rows)
    made: list[Example] = []
    for number in rng.sample(range(len(held)), len(held)):
        if len(made) >= count:
            break
        asked: Language = rng.choice(("en", "zh"))
        example = _ask(held, number, asked, rng, source)
        if example is not None:
            made.append(example)
    return made


def _ask(
    rows: Sequence[Mapping[str, str]], number: int, asked: Language, rng: random.Random, source: str
) -> Example | None:
    passage, start, neighbours = _passage(rows, number, _OTHER[asked], rng)
    here, there = rows[number][asked], rows[number][_OTHER[asked]]
    if rng.random() < WHOLE_PARAGRAPH:
        question, span = _about(here, asked, rng), (start, start + len(there))
        if len(there) > MAX_CHARACTERS[_OTHER[asked]][0]:
            return None
    else:
        shared = [
            m
            for m in _SHARED.finditer(here)
            if m.group().lower() not in _COMMON and there.count(m.group()) == 1 and passage.count(m.group()) == 1
        ]
        if not shared:
            return None
        token = rng.choice(shared)
        place = start + there.index(token.group())
        question, span = _with_question_word(here, token, asked, rng), (place, place + len(token.group()))
        if token.group() in question:
            return None
    if not (6 <= len(question) <= 80 if asked == "zh" else 4 <= len(question.split()) <= 40):
        return None
    if rng.random() < UNANSWERABLE and neighbours:
        return Example(question, neighbours, (), _OTHER[asked], source)
    return Example(question, passage, (span,), _OTHER[asked], source)


def _passage(
    rows: Sequence[Mapping[str, str]], number: int, lang: Language, rng: random.Random
) -> tuple[str, int, str]:
    """Paragraphs around one, the place of that one in them, and the same paragraphs without it."""
    low, high = MAX_CHARACTERS[lang]
    wanted = rng.randint(low, high)
    first = last = number
    size = len(rows[number][lang])
    while size < wanted:
        before = first > 0 and rows[first - 1]["source"] == rows[number]["source"]
        behind = last + 1 < len(rows) and rows[last + 1]["source"] == rows[number]["source"]
        if not before and not behind:
            break
        back = before and (not behind or rng.random() < 0.5)
        nearest = first - 1 if back else last + 1
        if size + len(rows[nearest][lang]) > high + low:
            break
        first, last = (nearest, last) if back else (first, nearest)
        size += len(rows[nearest][lang])
    parts = [rows[i][lang] for i in range(first, last + 1)]
    start = sum(len(p) + 1 for p in parts[: number - first])
    return "\n".join(parts), start, "\n".join(parts[: number - first] + parts[number - first + 1 :])


def _about(text: str, lang: Language, rng: random.Random) -> str:
    """A question about the beginning of a paragraph."""
    topic = text
    clauses = [m.start() for m in _CLAUSE[lang].finditer(text) if m.start() > (6 if lang == "zh" else 20)]
    if clauses and rng.random() < 0.8:
        topic = text[: clauses[0]]
    topic = topic.rstrip(" .,;:。，；：?？!！")
    return rng.choice(_ABOUT[lang]).format(topic)


def _with_question_word(text: str, token: re.Match[str], lang: Language, rng: random.Random) -> str:
    """The sentence or clause around a token, the token replaced."""
    ask = rng.choice((_ASK_NUMBER if token.group()[0].isdigit() else _ASK_NAME)[lang])
    cuts = [0, *(m.end() for m in _CLAUSE[lang].finditer(text)), len(text)]
    first = max((c for c in cuts if c <= token.start()), default=0)
    last = min((c for c in cuts if c >= token.end()), default=len(text))
    if last - first < (12 if lang == "zh" else 40) or rng.random() < 0.3:  # too little to go by: one clause more
        first = max((c for c in cuts if c < first), default=0)
    asked = text[first : token.start()] + ask + text[token.end() : last]
    return asked.strip(" .,;:。，；：") + ("？" if lang == "zh" else "?")
