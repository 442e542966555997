"""The gate: does a question lean on the conversation? Signs with fixed weights, so each verdict can be explained.

A logistic regression over the named signs of `signs_en` and `signs_zh`. Its weights ship in `gate.json`;
`python -m rag_app.followups.training` makes them again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from model.language import Language
from rag_app.followups import signs_en, signs_zh
from rag_app.followups.conversation import LONGEST_REPLY, Turn, language_after

_SMALL_TALK = re.compile(
    r"(ok(ay)?|alright|great|good|nice|perfect|cool|fine|got it|i see|thanks?( you)?( (very|so) much|"
    r" a lot)?|thx|cheers|"
    r"hi|hello|hey|good (morning|evening|afternoon|night)|(good)?bye|see you|you're welcome|no problem|that helps|"
    r"(thanks? |thank you )?(for|that was) (your |the |very |really )?(help|helpful|answer)|very|helpful|"
    r"there|again|all|"
    r"谢谢(你|您)?|謝謝(你|您)?|多谢|多謝|感谢|感謝|非常|十分|很|好的?|好吧|嗯|哦|噢|行|明白了?|"
    r"知道了|懂了|了解了?|收到|没问题|"
    r"你好|您好|嗨|早上好|晚上好|下午好|早安|晚安|再见|再見|拜拜|辛苦了|太好了|不错|不用谢|呀|啊|啦|了|"
    r"[\s,.!，。！~～、:：)）])+",
    re.IGNORECASE,
)
_LONGEST_SMALL_TALK = 60  # characters
_ASKS = re.compile(
    r"[?？]|^(what|who|whose|whom|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should)\b"
    r"|[吗嗎呢怎什啥谁誰哪几幾何]|多少|多久|是否|是不是|有没有|能不能",
    re.IGNORECASE,
)
_SIGNS = {"en": signs_en.signs, "zh": signs_zh.signs}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a question depends on what was said, how likely that is (0..1), and what spoke for and against it.

    `reasons` are signs with their weights in log-odds, the weightiest first.
    """

    dependent: bool
    probability: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one language: log-odds a sign, and the probability from which a question counts as dependent."""

    intercept: float
    threshold: float
    signs: dict[str, float]


def is_small_talk(text: str) -> bool:
    """Whether a message only greets, thanks or agrees, so that there is nothing to look up."""
    # What is longer is no greeting, and would give the expression many ways to take it apart.
    return len(text) <= _LONGEST_SMALL_TALK and bool(_SMALL_TALK.fullmatch(text.strip()))


def is_reply(text: str, turns: Sequence[Turn]) -> bool:
    """Whether a message only answers what the last answer asked back: "Which city?" - "Berlin"."""
    return bool(turns) and turns[-1].asks_back and len(text) <= LONGEST_REPLY and _ASKS.search(text.strip()) is None


def named_signs(question: str, turns: Sequence[Turn]) -> dict[str, float]:
    """The signs of a question in its language."""
    return _SIGNS[language_after(question, turns)](question, turns)


def judge(question: str, turns: Sequence[Turn]) -> Verdict:
    """Whether `question` only makes sense after `turns`, oldest first."""
    if not turns or is_small_talk(question):
        return Verdict(dependent=False, probability=0.0, reasons=())
    if is_reply(question, turns):
        return Verdict(dependent=True, probability=1.0, reasons=(("answers what was asked back", math.inf),))
    weights = shipped_weights()[language_after(question, turns)]
    parts = {k: v * weights.signs.get(k, 0.0) for k, v in named_signs(question, turns).items()}
    probability = 1 / (1 + math.exp(-weights.intercept - sum(parts.values())))
    reasons = tuple(sorted(((k, v) for k, v in parts.items() if v), key=lambda r: -abs(r[1])))
    return Verdict(probability > weights.threshold, probability, reasons)


@cache
def shipped_weights() -> dict[Language, Weights]:
    """The weights that ship with the package."""
    text = resources.files("rag_app.followups").joinpath("gate.json").read_text(encoding="utf-8")
    languages: tuple[Language, Language] = ("en", "zh")
    stored = json.loads(text)
    return {lang: Weights(**stored[lang]) for lang in languages}
