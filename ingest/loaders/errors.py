"""The errors that loaders raise for a file that cannot be used, and their kinds, which programs tell apart."""

import re
from enum import StrEnum


class FailureKind(StrEnum):
    """Why a file cannot be used, in one word."""

    EMPTY = "empty"
    NO_TEXT = "no-text"
    NEEDS_OCR = "needs-ocr"
    DAMAGED = "damaged"
    INVALID = "invalid"  # its content breaks the rules of its format
    MISNAMED = "misnamed"  # its content is not what its extension says
    PROTECTED = "protected"  # by a password or a publisher
    OLD_FORMAT = "old-format"
    UNSUPPORTED = "unsupported"
    BINARY = "binary"
    ENCODING = "encoding"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"  # values or messages inside one another
    PACKED = "packed"  # too much in an archive
    CHANGING = "changing"  # somebody writes to it
    MEMORY = "memory"
    SLOW = "slow"
    UNREADABLE = "unreadable"  # the system does not give its bytes
    UNFORESEEN = "unforeseen"  # a parser stumbled


class LoadError(Exception):
    """A file cannot be loaded; the message says why and what to do, for the file's owner."""

    kind: FailureKind | None = None

    def __init__(self, message: str, kind: FailureKind | None = None) -> None:
        super().__init__(message)
        self.kind = kind or self.kind


class UnsupportedTypeError(LoadError):
    """A file's type is not among those that can be read."""

    kind = FailureKind.UNSUPPORTED


_STORED = re.compile(r"(?s)(.*) \[([a-z-]+)\]")


def stored_reason(message: str, kind: FailureKind | None) -> str:
    """A message with its kind, as a library keeps it: `the file is empty [empty]`."""
    return message if kind is None else f"{message} [{kind}]"


def kind_and_message(reason: str) -> tuple[FailureKind | None, str]:
    """The two of a stored reason; the kind is None where none was stored, as by earlier versions."""
    found = _STORED.fullmatch(reason)
    if found is None or found[2] not in set(FailureKind):
        return None, reason
    return FailureKind(found[2]), found[1]
