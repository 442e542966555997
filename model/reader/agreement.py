"""Whether two short answers say the same, so that one fact found in two documents is one answer with two places.

Strict on purpose: "two days" and "three days", "allowed" and "not allowed", 3 and 13 are different answers. To show an
agreement twice costs the reader a glance, to hide a contradiction may cost them the truth.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_ENGLISH_NUMBERS = {w: str(i) for i, w in enumerate(_ONES)} | {w: str(i) for w, i in _TENS.items()}
_TENS_AND_ONES = re.compile(rf"\b({'|'.join(_TENS)})[- ]({'|'.join(_ONES[1:10])})\b")
_CHINESE_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

# "at most 350" holds "350", but neither holds nor equals "at least 350". The "not" of "not more than" negates nothing.
_AT_MOST, _AT_LEAST = "≤", "≥"
_BOUNDS = (
    (
        _AT_MOST,
        re.compile(
            r"not? (?:more|later|longer) than|at most|up to|a maximum of|(?:must )?not exceed(?:ing)?"
            r"|不得?(?:超过|多于|高于|晚于)|不大于|至多|最多|最高|最晚"
        ),
    ),
    (
        _AT_LEAST,
        re.compile(
            r"not? (?:less|fewer|earlier) than|at least|a minimum of|不得?(?:少于|低于|早于)|不小于|至少|最少|最低"
        ),
    ),
)
_CANNOT, _NOT = re.compile(r"\bcan(?:['’]t|not)\b"), re.compile(r"(?<=[a-z])n['’]t\b")

# A number is one token, so that 3 is found neither in 13 nor in 3.5; so is a run of Chinese numerals.
_TOKEN = re.compile(
    rf"[{_AT_MOST}{_AT_LEAST}]|\d+(?:[.:/]\d+)*|[零〇一二两兩三四五六七八九十百千万]+|[\u3400-\u9fff]"
    r"|[^\W\d_\u3400-\u9fff]+"
)
_ARTICLES = frozenset({"a", "an", "the"})
_NEGATIONS = frozenset({"no", "not", "never", "none", "neither", "nor", "without", *"不未无無没沒勿禁非否"})
_BEFORE_A_VALUE = frozenset(
    {
        _AT_MOST,
        _AT_LEAST,
        "about",
        "after",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "until",
        "within",
        *"约每为是在",
    }
)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers to one question agree.

    They do when one holds the other (case, articles, punctuation and how a number is written aside) and what it says
    beyond is no negation, or when both begin with the same value and unit: "30 days after the trip", "within 30 days
    of your return".

    Example:
        >>> same_answer("two days", "2 days in advance"), same_answer("allowed", "not allowed"), same_answer("3", "13")
        (True, False, False)
    """
    a, b = _tokens(one), _tokens(other)
    if not a or not b:
        return one.strip() == other.strip()
    short, long = sorted((a, b), key=len)
    return _holds(long, short) or _same_value(a, b)


def _tokens(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).casefold()
    for sign, words in _BOUNDS:
        text = words.sub(f" {sign} ", text)
    text = _NOT.sub(" not", _CANNOT.sub("can not", text))
    text = _TENS_AND_ONES.sub(lambda m: str(_TENS[m[1]] + _ONES.index(m[2])), text)
    return [_in_digits(t) for t in _TOKEN.findall(_THOUSANDS.sub("", text)) if t not in _ARTICLES]


def _in_digits(token: str) -> str:
    """A number word up to 99 as digits; other tokens as they are."""
    if token in _ENGLISH_NUMBERS:
        return _ENGLISH_NUMBERS[token]
    tens, ten, ones = token.rpartition("十")
    if any(part and part not in _CHINESE_DIGITS for part in (tens, ones)):
        return token
    return str((10 * _CHINESE_DIGITS.get(tens, 1) if ten else 0) + _CHINESE_DIGITS.get(ones, 0))


def _holds(long: Sequence[str], short: Sequence[str]) -> bool:
    n = len(short)
    found = [i for i in range(len(long) - n + 1) if long[i : i + n] == short]
    return any(not {*long[:i], *long[i + n :]} & _NEGATIONS for i in found)


def _same_value(a: Sequence[str], b: Sequence[str]) -> bool:
    """Both begin with one number and the same word after it, and differ in no other number, bound or negation."""
    value, other = _value(a), _value(b)
    bounds = [{*tokens} & {_AT_MOST, _AT_LEAST} for tokens in (a, b)]
    return (
        value is not None
        and value == other
        and sorted(filter(_is_number, a)) == sorted(filter(_is_number, b))
        and {*a} & _NEGATIONS == {*b} & _NEGATIONS
        and (bounds[0] == bounds[1] or not all(bounds))
    )


def _value(tokens: Sequence[str]) -> tuple[str, str] | None:
    """The number and its unit that an answer begins with."""
    first = next((i for i, t in enumerate(tokens) if t not in _BEFORE_A_VALUE), len(tokens))
    pair = tuple(tokens[first : first + 2])
    return (pair[0], pair[1]) if len(pair) == 2 and _is_number(pair[0]) and not _is_number(pair[1]) else None


def _is_number(token: str) -> bool:
    return token[0].isdigit()
