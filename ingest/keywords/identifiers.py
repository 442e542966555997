r"""Names that are searched for as a whole: `foo_bar`, `E-1024`, `v2.3.1`, paths, addresses, telephone numbers.

An identifier becomes one token beside the words in it. Separators next to a letter are dropped, so that `E-1024`
finds `E1024` and `max_flow` finds `maxFlow`; between two digits they count, so that `2.3.1` is not `23.1`. The parts
of a path or of a dotted name are identifiers too, and the `v` of a version is dropped. Groups of digits that may be
one number written with gaps (`400-820-8820`, `2024-05-01`, `12,500`) are there without the gaps as well.
"""

import re
from collections.abc import Iterator

from model.text.han import HAN

MAX_TOKEN = 100  # characters; what is longer is no word (base64, a line of code without a space)

# SQLite's unicode61 takes private-use characters for letters, so this one can stand for a separator within a token.
_JOINER = "\ue000"
_LETTER = f"[^\\W_{HAN}]"
# The look-behinds and the possessive quantifiers keep a long run of letters or digits linear.
_IDENTIFIER = re.compile(
    f"(?<!{_LETTER})(?:{_LETTER}++(?:[-_./:@\\\\]{_LETTER}++)+|[a-z][a-z0-9]*+(?:\\+\\+|#)(?!\\w))"
)
_DIGIT_GROUPS = re.compile(
    r"(?<![\w.,:/-])(?:\+\d{1,3}[- ]?)?(?:\(\d{2,5}\)[- ]?)?\d{1,5}([-/ ])\d{2,8}(?:\1\d{2,8}){0,4}(?![\w-])", re.ASCII
)
_THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}+(?:,\d{3})++(?![\w,])", re.ASCII)
_MIN_DIGITS, _MAX_DIGITS = 7, 15  # of a telephone number, a date or an order number
_NO_DIGIT = re.compile(r"\D+")
_SEPARATOR = re.compile(r"[\W_]")
_DROPPED = re.compile(r"(?<!\d)[-_./:@\\]|[-_./:@\\](?!\d)")


def identifiers(folded: str) -> Iterator[str]:
    """Yield the tokens of all identifiers in a text of lower-case letters; some may come twice."""
    for match in _IDENTIFIER.finditer(folded):
        for part in _with_parts(match.group()):
            if len(part) <= MAX_TOKEN:
                yield _token(part)
    for match in _DIGIT_GROUPS.finditer(folded):
        digits = _NO_DIGIT.sub("", match.group())
        if _MIN_DIGITS <= len(digits) <= _MAX_DIGITS:
            yield digits
    for match in _THOUSANDS.finditer(folded):
        yield match.group().replace(",", "")


def _with_parts(name: str) -> Iterator[str]:
    """Yield a name, the names between its slashes, colons and ats, and those between the dots of these."""
    yield name
    for separators in (r"[/:@\\]", r"[/:@\\.]"):
        parts = re.split(separators, name)
        if len(parts) > 1:
            yield from (part for part in parts if _SEPARATOR.search(part))


def _token(name: str) -> str:
    if name[0] == "v" and name[1].isdigit():
        name = name[1:]
    return _SEPARATOR.sub(_JOINER, _DROPPED.sub("", name))
