"""Cases for a reader's confidence: the product asked about documents that the reader's training never saw.

The documents that the recipe reserves are put into a library, and each of their questions goes through retrieval and
reading as in the product. A part of the questions is asked a second time without the passages that hold the answer, so
that every quote is wrong: documents often do not say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from langchain_core.documents import Document

from ingest.embedding.embedder import Embedder
from model.metrics import RIGHT, best, f1
from model.reader.answering import Answerer
from model.reader.calibration import Calibration
from model.reader.grounded import GroundedReader
from model.reader.prompt import MAX_TURNS, heading_of
from model.training.examples import context_key, for_calibration, held_out
from model.training.reader.calibrate import Judged
from model.training.recipe import Recipe
from rag_app.chat_models.local_gpt import with_announced_items
from rag_app.chat_models.table_rows import read_rows
from rag_app.evaluation.answers import Question, read_questions
from rag_app.evaluation.temporary_library import temporary_library
from rag_app.question.conversation import searched_with
from rag_app.retrieval.retriever import LibraryRetriever

PEOPLE = ("private_", "docqa_")  # files of questions as people ask them about their documents
PASSAGES = 8  # as many as the product reads by default
WITHOUT = 0.25  # share of the answerable questions that are also asked without what answers them
MAX_QUESTIONS = 600  # of one file; bounds the time


def judged_cases(
    recipe: Recipe, data: Path, reader: GroundedReader, embedder: Embedder, say: Callable[[str], None]
) -> list[Judged]:
    """Ask all reserved questions of people's files and judge the best answers.

    Args:
        recipe: by which the reader was trained; names the files and the share of documents that it reserves.
        data: folder of the files.
        reader: as the product uses it.
        embedder: of the product.
        say: receives progress lines.

    Raises:
        DataError: a file cannot be read.
    """
    exclude = held_out(data / name for name in recipe.held_out)
    found: list[Judged] = []
    files = dict.fromkeys(share.file for stage in recipe.stages for share in stage.files)
    for name in (n for n in files if Path(n).name.startswith(PEOPLE)):
        questions, contexts = read_questions(data / name)
        reserved = {
            c: title
            for c, title in contexts.items()
            if for_calibration(c, recipe.calibration_share) and context_key(c) not in exclude
        }
        asked = [q for q in questions if q.context in reserved][:MAX_QUESTIONS]
        say(f"{name}: {len(asked)} questions on {len(reserved)} reserved documents")
        texts = {f"{i}.txt": (title, context) for i, (context, title) in enumerate(reserved.items())}
        with temporary_library(texts, embedder, quiet=True) as library:
            retriever = LibraryRetriever(library=library, k=PASSAGES)
            for question in asked:
                found += _cases(question, retriever, reader, random.Random(f"{recipe.seed}-{question.id}"))
    return found


def _cases(
    question: Question, retriever: LibraryRetriever, reader: GroundedReader, rng: random.Random
) -> Iterator[Judged]:
    turns = question.history[-MAX_TURNS:]
    passages = retriever.invoke(question.question, conversation=searched_with(turns, ()))
    if not passages:
        return
    texts = [d.page_content for d in passages]
    found = read_rows(
        reader,
        question.question,
        texts,
        headings=[heading_of(d.metadata["title"], d.metadata["heading_path"]) for d in passages],
        history=turns,
    )
    readings = with_announced_items(found, texts).readings
    answerer = Answerer(reader, Calibration())

    def judged(chosen: Sequence[int], answers: tuple[str, ...]) -> Iterator[Judged]:
        priors = [float(passages[i].metadata["score"]) for i in chosen]
        verdict = answerer.judge(question.lang, [readings[i] for i in chosen], priors=priors)
        if verdict is not None:
            said = "\n".join(quote.text for quote in verdict.reading.quotes)
            right = best(f1, said, answers, question.lang) >= RIGHT
            key = context_key(question.context)
            yield Judged(question.lang, key, bool(answers), verdict.features, right)

    yield from judged(range(len(passages)), question.answers)
    others = [i for i, d in enumerate(passages) if not _holds(d, question)]
    if question.answers and others and rng.random() < WITHOUT:
        yield from judged(others, ())


def _holds(passage: Document, question: Question) -> bool:
    """Whether an answer, or one of several that are needed, stands in a passage."""
    text = passage.page_content.casefold()
    return any(part.casefold() in text for answer in question.answers for part in answer.split("\n"))
