"""Chinese characters: which they are, and one form of text in traditional and in simplified ones."""

import re
from functools import cache
from typing import Any

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # for use within [] of a regular expression
_HAN = re.compile(f"[{HAN}]")


def simplified(text: str) -> str:
    """Return `text` in simplified characters, word by word, by OpenCC's tables (`著名` stays, `頭髮` is 头发)."""
    return str(_converter().convert(text)) if _HAN.search(text) else text


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
