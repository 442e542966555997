"""Mailboxes in the mbox format: an e-mail for each message (RFC 4155)."""

import re
from collections.abc import Iterator
from email import policy
from email.parser import BytesHeaderParser
from functools import partial

from ingest.documents import LoadedDocument
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.large.text import Content, drop_pages
from ingest.loaders.members import Member, Names

# A message begins after an empty line with "From ", a sender and a date; in a text such a line is written ">From ".
_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From \S.*\d{4}.*\r?\n")
_ESCAPED = re.compile(rb"^>(>*From )", re.M)
_HEADER = 64 << 10  # bytes in which the subject is looked for


def load_mbox(_data: bytes, stem: str) -> LoadedDocument:
    """Return the mailbox itself, which has no text of its own."""
    return LoadedDocument(text="", mime="application/mbox", title=stem, is_container=True)


def mbox_members(data: Content) -> Iterator[Member]:
    """Yield the messages as e-mail files named by number and subject.

    Raises:
        LoadError: when there is no message.
    """
    starts = list(_START.finditer(data))
    if not starts or starts[0].start() != 0:
        raise LoadError("it is named like a mailbox but does not begin with a message", FailureKind.MISNAMED)
    drop_pages(data)
    names = Names()
    ends = [*(match.start() for match in starts[1:]), len(data)]
    for number, (match, end) in enumerate(zip(starts, ends, strict=True), start=1):
        subject = _subject(data[match.end() : min(end, match.end() + _HEADER)])
        name = f"{number:04d} {subject}".replace("/", "-").replace("\\", "-").strip()
        yield Member(names.unique(f"{name[:100]}.eml"), end - match.end(), partial(_message, data, match.end(), end))


def _message(data: Content, start: int, end: int) -> bytes:
    message = _ESCAPED.sub(rb"\1", data[start:end])
    drop_pages(data)
    return message


def _subject(header: bytes) -> str:
    try:
        return " ".join(str(BytesHeaderParser(policy=policy.default).parsebytes(header)["subject"] or "").split())
    except (ValueError, IndexError, TypeError, AttributeError):  # what the parser stumbles over in a broken header
        return ""
