"""Questions on whole documents, each read over a window of its document as retrieval would cut it.

A window is a run of sentences (rows and list lines count as sentences) of random size that holds the answer, under the
document's title and the headings above it. For the same question other windows of the same document, which do not
hold the answer but mention what is asked about, are practice in silence: the other site's hours, the other group's
price; so are windows of other documents, as a search over a library of some documents would bring them. Each time an
example is repeated it gets another window.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from model.json_lines import read_lines
from model.reader.prompt import Turn, heading_of
from model.training.examples import Example, answer_spans, context_key, for_calibration
from model.training.synthetic.near_misses import SENTENCE
from model.training.synthetic.similar_passages import SimilarPassages

UNITS = (45.0, 270.0)  # size of a window: a CJK character is one unit, any other character a quarter
NO_HEADING = 0.25  # of the windows are read without title and headings, so that it works without them, too
SOME_HEADING = 0.2  # with the title alone
NEAR = 0.7  # of the windows without the answer: where most words of the question stand
LIBRARY = 24  # documents among which a question looks for windows of the others
FOUND = 6  # the most similar windows of other documents, one of which is taken
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_TERM = re.compile(r"[a-z]{3,}|\d+|[\u3400-\u9fff](?=([\u3400-\u9fff]))")

Span = tuple[int, int]


def units(text: str) -> float:
    """Size of a text."""
    cjk = len(_CJK.findall(text))
    return cjk + (len(text) - cjk) / 4


@dataclass(frozen=True)
class Question:
    """A row on a document."""

    document: Document
    question: str
    answers: tuple[Span, ...]  # of the document; empty: it does not say
    lang: str
    source: str
    history: tuple[Turn, ...]


@dataclass(frozen=True)
class Document:
    """A text with its title."""

    title: str
    text: str

    @cached_property
    def sentences(self) -> list[Span]:
        """Start and end of each sentence, row or line; together the whole text."""
        return [m.span() for m in SENTENCE.finditer(self.text)]

    @cached_property
    def headings(self) -> list[tuple[int, int, str]]:
        """Place, level and text of Markdown's headings."""
        return [(m.start(), len(m.group(1)), m.group(2)) for m in _HEADING.finditer(self.text)]

    def heading_at(self, place: int) -> tuple[str, ...]:
        """The headings above a place, outermost first."""
        path: list[tuple[int, str]] = []
        for start, level, text in self.headings:
            if start > place:
                break
            path = [*(p for p in path if p[0] < level), (level, text)]
        return tuple(text for _, text in path)


def questions_of(path: Path, exclude: set[str], calibration_share: float = 0.0) -> list[Question]:
    """All rows of a file but those on excluded or reserved documents and those whose answer is not in the text.

    A row with a `history` and a `standalone` form gives two questions.
    """
    documents: dict[str, Document] = {}
    found: list[Question] = []
    for row in read_lines(path):
        context = row["context"]
        if context_key(context) in exclude or for_calibration(context, calibration_share):
            continue
        document = documents.setdefault(context, Document(row.get("title", ""), context))
        spans = () if row.get("is_impossible") else answer_spans(row, context)
        if spans is None:
            continue
        history = tuple((str(q), str(a)) for q, a in row.get("history") or ())
        found.append(Question(document, row["question"], spans, row.get("lang", "en"), path.name, history))
        if history and row.get("standalone"):
            found.append(Question(document, row["standalone"], spans, row.get("lang", "en"), path.name, ()))
    return found


def in_one_breath(questions: Sequence[Question], share: float, rng: random.Random) -> list[Question]:
    """Two questions about one document asked at once: "When does the lease end and how much is the deposit?".

    Args:
        questions: where they are taken from.
        share: how many to make, as a share of `questions`.
        rng: chooses; pairs whose answers overlap or lie too far apart for one window are passed over.
    """
    by_document: defaultdict[int, list[Question]] = defaultdict(list)
    for q in questions:
        if len(q.answers) == 1 and not q.history:
            by_document[id(q.document)].append(q)
    groups = [g for g in by_document.values() if len(g) > 1]
    made: list[Question] = []
    wanted = round(share * len(questions))
    for _ in range(20 * wanted if groups else 0):
        if len(made) == wanted:
            break
        a, b = rng.sample(rng.choice(groups), 2)
        (low, high), other = a.answers[0], b.answers[0]
        span = a.document.text[min(low, other[0]) : max(high, other[1])]
        if max(low, other[0]) < min(high, other[1]) or units(span) > UNITS[1] * 0.8:
            continue
        if a.lang == "en":
            second = b.question if b.question[:2] == "I " else b.question[:1].lower() + b.question[1:]
            joined = f"{a.question.rstrip('?. ')} {rng.choice(('and', ', and', '? And'))} {second}".replace(" ,", ",")
        else:
            joined = f"{a.question.rstrip('？?。')}{rng.choice(('，', '，还有', '？'))}{b.question}"
        made.append(replace(a, question=joined.replace(" ?", "?"), answers=(*a.answers, *b.answers)))
    return made


def window_examples(questions: Sequence[Question], elsewhere: float, rng: random.Random) -> Iterator[Example]:
    """One window for each question, and for a share of the answerable ones another that lacks the answer."""
    for q in questions:
        made = _example(q, q.answers, rng)
        if made is not None:
            yield made
        if q.answers and rng.random() < elsewhere:
            other = _without_answer(q, rng)
            if other is not None:
                yield other


def windows_of_others(questions: Sequence[Question], share: float, rng: random.Random) -> Iterator[Example]:
    """Windows of other documents that look as if they answered: a search brings them beside the right one.

    The documents of a language are dealt into random libraries of `LIBRARY`: among all of them too many would truly
    answer a question that does not name its document.

    Args:
        questions: on documents; those without an answer are passed over.
        share: of the answerable ones get such a window.
        rng: deals, and chooses windows.
    """
    for lang in sorted({q.lang for q in questions}):
        mine = [q for q in questions if q.lang == lang]
        documents = list({id(q.document): q.document for q in mine}.values())
        rng.shuffle(documents)
        for first in range(0, len(documents), LIBRARY):
            shelf = documents[first : first + LIBRARY]
            ids = {id(d) for d in shelf}
            asked = [q for q in mine if id(q.document) in ids and q.answers and rng.random() < share]
            if asked and len(shelf) > 1:
                yield from _found_elsewhere(asked, shelf, rng)


def _found_elsewhere(asked: Sequence[Question], shelf: Sequence[Document], rng: random.Random) -> Iterator[Example]:
    cut = {d.text[a:b].strip(): (d, (a, b)) for d in shelf for a, b in _pieces(d, rng)}
    similar = SimilarPassages([text for text in cut if text], asked[0].lang)
    typed = [" ".join([*(part for turn in q.history for part in turn), q.question]) for q in asked]
    for q, ranked in zip(asked, similar.rank(typed, FOUND + LIBRARY), strict=True):
        answers = [q.document.text[a:b].strip().casefold() for a, b in q.answers]
        others = [
            cut[text]
            for text in ranked
            if cut[text][0] is not q.document and not any(a in text.casefold() for a in answers)
        ][:FOUND]
        if others:
            document, place = others[min(rng.randrange(len(others)), rng.randrange(len(others)))]
            made = _cut(replace(q, document=document), place, (), rng)
            if made is not None:
                yield made


def _pieces(document: Document, rng: random.Random) -> Iterator[Span]:
    """The whole document in windows of random size."""
    first, sentences = 0, document.sentences
    while first < len(sentences):
        size, last = rng.uniform(*UNITS), first
        start = sentences[first][0]
        while last + 1 < len(sentences) and units(document.text[start : sentences[last + 1][1]]) <= size:
            last += 1
        yield start, sentences[last][1]
        first = last + 1


def _example(q: Question, answers: Sequence[Span], rng: random.Random) -> Example | None:
    sentences = q.document.sentences
    if answers:
        low, high = min(a for a, _ in answers), max(b for _, b in answers)
        touched = [i for i, (a, b) in enumerate(sentences) if a < high and b > low]
    else:
        touched = [_near(q, range(len(sentences)), rng)]
    place = _grown(q.document, touched[0], touched[-1], rng.uniform(*UNITS), rng, range(len(sentences)))
    return None if place is None else _cut(q, place, answers, rng)


def _without_answer(q: Question, rng: random.Random) -> Example | None:
    """A window of the same document that holds nothing of the answer, if the document is long enough."""
    sentences = q.document.sentences
    texts = [q.document.text[a:b].strip().casefold() for a, b in q.answers]
    free = [
        i
        for i, (a, b) in enumerate(sentences)
        if not any(a < end and b > start for start, end in q.answers)
        and not any(t in q.document.text[a:b].casefold() for t in texts)
    ]
    if len(free) < 3:
        return None
    seed = _near(q, free, rng)
    first = last = seed
    allowed = set(free)
    while first - 1 in allowed:
        first -= 1
    while last + 1 in allowed:
        last += 1
    place = _grown(q.document, seed, seed, rng.uniform(*UNITS), rng, range(first, last + 1))
    if place is None or units(q.document.text[place[0] : place[1]]) < UNITS[0] / 2:
        return None
    return _cut(q, place, (), rng)


def _near(q: Question, among: Sequence[int], rng: random.Random) -> int:
    """A sentence, mostly the one that shares most rare words with the question."""
    if rng.random() > NEAR:
        return rng.choice(list(among))
    sentences = q.document.sentences
    terms = _terms(q.question)
    holds = [_terms(q.document.text[a:b]) for a, b in sentences]
    spread = {t: sum(t in h for h in holds) for t in terms}
    return max(among, key=lambda i: (sum(1 / spread[t] for t in terms & holds[i]), rng.random()))


def _terms(text: str) -> set[str]:
    return {m.group() + (m.group(1) or "") for m in _TERM.finditer(text.casefold())}


def _grown(document: Document, first: int, last: int, size: float, rng: random.Random, within: range) -> Span | None:
    """Sentences first..last with as many neighbours on random sides as fit; None if they alone are far too long."""
    spans = document.sentences
    taken = units(document.text[spans[first][0] : spans[last][1]])
    if taken > UNITS[1] * 1.15:
        return None
    while True:
        sides = [s for s in (first - 1, last + 1) if s in within]
        if not sides:
            break
        side = rng.choice(sides)
        taken += units(document.text[spans[side][0] : spans[side][1]])
        if taken > size:
            break
        first, last = min(first, side), max(last, side)
    return spans[first][0], spans[last][1]


def _cut(q: Question, place: Span, answers: Sequence[Span], rng: random.Random) -> Example | None:
    raw = q.document.text[place[0] : place[1]]
    text = raw.strip()
    if not text:
        return None
    start = place[0] + raw.index(text[0])
    quotes = tuple((a - start, b - start) for a, b in answers)
    draw = rng.random()
    path = q.document.heading_at(start) if draw >= NO_HEADING + SOME_HEADING else ()
    heading = "" if draw < NO_HEADING else heading_of(q.document.title, path)
    return Example(q.question, text, quotes, q.lang, q.source, q.history, heading)
