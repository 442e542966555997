"""Questions over the tables of raw Markdown text: a cell is asked for by its row's name and its column's.

The wrong cells of the same column stand right beside the right one, so this is also practice in telling near misses
apart. A question about a row that the table does not have is answered by silence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from model.text.language import Language
from model.training.examples import Example

MAX_CHARACTERS = {"en": 1100, "zh": 420}  # characters of a table's passage
PER_DOCUMENT = 6  # questions: repositories repeat their tables
UNANSWERABLE = 0.15  # share of questions about a row that is not there
_SEPARATOR = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)+\|?\s*$")
_DESCRIBES = re.compile(r"desc|mean|purpose|detail|explan|说明|描述|含义|作用|意义|备注|解释|用途", re.IGNORECASE)

_CELL = {
    "en": (
        "What is the {h} of {r}?",
        "What {h} does {r} have?",
        "Which {h} is given for {r}?",
        "{h} of {r}?",
        "What's {r}'s {h}?",
        "What does the table say about the {h} of {r}?",
        "{r} {h}?",
        "Tell me the {h} for {r}.",
    ),
    "zh": (
        "{r}的{h}是什么？",
        "{r}的{h}是多少？",
        "{r}的{h}？",
        "{r}对应的{h}是哪个？",
        "请问{r}的{h}是什么",
        "{r}是什么{h}？",
        "表里{r}的{h}写的是什么？",
    ),
}
_MEANING = {
    "en": ("What does {r} mean?", "What is {r} for?", "What does {r} do?", "I see {r}, what is that?", "{r}: meaning?"),
    "zh": ("{r}是什么意思？", "{r}是做什么用的？", "{r}有什么作用？", "{r}代表什么？", "出现{r}说明什么？"),
}
_ROW = {
    "en": ("Which {k} has {h} {c}?", "Which {k} is listed with the {h} {c}?", "For which {k} is the {h} {c}?"),
    "zh": ("哪个{k}的{h}是{c}？", "{h}为{c}的{k}是哪个？", "{h}是{c}的是哪一个？"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the line before it; every row has as many cells as the header."""

    before: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table_questions(
    texts: Iterable[str], lang: Language, count: int, seed: int, source: str, pairs: float = 0.2
) -> list[Example]:
    """Make `count` questions, at most six a document, fewer if the texts run out; the same for the same seed.

    Args:
        texts: Markdown documents in `lang`.
        lang: language of the questions' templates.
        count: how many.
        seed: chooses rows, columns, wording and the way the table is written.
        source: stored as the examples' source.
        pairs: share of tables written as `header: value` rows.
    """
    rng = random.Random(seed)
    made: list[Example] = []
    strangers: list[str] = []  # row names of earlier tables
    for text in texts:
        if len(made) >= count:
            break
        found = list(tables(text))
        for table in rng.sample(found, min(PER_DOCUMENT, len(found))):
            for _ in range(max(1, min(PER_DOCUMENT // len(found), len(table.rows) // 2))):
                example = _ask(table, lang, strangers, rng, source, pairs)
                if example is not None:
                    made.append(example)
            strangers = [*strangers[-200:], *(row[0] for row in table.rows)]
    return made[:count]


def tables(text: str) -> Iterator[Table]:
    """The well-formed Markdown tables of a document."""
    lines = text.split("\n")
    i = 1
    while i < len(lines):
        if not _SEPARATOR.match(lines[i]) or "|" not in lines[i - 1]:
            i += 1
            continue
        header = _cells(lines[i - 1])
        before = next((x.strip() for x in reversed(lines[max(0, i - 4) : i - 1]) if x.strip()), "")
        rows, i = [], i + 1
        while i < len(lines) and "|" in lines[i]:
            cells = _cells(lines[i])
            if len(cells) == len(header):
                rows.append(cells)
            i += 1
        if len(header) >= 2 and len(rows) >= 2:
            yield Table(before[:160], header, tuple(rows))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(c.strip().strip("*`").strip() for c in line.strip().strip("|").split("|"))


def _ask(
    table: Table, lang: Language, strangers: Sequence[str], rng: random.Random, source: str, pairs: float
) -> Example | None:
    first = rng.randrange(len(table.rows))
    rows = table.rows[max(0, first - rng.randint(0, 8)) :]
    passage, places = _written(table, rows, MAX_CHARACTERS[lang], rng, pairs)
    shown = len({r for r, _ in places})
    if shown < 2:
        return None
    row, column = rng.randrange(shown), rng.randrange(1, len(table.header))
    name, cell = rows[row][0], rows[row][column]
    names = [r[0] for r in rows[:shown]]
    if not name or not cell or names.count(name) > 1 or (row, column) not in places:
        return None
    heading, key = table.header[column].lower() if lang == "en" else table.header[column], table.header[0]
    if rng.random() < UNANSWERABLE and strangers:
        stranger = rng.choice(strangers)
        if stranger and stranger.lower() not in passage.lower() and heading:
            return Example(_fill(_CELL[lang], rng, r=stranger, h=heading), passage, (), lang, source)
    cells = [r[column] for r in rows[:shown]]
    if rng.random() < 0.2 and cells.count(cell) == 1 and len(cell) <= 40 and heading and key and (row, 0) in places:
        question = _fill(_ROW[lang], rng, k=key.lower(), h=heading, c=cell)
        return Example(question, passage, (places[row, 0],), lang, source)
    if _DESCRIBES.search(heading) or not heading:
        return Example(_fill(_MEANING[lang], rng, r=name), passage, (places[row, column],), lang, source)
    return Example(_fill(_CELL[lang], rng, r=name, h=heading), passage, (places[row, column],), lang, source)


def _fill(templates: Sequence[str], rng: random.Random, **values: str) -> str:
    return rng.choice(templates).format(**values)


def _written(
    table: Table, rows: Sequence[tuple[str, ...]], limit: int, rng: random.Random, pairs: float
) -> tuple[str, dict[tuple[int, int], tuple[int, int]]]:
    """The table as text in one of the ways documents write tables, and the span of every filled cell."""
    others = (0.6875, 0.1875, 0.125)
    weights = (*(w * (1 - pairs) for w in others), pairs)
    style = rng.choices(("markdown", "bars", "tabs", "pairs"), weights)[0]
    text = table.before + "\n" if table.before and rng.random() < 0.7 else ""
    places: dict[tuple[int, int], tuple[int, int]] = {}
    if style == "markdown":
        text += "| " + " | ".join(table.header) + " |\n|" + " --- |" * len(table.header) + "\n"
    elif style != "pairs":
        text += (" | " if style == "bars" else "\t").join(table.header) + "\n"
    for i, row in enumerate(rows):
        line, spans = "| " if style == "markdown" else "", []
        for j, cell in enumerate(row):
            if style == "pairs":
                line += f"{table.header[j]}: " if table.header[j] else ""
            spans.append((len(line), len(line) + len(cell)))
            last = j + 1 == len(row)
            line += cell + {"markdown": " |" if last else " | ", "pairs": "" if last else "; "}.get(
                style, "" if last else " | " if style == "bars" else "\t"
            )
        if len(text) + len(line) > limit:
            break
        for j, (a, b) in enumerate(spans):
            if b > a:
                places[i, j] = (len(text) + a, len(text) + b)
        text += line + "\n"
    return text, places
