"""Conversations made by rule from questions about passages, for training and measuring.

`independent` puts other questions before a question that stands alone; `shortened` makes follow-ups: of two questions
on one passage that name the same thing, the second gets a pronoun in its place or, in Chinese, nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model.json_lines import DataError, read_lines
from model.language import language_of
from rag_app.followups.chinese import words
from rag_app.followups.conversation import Turn
from rag_app.followups.phrases_en import phrases
from rag_app.followups.rows import Row

_PRONOUN = re.compile(r"^它|\bits?\b")
_LEFT_OVER = re.compile(r"^(里面?|上面?|中|时|的|，|、|\s)+")


def independent(path: Path, *, same_passage: bool, seed: int = 0, most: int | None = None) -> list[Row]:
    """Questions, each after one to three others of the file that it does not need.

    Args:
        path: JSON lines with `question`, `context`, `answers`.
        same_passage: the others are asked about the same passage; questions without such are left out.
        seed: of the drawing.
        most: rows drawn; None: all.

    Raises:
        DataError: the file or a line cannot be used.
    """
    rows, passages = _read(path)
    draw = random.Random(seed)
    found: list[Row] = []
    for i in draw.sample(range(len(rows)), min(len(rows), most or len(rows))):
        pool = passages[rows[i]["context"]] if same_passage else range(len(rows))
        others = [j for j in draw.sample(pool, min(len(pool), 4)) if j != i][:draw.choice((1, 1, 2, 3))]
        if others:
            question = rows[i]["question"].strip()
            turns = tuple(_turn(rows[j]) for j in others)
            found.append(Row(str(rows[i].get("id", i)), turns, question, question, dependent=False))
    return found


def shortened(path: Path, *, seed: int = 0) -> Iterator[tuple[Row, str]]:
    """Follow-ups with the passage that answers them; `standalone` is the question as it was written.

    Raises:
        DataError: the file or a line cannot be used.
    """
    rows, passages = _read(path)
    draw = random.Random(seed)
    for i, row in enumerate(rows):
        other = rows[draw.choice(passages[row["context"]])]
        question = row["question"].strip()
        if other is row:
            continue
        make = _shorter_chinese if language_of(question) == "zh" else _shorter_english
        short = make(question, other["question"], draw)
        if short:
            yield Row(str(row.get("id", i)), (_turn(other),), short, question, dependent=True), row["context"]


def compound(path: Path, *, seed: int = 0) -> list[Row]:
    """Two questions on one passage asked in one, the second with a pronoun: its antecedent is in the question itself.

    The history is questions on other passages.

    Raises:
        DataError: the file or a line cannot be used.
    """
    made = [r for r, _ in shortened(path, seed=seed) if _PRONOUN.search(r.question)]
    draw = random.Random(seed)
    found: list[Row] = []
    for row in made:
        first = row.turns[0].question.rstrip("？?。. ")
        if row.lang == "zh":
            question = f"{first}，{row.question.replace('它', draw.choice('它它他她'), 1)}"
        else:
            question = f"{first}, and {row.question[0].lower()}{row.question[1:]}"
        told = draw.choice(made)
        if told is not row:
            found.append(Row(row.id, (Turn(told.standalone),), question, question, dependent=False))
    return found


def _shorter_chinese(question: str, other: str, draw: random.Random) -> str | None:
    """Without the words that both begin with, or with 它 for them."""
    shared = [w.end for w in words(question) if w.noun and w.end >= 2 and question[:w.end] in other]
    if not shared:
        return None
    rest = question[max(shared):]
    short = "它" + rest if draw.random() < 0.5 else _LEFT_OVER.sub("", rest)
    return short if len(short) >= 4 and rest[:1] not in {"·", "-", "》"} else None


def _shorter_english(question: str, other: str, draw: random.Random) -> str | None:
    """With "it" for the longest phrase that both name."""
    del draw
    shared = [p for p in phrases(question, linked=False) if p.named and not p.asked and p.text in other]
    if not shared:
        return None
    old = max(shared, key=lambda p: len(p.text))
    before = re.sub(r"\b(the|a|an)\s+$", "", question[:old.start], flags=re.IGNORECASE)
    after = question[old.end:]
    if after.startswith(("'s ", "’s ")):
        return f"{before}its{after[2:]}"
    # What goes on ("the OpenSearch plugin", "Rust's") would leave a pronoun before a noun.
    return f"{before}it{after}" if re.match(r"[\s,]*([?.!]|$|\w+)", after) and not after.startswith("-") else None


def _read(path: Path) -> tuple[list[dict[str, Any]], dict[str, list[int]]]:
    rows = list(read_lines(path))
    passages: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if not isinstance(row.get("question"), str) or not isinstance(row.get("context"), str):
            raise DataError(f'{path}, line {i + 1}: "question" and "context" are needed')
        passages.setdefault(row["context"], []).append(i)
    return rows, passages


def _turn(row: dict[str, Any]) -> Turn:
    answers = row.get("answers") or [""]
    return Turn(row["question"], str(answers[0]))
