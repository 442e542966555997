"""What the user named: files, folders, patterns, lists on standard input, web addresses."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_PATTERN = re.compile(r"[*?\[]")
_MAX_LISTED = 64 << 20  # bytes of a list


class InputError(ValueError):
    """Something was named that cannot be meant; the message says what to do."""


def named_inputs(arguments: Sequence[str], stdin: BinaryIO, *, null: bool) -> tuple[list[Path], list[str]]:
    """Return the paths and the web addresses that were named, in order and each once.

    `-` stands for a list on standard input, one a line (with `null`: ended by NUL bytes, as `find -print0` writes
    them). A pattern is expanded (`**` enters folders), unless a file has that very name; one that matches nothing
    stays as it is, to be reported like any file that is not there.

    Raises:
        InputError: when a list is too long or nothing is left.
    """
    paths: dict[Path, None] = {}
    addresses: dict[str, None] = {}
    for name in _with_lists(arguments, stdin, null=null):
        if _ADDRESS.fullmatch(name):
            addresses[name] = None
        elif _PATTERN.search(name) and not os.path.lexists(name):
            found = sorted(glob.glob(os.path.expanduser(name), recursive=True))
            paths |= dict.fromkeys(map(Path, found or [name]))
        else:
            paths[Path(name)] = None
    if not paths and not addresses:
        raise InputError("the list on standard input names nothing")
    return list(paths), list(addresses)


def _with_lists(arguments: Sequence[str], stdin: BinaryIO, *, null: bool) -> Iterable[str]:
    for argument in arguments:
        if argument != "-":
            yield argument
            continue
        data = stdin.read(_MAX_LISTED + 1)
        if len(data) > _MAX_LISTED:
            raise InputError(f"the list on standard input is longer than {_MAX_LISTED >> 20} MB; name folders instead")
        for raw in data.split(b"\0") if null else data.splitlines():
            if raw:
                yield os.fsdecode(raw)
