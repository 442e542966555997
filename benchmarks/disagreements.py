"""Documents that disagree: are both answers listed, and is nothing listed beside an answer that stands alone?

Without arguments: old and new handbooks, leases and manuals. With `--single FILE`: questions with one answer, in a file
as `rag eval answers` takes it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ingest.job import ingest
from ingest.library import Library
from model.metrics import RIGHT, best, f1
from rag_app.answers.answer import Answer
from rag_app.chain import build_chain
from rag_app.chat_models.configured import build_chat_model
from rag_app.collection import build_embedder
from rag_app.evaluation.answers import read_questions
from rag_app.evaluation.temporary_library import temporary_library
from rag_app.settings import Settings

HERE = Path(__file__).resolve().parent / "disagreements"
SETTINGS = Settings()


def disagreeing() -> Iterator[str]:
    """Ask about documents of which one is newer than the other; yield what came of each question."""
    rows = [json.loads(line) for line in (HERE / "questions.jsonl").read_text("utf-8").splitlines()]
    model, embedder = build_chat_model(SETTINGS), build_embedder(SETTINGS)
    for folder, asked in groupby(rows, key=lambda r: r["folder"]):
        with tempfile.TemporaryDirectory() as home, Library.open(Path(home), embedder) as library:
            ingest(library, [HERE / folder])
            chain = build_chain(SETTINGS, library=library, model=model)
            for row in asked:
                answer = chain.invoke({"question": row["question"]})
                yield f"{len(row['answers'])} answers: {_outcome(answer, row['answers'])}"


def _outcome(answer: Answer, expected: list[str]) -> str:
    said = [a.text for a in answer.answers]
    if not said:
        return "not answered"
    found = sum(any(words in text for text in said) for words in expected)
    if len(said) > len(expected):
        return "one too many"
    return "as many, all right" if found == len(expected) == len(said) else f"{found} right of {len(said)} listed"


def single(path: Path, limit: int | None) -> Iterator[str]:
    """Ask questions that have one answer; yield what was listed."""
    questions, contexts = read_questions(path)
    texts = {f"context-{i:06d}.txt": (title, text) for i, (text, title) in enumerate(contexts.items())}
    with temporary_library(texts, build_embedder(SETTINGS), quiet=False) as library:
        chain = build_chain(SETTINGS, library=library)
        for question in questions[:limit]:
            said = [a.text for a in chain.invoke({"question": question.question}).answers]
            right = [best(f1, text, question.answers, question.lang) >= RIGHT for text in said]
            if len(said) < 2:
                yield "one answer" if said else "not answered"
            elif right[0]:
                yield "several answers, the first is right"
            else:
                yield "several answers, a further one is right" if any(right) else "several answers, none is right"


def main() -> None:
    """Print how often each outcome came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--single", type=Path, metavar="FILE")
    parser.add_argument("--limit", type=int, help="only the first N questions of FILE")
    arguments = parser.parse_args()
    outcomes = single(arguments.single, arguments.limit) if arguments.single else disagreeing()
    for outcome, n in sorted(Counter(outcomes).items()):
        print(f"{n:5}  {outcome}")


if __name__ == "__main__":
    main()
