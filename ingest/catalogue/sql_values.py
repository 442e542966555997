"""How values travel to and from SQLite: BLOBs, lists as JSON, and many ids a few at a time."""

import json
from collections.abc import Iterator, Sequence
from typing import TypeVar

_VARIABLES = 500  # in one statement

_Key = TypeVar("_Key", str, bytes)


def blob(value: object) -> bytes:
    """Return the bytes of a BLOB column."""
    return bytes(value)  # type: ignore[call-overload, no-any-return]


def batches(keys: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    """Yield `keys` in runs that one statement takes."""
    for start in range(0, len(keys), _VARIABLES):
        yield keys[start : start + _VARIABLES]


def marks(few: Sequence[object]) -> str:
    """Return a `?` for each parameter."""
    return ", ".join("?" * len(few))


def json_list(texts: Sequence[str]) -> str:
    """Return what a column of several texts holds; `json_each(?)` takes it too, however many there are."""
    return json.dumps(texts, ensure_ascii=False)
