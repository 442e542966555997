"""Rewriters: a question that leans on a conversation becomes one that stands alone.

`RuleRewriter` finds by rule what a pronoun or an omission most likely stands for and puts those words in; a GPT that
quotes them from the conversation is in `gpt_rewriter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag_app.followups import pronouns_en, pronouns_zh, rewrite_en, rewrite_zh
from rag_app.followups.conversation import Turn, language_after
from rag_app.followups.gate import judge


class Rewriter(Protocol):
    """Tells which questions depend on the conversation, and makes those complete."""

    def depends(self, question: str, turns: Sequence[Turn]) -> bool:
        """Whether `question` only makes sense after `turns`; only such are rewritten."""

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """A question that stands alone.

        Args:
            question: what the person typed.
            turns: what was said before, oldest first, at least one turn, each question already standing alone.

        Returns:
            One line made of words of the question and of the turns, and function words; the question itself where
            nothing can be added.
        """


class RuleRewriter:
    """Substitutes pronouns, exchanges parts of the last question, adds its topic."""

    def depends(self, question: str, turns: Sequence[Turn]) -> bool:
        """See `Rewriter`: what the gate says."""
        return judge(question, turns).dependent

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """See `Rewriter`."""
        return put_in(question, turns)


def put_in(question: str, turns: Sequence[Turn], meant: Sequence[str] = ()) -> str:
    """The question with words of the turns where it leaves them out or has pronouns.

    Args:
        question: what the person typed.
        turns: as in `Rewriter.rewrite`.
        meant: those words, in the question's order, where they are known; else they are found by rule.
    """
    rewrite = rewrite_zh.rewrite if language_after(question, turns) == "zh" else rewrite_en.rewrite
    return rewrite(question, turns, meant)


def has_pronoun(question: str, turns: Sequence[Turn]) -> bool:
    """Whether a question has a pronoun that can be replaced; else it leaves something out."""
    if language_after(question, turns) == "zh":
        return pronouns_zh.has_pronoun(question)
    return pronouns_en.has_pronoun(question)
