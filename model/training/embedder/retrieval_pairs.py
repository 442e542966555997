"""Texts that belong together, to learn retrieval from.

A question and its passage, a heading and its section, a sentence and the paragraph that it stands in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model.json_lines import read_lines
from model.training.examples import HeldOutText, context_key, for_calibration
from model.training.synthetic.cloze import cloze_questions
from model.training.synthetic.similar_passages import SimilarPassages

_HEADING = re.compile(r"^#{1,6}\s+")
_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?;])\s+|\n+")
_MARKUP = re.compile(r"\[(PAR|TLE|SEP|DOC)\]|\*\*|`")
_MIN_UNITS, _MAX_UNITS = 60, 260  # units of a passage: a Chinese character is 1, any other 0.25, as in ingestion
_SENTENCE = (6, 70)  # units of a sentence that may be asked for
_PASSAGES_PER_DOCUMENT = 6


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document.

    `title` and `headings` are those above it; `document` and `key` are equal for passages of one document and for one
    passage.
    """

    text: str
    title: str = ""
    heading: str = ""
    document: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question somebody asked, the passage that answers it and similar ones that do not."""

    question: str
    passage: Passage
    answer: str = ""
    others: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Drawn:
    """One training pair. `titled`: the query is a whole document's title, so its other passages are no negatives."""

    query: str
    passage: str
    document: str
    key: str
    titled: bool = False
    negative: str | None = None


def units(text: str) -> float:
    """Size of a text: about the tokens it takes."""
    wide = sum("\u3000" <= c <= "\u9fff" for c in text)
    return wide + (len(text) - wide) / 4


def questions(
    path: Path, exclude: set[str], calibration_share: float, negatives: int, say_lang: str | None = None
) -> list[Asked]:
    """Answerable questions of a question-answering file.

    Args:
        path: `.jsonl` or `.jsonl.xz` with `question` and `context`.
        exclude: context keys of evaluation files.
        calibration_share: share of contexts that is never trained on (as for the reader).
        negatives: similar wrong passages kept for each question.
        say_lang: language of rows that do not tell.
    """
    found: list[Asked] = []
    lang = say_lang or "en"
    for row in read_lines(path):
        context, question = row.get("context") or row.get("positive"), row.get("question")
        if not context or not question or row.get("is_impossible") or row.get("history"):
            continue
        key = context_key(context)
        if key in exclude or for_calibration(context, calibration_share):
            continue
        lang = row.get("lang", lang)
        title = row.get("title") or ""
        answers = row.get("answers") or [""]
        text = _MARKUP.sub(" ", context)
        found.append(Asked(question, Passage(text, title if title.strip("/# ") else "", "", key, key), answers[0]))
    return _with_similar(found, lang, negatives)


def asked_of_text(path: Path, count: int, negatives: int, held: HeldOutText, seed: int) -> list[Asked]:
    """Chinese questions made of the sentences of a raw text file (cloze.py), with similar wrong passages."""
    made = cloze_questions((row["text"] for row in read_lines(path)), count, seed, path.name)
    found = []
    for example in made:
        if not held.overlaps(example.passage):
            answer = example.passage[slice(*example.quotes[0])] if example.quotes else ""
            key = context_key(example.passage)
            found.append(Asked(example.question, Passage(example.passage, document=key, key=key), answer))
    return _with_similar(found, "zh", negatives)


def _with_similar(found: list[Asked], lang: str, negatives: int) -> list[Asked]:
    if not negatives or not found:
        return found
    similar = SimilarPassages(list(dict.fromkeys(a.passage.text for a in found)), lang)
    ranked = similar.rank([a.question for a in found], negatives + 8)
    return [
        Asked(
            a.question,
            a.passage,
            a.answer,
            tuple(p for p in passages if p != a.passage.text and (not a.answer or a.answer not in p))[:negatives],
        )
        for a, passages in zip(found, ranked, strict=True)
    ]


def documents(path: Path, count: int, held: HeldOutText, seed: int) -> list[list[Passage]]:
    """Passages of up to `count` documents of a raw text file, grouped by document.

    Those that overlap an evaluation passage are left out.
    """
    rows = [row["text"] for row in read_lines(path)]
    rng = random.Random(seed)
    rng.shuffle(rows)
    found = []
    for number, text in enumerate(rows):
        passages = [p for p in _passages(text, f"{path.name}-{number}", rng) if not held.overlaps(p.text)]
        if len(passages) > _PASSAGES_PER_DOCUMENT:
            passages = rng.sample(passages, _PASSAGES_PER_DOCUMENT)
        if passages:
            found.append(passages)
        if len(found) >= count:
            break
    return found


def _passages(text: str, document: str, rng: random.Random) -> Iterator[Passage]:
    lines = [line.strip() for line in _MARKUP.sub("", text).split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        return
    title = _HEADING.sub("", lines[0])[:80]
    heading, size, most, number = "", 0.0, rng.uniform(_MIN_UNITS, _MAX_UNITS), 0
    body: list[str] = []
    for line in [*lines[1:], "# "]:
        opens = bool(_HEADING.match(line)) or _looks_like_heading(line)
        if opens or size >= most:
            if size >= _MIN_UNITS / 2:
                yield Passage("\n".join(body), title, heading, document, f"{document}-{number}")
                number += 1
            body, size, most = [], 0.0, rng.uniform(_MIN_UNITS, _MAX_UNITS)
        if opens:
            heading = _HEADING.sub("", line)[:80]
        else:
            body.append(line)
            size += units(line)


def _looks_like_heading(line: str) -> bool:
    return len(line) <= 14 and line[-1] not in "。，；：！？.,;:!?、）)|" and not line.startswith(("-", "*", "|", "第"))


def sentences(text: str) -> list[str]:
    """Sentences of a text that are long enough to be asked for."""
    found = (s.strip(" -*#>|") for s in _SENTENCE_END.split(text))
    return [s for s in found if _SENTENCE[0] <= units(s) <= _SENTENCE[1]]


def draw_from_document(passage: Passage, rng: random.Random) -> Drawn | None:
    """A query made of a passage: its headings, or one of its sentences, which then stands in it only half the time."""
    said = sentences(passage.text)
    if passage.title and (not said or rng.random() < 0.35):
        query = passage.title
        titled = not passage.heading
        if passage.heading and passage.heading != passage.title:
            query = f"{passage.title} {passage.heading}" if rng.random() < 0.8 else passage.heading
        return Drawn(query, passage.text, passage.document, passage.key, titled)
    if not said:
        return None
    chosen = rng.choice(said)
    text = passage.text
    if rng.random() < 0.5 and len(said) > 1:
        text = text.replace(chosen, "", 1)
    if rng.random() < 0.4:
        text = _headed(passage, text)
    query = chosen
    parts = [p for p in re.split(r"[，,、]", chosen) if units(p) >= _SENTENCE[0]]
    if len(parts) > 1 and rng.random() < 0.5:
        query = rng.choice(parts)
    return Drawn(query, text, passage.document, passage.key)


def draw_from_question(asked: Asked, rng: random.Random, longest: float) -> Drawn:
    """A question and its passage, cut to about `longest` units around the answer."""
    text = _window(asked.passage.text, asked.answer, rng, longest)
    if rng.random() < 0.4:
        text = _headed(asked.passage, text)
    negative = _window(rng.choice(asked.others), "", rng, longest) if asked.others else None
    return Drawn(asked.question, text, asked.passage.document, asked.passage.key, False, negative)


def _headed(passage: Passage, text: str) -> str:
    headings = [h for h in (passage.title, passage.heading) if h and h not in text]
    return " > ".join(headings) + "\n" + text if headings else text


def _window(text: str, answer: str, rng: random.Random, longest: float) -> str:
    """A stretch of whole sentences of a text that holds the answer."""
    pieces = [p for p in _SENTENCE_END.split(text) if p]
    sizes = [units(p) for p in pieces]
    if sum(sizes) <= longest or len(pieces) < 2:
        return text
    holds = [i for i, p in enumerate(pieces) if answer and answer in p]
    first = last = holds[0] if holds else rng.randrange(len(pieces))
    size = sizes[first]
    while True:
        ways = [i for i in (first - 1, last + 1) if 0 <= i < len(pieces) and size + sizes[i] <= longest]
        if not ways:
            break
        chosen = rng.choice(ways)
        size += sizes[chosen]
        first, last = min(first, chosen), max(last, chosen)
    joint = "" if "\u4e00" <= pieces[first][:1] <= "\u9fff" else " "
    return joint.join(pieces[first : last + 1])
