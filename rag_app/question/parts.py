"""A message that asks two things, such as "When does the lease end and how much is the deposit?".

Each part is asked by itself where the reader has not quoted an answer to both from one passage. The rule is narrow: a
part begins with a question word after "and", a comma or a question mark, and both parts name something; what it misses
is asked as one question, as before.
"""

from __future__ import annotations

import re

MAX_PARTS = 3
_MIN_LETTERS = 8  # of an English part, without its question word
_MIN_HAN = 3  # characters of a Chinese part, besides its question word
_ASKS = (
    r"(?:who|whom|whose|what|when|where|why|which|how|is|are|was|were|do|does|did|can|could|may|must|should|will|would)"
)
_ENGLISH = re.compile(rf"(?:\?\s+(?:and\s+|also,?\s+)?|,?\s+and\s+(?:also\s+)?|;\s*)(?={_ASKS}\b)", re.IGNORECASE)
_BEGINS = re.compile(rf"\s*(?:and\s+)?{_ASKS}\b", re.IGNORECASE)
_CHINESE_ASKS = re.compile(r"什么|多少|多久|多长|几|谁|哪|怎么|如何|吗|是否|能不能|可不可以|要不要")
_CHINESE = re.compile(
    r"[？?；;]\s*|[，,]\s*(?:还有|另外|以及|并且|而且)?[，,]?\s*"
    rf"(?=[^，,？?]*(?:{_CHINESE_ASKS.pattern}))"
)
_HAN = re.compile(r"[\u3400-\u9fff]")


def parts_of(question: str) -> list[str]:
    """The questions in a message, each complete as far as it was typed; one if it asks one thing.

    Example:
        >>> parts_of("When does the lease end and how much is the deposit?")
        ['When does the lease end?', 'how much is the deposit?']
    """
    text = question.strip()
    parts = _chinese(text) if len(_HAN.findall(text)) >= _MIN_HAN else _english(text)
    return parts if 1 < len(parts) <= MAX_PARTS else [question]


def _english(text: str) -> list[str]:
    parts = [p.strip(" ?.,;") for p in _ENGLISH.split(text)]
    parts = [p for p in parts if p]
    asking = all(_BEGINS.match(p) and len(re.sub(rf"(?i)^\s*{_ASKS}\b", "", p)) >= _MIN_LETTERS for p in parts)
    return [f"{p}?" for p in parts] if asking else [text]


def _chinese(text: str) -> list[str]:
    parts = [p.strip(" ？?，,；;。") for p in _CHINESE.split(text)]
    parts = [p for p in parts if p]
    asking = all(_CHINESE_ASKS.search(p) and len(_HAN.findall(_CHINESE_ASKS.sub("", p))) >= _MIN_HAN for p in parts)
    return [f"{p}？" for p in parts] if asking else [text]
