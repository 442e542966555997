"""Follow-up questions: does this one need the conversation, and if so, what is it on its own?

A deterministic gate looks for signs of dependence (pronouns, ellipsis, "what about"); a question without them goes
through unchanged. A dependent one is completed with the question before it: retrieval and reading then see
both. The query used is always shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

from ingest.stop_words import STOP_WORDS
from model.language import language_of

_CHINESE_STOP = [w for w in STOP_WORDS if "\u4e00" <= w[0] <= "\u9fff"]
_CONNECTIVE = re.compile(
    r"^\s*(and|or|but|so|then|also|even|with|without|why not|how so|what about|how about|what if|what else|"
    r"who else|where else|anything else|any others?|same for|for|by whom|since when|until when|which ones?)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|the same|the former|"
    r"the latter|such|ones?|both|either|neither|the others?|instead|otherwise|the (first|second|third|last))\b",
    re.IGNORECASE,
)
# "is there a …", "does it take …", "that is …": words that look like pronouns and point at nothing
_EXPLETIVE = re.compile(
    r"\b(is|was|are|were|does|will|would|can) (it|there) (possible|necessary|true|allowed|mandatory|take|a|an|any)\b"
    r"|\b(there|it) (is|are|was|were|takes?)\b|\bthat (is|are|was|were|has|have|can|will|do|does)\b",
    re.IGNORECASE,
)
_CHINESE_START = re.compile(r"^(那|还有|另外|然后|所以|但是|可是|如果不|为什么呢|为啥|怎么办|具体|呢|前者|后者)")
_CHINESE_PRONOUN = re.compile(
    r"它|他|她|这个|那个|这些|那些|这种|那种|这样|那样|这里|那里|那之|其中|上述|前者|后者|两者|同样"
)
_CHINESE_END = re.compile(r"(呢|的话|也是)[？?]?$")

# A pronoun this far into a question has its antecedent inside the question: "how does Botswana … if it has no coast".
_OWN_ANTECEDENT = {"en": 4, "zh": 7}    # words, characters
# So few words beside stop words name no subject: "since when?", "还有吗？". Short questions that do name something
# ("how high is the deposit?") stand alone: joining them to an earlier topic would answer the wrong question.
_ELLIPTIC = {"en": 1, "zh": 3}          # content words, ideographs


def depends_on_history(question: str) -> bool:
    """Whether a question only makes sense after what was said before."""
    text = question.strip()
    if language_of(text) == "zh":
        found = _CHINESE_PRONOUN.search(text)
        named = re.sub("|".join(sorted(_CHINESE_STOP, key=len, reverse=True)), "", text)
        short = len(re.findall(r"[\u4e00-\u9fff]|[A-Za-z0-9]+", named)) < _ELLIPTIC["zh"]
        return bool(
            _CHINESE_START.search(text) or _CHINESE_END.search(text) or short
            or (found and found.start() < _OWN_ANTECEDENT["zh"])
        )
    plain = _EXPLETIVE.sub(" ", text)
    found = _PRONOUN.search(plain)
    words = [w for w in re.findall(r"[\w'-]+", text.lower()) if w not in STOP_WORDS]
    return bool(
        _CONNECTIVE.search(text) or len(words) <= _ELLIPTIC["en"]
        or (found and len(re.findall(r"[\w'-]+", plain[:found.start()])) <= _OWN_ANTECEDENT["en"])
    )


def standalone_question(question: str, history: Sequence[BaseMessage]) -> str:
    """The question to search and read for.

    Args:
        question: what the person typed.
        history: the conversation before it, oldest first.

    Returns:
        The question itself, or the last self-contained question in its language and this one, in one line.
    """
    lang = language_of(question)
    asked = [m.text.strip() for m in history if isinstance(m, HumanMessage) and m.text.strip()]
    asked = [q for q in asked if language_of(q) == lang]
    if not asked or not depends_on_history(question):
        return question
    subject = next((q for q in reversed(asked) if not depends_on_history(q)), asked[-1])
    return (" " if lang == "en" else "").join((subject, question))
