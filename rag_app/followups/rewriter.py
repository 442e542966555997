"""Rewriters: a question that leans on a conversation becomes one that stands alone.

`RuleRewriter` is the one that is used. It is rules, not a model: it finds what a pronoun or an omission most likely
stands for and puts those words in. Another one, such as a GPT with a copy head, only has to have the same `rewrite`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag_app.followups import rewrite_en, rewrite_zh
from rag_app.followups.conversation import Turn, language_after


class Rewriter(Protocol):
    """Makes dependent questions complete. It is only asked about those that the gate lets through."""

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

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """See `Rewriter`."""
        if language_after(question, turns) == "zh":
            return rewrite_zh.rewrite(question, turns)
        return rewrite_en.rewrite(question, turns)
