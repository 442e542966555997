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
# The first one may be the only one: then programs leave out the date, or the line as a whole.
_FIRST = re.compile(rb"From \S.*(?:\d{4}.*\r?\n|\r?\n(?=[!-9;-~]+:))")
_BEFORE = re.compile(rb"(?:\xef\xbb\xbf)?\s*")
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
    before = _BEFORE.match(data)
    begin = before.end() if before else 0
    first = _FIRST.match(data, begin)
    if first is None and not _is_message(data[begin : begin + _HEADER]):
        raise LoadError("it is named like a mailbox but does not begin with a message", FailureKind.MISNAMED)
    names = Names()
    begin = first.end() if first else begin
    later = list(_START.finditer(data, begin))
    drop_pages(data)
    begins = [begin, *(match.end() for match in later)]
    ends = [*(match.start() for match in later), len(data)]
    for number, (start, end) in enumerate(zip(begins, ends, strict=True), start=1):
        subject = _header(data[start : min(end, start + _HEADER)], "subject")
        name = f"{number:04d} {subject}".replace("/", "-").replace("\\", "-").strip()
        yield Member(names.unique(f"{name[:100]}.eml"), end - start, partial(_message, data, start, end))


def _message(data: Content, start: int, end: int) -> bytes:
    message = _ESCAPED.sub(rb"\1", data[start:end])
    drop_pages(data)
    return message


def _is_message(header: bytes) -> bool:
    return all(_header(header, name) for name in ("from", "subject")) or bool(_header(header, "message-id"))


def _header(header: bytes, name: str) -> str:
    try:
        return " ".join(str(BytesHeaderParser(policy=policy.default).parsebytes(header)[name] or "").split())
    except (ValueError, IndexError, TypeError, AttributeError):  # what the parser stumbles over in a broken header
        return ""
