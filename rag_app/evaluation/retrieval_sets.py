"""Sets of queries with judged documents: folders in BEIR's layout, and files of questions with their passages."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.json_lines import DataError, read_lines
from rag_app.evaluation.answers import read_questions

Documents = Mapping[str, tuple[str, str]]  # id -> (title, text)
Judgements = Mapping[str, Mapping[str, int]]  # query id -> document id -> relevance > 0


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries (id -> text) over a corpus, each with at least one relevant document."""

    name: str
    queries: Mapping[str, str]
    judged: Judgements

    def first(self, limit: int | None) -> QuerySet:
        """The same set with its first `limit` queries only."""
        return QuerySet(self.name, dict(list(self.queries.items())[:limit]), self.judged)


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are searched together, and the sets of queries over them."""

    documents: Documents
    query_sets: Sequence[QuerySet]


def read_beir(corpus: Path, queries: Path, qrels: Path, name: str) -> Collection:
    """A collection of three files in BEIR's format; each may be xz-compressed.

    Raises:
        DataError: a file is missing or not in BEIR's format.
    """
    documents = {str(r["_id"]): (str(r.get("title") or ""), str(r["text"])) for r in _rows(corpus)}
    asked = {str(r["_id"]): str(r["text"]) for r in _rows(queries)}
    judged: dict[str, dict[str, int]] = {}
    try:
        with qrels.open(encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, delimiter="\t"):
                if len(row) < 3 or not row[-1].lstrip("-").isdigit():
                    continue  # the header
                if int(row[-1]) > 0:
                    judged.setdefault(row[0], {})[row[-2]] = int(row[-1])
    except OSError as error:
        raise DataError(f"{qrels}: {error.strerror or error}") from error
    asked = {i: text for i, text in asked.items() if i in judged}
    if not asked:
        raise DataError(f"no query of {queries} has a judgement in {qrels}")
    return Collection(documents, [QuerySet(name, asked, judged)])


def read_beir_folder(folder: Path) -> Collection:
    """A collection of `corpus.jsonl`, `queries.jsonl` (or `….jsonl.xz`) and `qrels.tsv` or `qrels/test.tsv`.

    Raises:
        DataError: a file is missing or not in BEIR's format.
    """
    return read_beir(
        _present(folder, "corpus.jsonl", "corpus.jsonl.xz"),
        _present(folder, "queries.jsonl", "queries.jsonl.xz"),
        _present(folder, "qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv"),
        folder.resolve().name,
    )


def read_question_files(files: Sequence[Path], distractors: Sequence[Path] = ()) -> Collection:
    """One collection of the passages of all files together; a set of queries for each of `files`.

    The passage that a question stands beside is its one relevant document; questions without an answer are left out.

    Args:
        files: JSON lines with `context`, `question`, `answers`, `title`; may be xz-compressed.
        distractors: more such files, of which only the passages are used.

    Raises:
        DataError: a file cannot be used.
    """
    ids: dict[str, str] = {}
    documents: dict[str, tuple[str, str]] = {}
    sets = []
    for file in [*files, *distractors]:
        questions, contexts = read_questions(file)
        for context, title in contexts.items():
            if context not in ids:
                ids[context] = f"passage-{len(ids)}"
                documents[ids[context]] = (title, context)
        if file in files:
            answerable = [q for q in questions if q.answerable]
            if not answerable:
                raise DataError(f"{file} holds no question with an answer")
            name = file.name.removesuffix(".xz").removesuffix(".jsonl")
            judged = {q.id: {ids[q.context]: 1} for q in answerable}
            sets.append(QuerySet(name, {q.id: q.question for q in answerable}, judged))
    return Collection(documents, sets)


def _present(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder} holds no {' or '.join(names)}")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for row in read_lines(path):
        if "_id" not in row or "text" not in row:
            raise DataError(f'{path}: every line needs "_id" and "text"')
        yield row
