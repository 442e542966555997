"""How old a document is, as far as it says so: what people need when an old and a new version disagree."""

from __future__ import annotations

import re

BEGINNING = 400  # characters of the text in which a document says when it was made or from when it holds

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_YEAR = r"(?P<y>19[89]\d|20[0-3]\d)"
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}[-./](?P<m>0?[1-9]|1[0-2])(?:[-./](?P<d>0?[1-9]|[12]\d|3[01]))?(?!\d)"),
    re.compile(rf"(?<!\d){_YEAR}\s*年(?:\s*(?P<m>1[0-2]|0?[1-9])\s*月(?:\s*(?P<d>[12]\d|3[01]|0?[1-9])\s*日)?)?"),
    re.compile(rf"(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+)?(?P<m>{_MONTHS}),?\s+{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"(?P<m>{_MONTHS})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,\s+{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"(?<!\d)(?<!\d[.,/]){_YEAR}(?!\d|[.,]\d)"),
)


def stated_date(name: str, beginning: str) -> str | None:
    """The date that a document carries: the latest one in its file name, else in its first lines.

    Args:
        name: of the file.
        beginning: its first `BEGINNING` characters.

    Returns:
        `2025`, `2025-03` or `2025-03-01`, so that later dates are greater; None if there is none.
    """
    return max(_dates_in(name), default=None) or max(_dates_in(beginning[:BEGINNING]), default=None)


def _dates_in(text: str) -> list[str]:
    found: list[str] = []
    for pattern in _DATES:
        for m in pattern.finditer(text.replace("_", " ")):
            parts = m.groupdict()
            month = parts.get("m")
            day = parts.get("d")
            date = parts["y"]
            if month:
                date += f"-{_month(month):02d}"
                date += f"-{int(day):02d}" if day else ""
            found.append(date)
    return found


def _month(name: str) -> int:
    return int(name) if name.isdigit() else _MONTHS.split("|").index(name.casefold()) + 1
