"""A greeting or thanks before a question is no part of it: it would be searched for, and it unsettles the reader."""

from __future__ import annotations

import re

_GREETING = re.compile(
    r"((hi|hey|hello(?!, world)|good (morning|afternoon|evening)|ok(ay)?|thanks( a lot)?|thank you( (so|very) much)?|"
    r"你好|您好|早上好|上午好|中午好|下午好|晚上好|嗨|好的|谢谢(你|您)?|謝謝(你|您)?|多谢|多謝)"
    r"( there| again)?\s*[,.!，。！～~、：:\n]+\s*)+(?=\w.)",
    re.IGNORECASE,
)


def without_greeting(message: str) -> str:
    """Return a message without greetings and thanks that stand, set off by a mark, before something else.

    Example:
        >>> without_greeting("Thanks! And how long is the warranty?")
        'And how long is the warranty?'
    """
    return message[found.end() :] if (found := _GREETING.match(message)) else message
