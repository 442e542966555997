"""Follow-up questions: does this one need the conversation, and if so, what is it on its own?

A gate with fixed weights looks for signs of dependence (pronouns, ellipsis, "what about", nothing named); a question
without them goes through unchanged. A dependent one is completed by rule with words of the conversation. The query
used is always shown.

A question may also stand alone although the gate says no: "When is the boiler serviced?" after another matter. Where
nothing in its form points back (`leans_openly`), the documents decide, see `chain.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from rag_app.about import asks_about_program
from rag_app.followups.conversation import Turn, turns_of
from rag_app.followups.gate import is_small_talk, judge, named_signs
from rag_app.followups.rewriter import Rewriter, RuleRewriter

__all__ = ["depends_on_history", "is_small_talk", "leans_openly", "standalone_after", "standalone_question"]

_RULES = RuleRewriter()
# Signs of the gate that point back by themselves: pronouns, "and …", "what about …", a piece of a sentence.
_OPEN_SIGNS = frozenset({
    "pronoun", "it", "this", "that", "he", "there", "item", "start", "then", "what about", "which one", "more", "also",
    "no question word", "asks with 呢", "only X呢", "compared with one", "condition only", "asks nothing",
    "only a name",
})


def depends_on_history(question: str, history: Sequence[BaseMessage]) -> bool:
    """Whether a question only makes sense after what was said before; thanks and greetings never do."""
    return judge(question, turns_of(history)).dependent


def leans_openly(question: str, history: Sequence[BaseMessage]) -> bool:
    """Whether a question says by its form that it goes on with the conversation."""
    signs = named_signs(question, turns_of(history))
    return any(signs.get(name) for name in _OPEN_SIGNS)


def standalone_question(question: str, history: Sequence[BaseMessage], *, rewriter: Rewriter = _RULES) -> str:
    """The question to search and read for.

    Args:
        question: what the person typed.
        history: the conversation before it, oldest first.
        rewriter: completes questions that depend on the history.

    Returns:
        The question itself, or one completed with words of the conversation, in one line.
    """
    return standalone_after(question, turns_of(history), rewriter=rewriter)


def standalone_after(question: str, turns: Sequence[Turn], *, rewriter: Rewriter = _RULES) -> str:
    """As `standalone_question`, after turns. Each earlier question is first completed by those before it."""
    complete: list[Turn] = []
    for turn in turns:
        if is_small_talk(turn.question) or asks_about_program(turn.question):
            continue
        complete.append(Turn(_standalone(turn.question, complete, rewriter), turn.answer))
    return _standalone(question, complete, rewriter)


def _standalone(question: str, turns: Sequence[Turn], rewriter: Rewriter) -> str:
    if not turns or not rewriter.depends(question, turns):
        return question
    return rewriter.rewrite(question, turns).strip() or question
