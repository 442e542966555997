"""The language of a document, as it is stored: English or Chinese.

The rule is that of `model.text.language`, which this package does not import; a test holds the two together.
"""

import re

JUDGED = 20_000  # characters of a document by which its language is told
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")


def document_language(text: str) -> str:
    """Return `zh` when its beginning has at least half as many ideographs as Latin words, `en` if not, "" if empty."""
    beginning = text[:JUDGED]
    han = len(_HAN.findall(beginning))
    if han and han * 2 >= len(_LATIN_WORD.findall(beginning)):
        return "zh"
    return "en" if beginning.strip() else ""
