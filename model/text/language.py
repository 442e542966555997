"""Which of the two languages a text is in."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["en", "zh"]
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")


def language_of(text: str) -> Language:
    """`zh` when there are at least half as many ideographs as Latin words, else `en`."""
    han = len(_HAN.findall(text))
    return "zh" if han * 2 >= len(_LATIN_WORD.findall(text)) and han else "en"
