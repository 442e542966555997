"""A file inside another one, before it is read."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

MAX_MEMBERS = 10_000  # of one file, at all depths
MAX_UNPACKED = 1 << 30  # bytes of one file, at all depths
MAX_MEMBER_BYTES = 200 << 20  # of one member

# Control characters, and those that turn the reading direction or cannot be seen: a name is shown to people.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_PART = 120  # characters between two slashes


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file. `size` (bytes) is what it states; `read` returns its bytes or raises LoadError."""

    name: str
    size: int
    read: Callable[[], bytes]


def member_name(raw: str, number: int) -> str:
    """Return a name that is fit to be shown, with `/` between folders. It never serves as a path.

    Args:
        raw: what the container calls the file.
        number: of the file, 1-based, for one without a usable name.
    """
    parts = (_UNSAFE.sub("", part).strip() for part in unicodedata.normalize("NFC", raw).replace("\\", "/").split("/"))
    kept = [_shortened(part) for part in parts if part not in {"", ".", ".."}]
    return "/".join(kept) or f"file-{number}"


def _shortened(part: str) -> str:
    if len(part) <= _MAX_PART:
        return part
    stem, dot, extension = part.rpartition(".")
    if not dot or len(extension) > 10:
        return part[:_MAX_PART]
    return f"{stem[: _MAX_PART - len(extension) - 1]}.{extension}"


class Names:
    """Gives each member of one container a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._number = 0

    def unique(self, raw: str) -> str:
        """Return a fit name for `raw` that no earlier member has."""
        self._number += 1
        name = member_name(raw, self._number)
        if name in self._taken:
            stem, dot, extension = name.rpartition(".")
            mark = f" ({self._number})"
            name = f"{stem}{mark}.{extension}" if dot and "/" not in extension else name + mark
        self._taken.add(name)
        return name
