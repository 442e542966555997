"""Dialogues with the passages that answer them, to measure what completing follow-ups does for retrieval.

Where rows carry their passages (`context`, or a list `contexts`), these are the collection. CANARD and files like it
carry none: there the collection is made of the dialogues themselves, one document each, whose title is the dialogue's
and whose text is all its answers. A question is judged by whether its own dialogue's document is found, so that the
topic has to be right, not the very sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tqdm import tqdm

from model.json_lines import DataError, read_lines
from rag_app.evaluation.intervals import Rate, rate
from rag_app.followups.made import shortened
from rag_app.followups.rewriter import Rewriter, RuleRewriter
from rag_app.followups.rows import Row, conversation_of, part_of, row_of
from rag_app.history import standalone_after

_NO_ANSWER = {"i don't know.", "i don't know", "cannotanswer"}     # CANARD and QuAC: the text does not say


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in a dialogue and the names of the documents that answer it; `by_people`: a person rewrote it."""

    row: Row
    documents: frozenset[str]
    by_people: bool


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Documents, name -> (title, text), and questions about them."""

    documents: Mapping[str, tuple[str, str]]
    asked: Sequence[Asked]


def read_dialogues(path: Path, part: str) -> Dialogues:
    """Read dialogues; the documents are those of the whole file, the questions those of a part that have a history.

    Args:
        path: JSON lines as `rag_app.followups.rows.read_rows` takes them, `rewrite` being optional, with `context` or
            `contexts`; without either, rows of one dialogue have the same `id` but for its end, "_q" and a number.
        part: `all`, `first`, `last`, see `part_of`.

    Raises:
        DataError: the file or a line cannot be used, or nothing in it can be judged.
    """
    rows = list(read_lines(path))
    carried = any("context" in r or "contexts" in r for r in rows)
    found = _with_passages(path, rows) if carried else _with_answers(path, rows)
    chosen = set(map(id, part_of([a.row for a in found.asked], part)))
    asked = [a for a in found.asked if id(a.row) in chosen]
    if not asked:
        raise DataError(f"{path}: no question with a history whose passage or answer is known")
    return Dialogues(found.documents, asked)


def made_dialogues(path: Path) -> Dialogues:
    """Follow-ups made by rule from questions about passages (`shortened`); the person's is the question as written.

    Raises:
        DataError: the file or a line cannot be used.
    """
    names: dict[str, str] = {}
    documents: dict[str, tuple[str, str]] = {}
    for line in read_lines(path):
        _name(str(line.get("context")), str(line.get("title") or ""), names, documents)
    asked = [Asked(row, frozenset({names[passage]}), by_people=True) for row, passage in shortened(path)]
    return Dialogues(documents, asked)


def recall(
    asked: Sequence[Asked], find: Callable[[str], Sequence[str]], *, quiet: bool, rewriter: Rewriter | None = None
) -> dict[str, dict[str, Rate | None]]:
    """Share of questions for which a document that answers them is among those found, 0..1, with 95 % intervals.

    For the question as asked (`raw`), completed by us (`rewritten`) and by a person (`by_people`, None where nobody
    did); of `all` questions and of those `dependent` on the history, by the person's rewriting.

    Args:
        asked: questions with the documents that answer them.
        find: a question -> names of documents.
        quiet: no progress bar on stderr.
        rewriter: completes the questions; None: by rule.
    """
    rewriter = rewriter or RuleRewriter()
    search = cache(find)    # many questions are their own rewriting
    hits: list[tuple[bool, bool, bool]] = []
    for a in tqdm(asked, unit="q", disable=quiet):
        ours = standalone_after(a.row.question, a.row.turns, rewriter=rewriter)
        raw, rewritten, person = (
            not a.documents.isdisjoint(search(question)) for question in (a.row.question, ours, a.row.standalone)
        )
        hits.append((raw, rewritten, person))
    groups = {"all": hits}
    if all(a.by_people for a in asked):
        groups["dependent"] = [h for h, a in zip(hits, asked, strict=True) if a.row.dependent]
    return {
        name: {
            "raw": rate([h[0] for h in of]), "rewritten": rate([h[1] for h in of]),
            "by_people": rate([h[2] for h in of]) if "dependent" in groups else None,
        }
        for name, of in groups.items()
    }


def _with_passages(path: Path, rows: Sequence[dict[str, Any]]) -> Dialogues:
    names: dict[str, str] = {}
    documents: dict[str, tuple[str, str]] = {}
    asked: list[Asked] = []
    for number, line in enumerate(rows, 1):
        texts = line.get("contexts", [line.get("context")])
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise DataError(f'{path}, line {number}: "context" is no text, or "contexts" no list of texts')
        judged = frozenset(_name(t, str(line.get("title") or ""), names, documents) for t in texts if t.strip())
        if row := _row(path, number, line):
            asked.append(Asked(row, judged, by_people=_rewritten(line)))
    return Dialogues(documents, [a for a in asked if a.documents])


def _with_answers(path: Path, rows: Sequence[dict[str, Any]]) -> Dialogues:
    """One document a dialogue; a question's answer is what its longest history says after it."""
    longest: dict[str, dict[str, Any]] = {}
    for line in rows:
        key = conversation_of(str(line.get("id")))
        if len(line.get("history") or []) >= len(longest.get(key, {}).get("history") or []):
            longest[key] = line
    names: dict[str, str] = {}
    documents: dict[str, tuple[str, str]] = {}
    for key, line in longest.items():
        answers = [str(a) for a in (line.get("history") or [])[1::2] if _is_answer(str(a))]
        if answers:
            names[key] = _name("\n".join(answers), str(line.get("title") or ""), {}, documents)
    asked: list[Asked] = []
    for number, line in enumerate(rows, 1):
        key = conversation_of(str(line.get("id")))
        said, place = longest[key].get("history") or [], len(line.get("history") or []) + 1
        row = _row(path, number, line)
        if row and key in names and place < len(said) and _is_answer(str(said[place])):
            asked.append(Asked(row, frozenset({names[key]}), by_people=_rewritten(line)))
    return Dialogues(documents, asked)


def _row(path: Path, number: int, line: dict[str, Any]) -> Row | None:
    known = line if _rewritten(line) else {**line, "rewrite": line.get("question")}
    return row_of(known, number, path)


def _rewritten(line: dict[str, Any]) -> bool:
    return "rewrite" in line or "standalone" in line


def _is_answer(text: str) -> bool:
    return bool(text.strip()) and text.strip().lower() not in _NO_ANSWER


def _name(text: str, title: str, names: dict[str, str], documents: dict[str, tuple[str, str]]) -> str:
    """The name of a document with a text, which is added where it is new."""
    if text not in names:
        names[text] = f"document-{len(documents):06d}.txt"
        documents[names[text]] = (title, text)
    return names[text]

