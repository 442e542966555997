"""One answer out of those to a whole message and to each question in it (question/parts.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag_app.answers.answer import Answer, Citation


def with_answers_to_parts(whole: Answer, parts: Sequence[tuple[str, Answer]]) -> Answer:
    """The answer to a message, completed by answers to its parts that stand elsewhere.

    Args:
        whole: of the message asked at once; often one passage answers all of it.
        parts: each question in it with its own answer.

    Returns:
        `whole` where the parts add nothing; else further answers behind its own, each naming its question.
    """
    shown: list[Citation] = [c for a in whole.answers for c in a.citations]
    added, passages, usage = [], list(whole.passages), dict(whole.usage)
    for question, answer in parts:
        for name, tokens in answer.usage.items():
            usage[name] = usage.get(name, 0) + tokens
        if not answer.answered or any(_same_place(c, d) for c in answer.answers[0].citations for d in shown):
            continue
        added.append(replace(answer.answers[0], question=question))
        shown += answer.answers[0].citations
        passages += [p for p in answer.passages if p not in passages]
    if not added:
        return replace(whole, usage=usage)
    answers = (*whole.answers, *added)
    texts = [a.text for a in (*whole.answers[:1], *added)]
    return replace(
        whole,
        answer="\n".join(texts),
        answered=True,
        confidence=min(a.confidence for a in answers),
        answers=answers,
        passages=tuple(passages),
        usage=usage,
        withheld=None,
        possible=None,
    )


def _same_place(one: Citation, other: Citation) -> bool:
    """Whether two quotes stand in one sentence or overlap."""
    return one.document_id == other.document_id and (
        one.sentence_start < other.sentence_end and other.sentence_start < one.sentence_end
    )
