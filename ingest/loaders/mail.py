"""E-mail: who wrote to whom, when, about what, and the words; attachments are documents of their own."""

import codecs
import mimetypes
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import partial
from typing import cast

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.encoding import decode, decode_as
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.html import read_html
from ingest.loaders.members import Member, Names

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_DEEPEST = 50  # parts inside parts
_MAX_PARTS = 1000
# What the email package is known to raise on broken headers and bodies.
_STUMBLES = (ValueError, LookupError, TypeError, AttributeError, AssertionError)


def load_mail(data: bytes, stem: str) -> LoadedDocument:
    """Read a message: its main headers, one a line, then its text (the HTML version where there is no plain one).

    Raises:
        LoadError: when it has no such header, or too many parts.
    """
    message = _parse(data)
    if not any(_header(message, name) for name in _SHOWN):
        raise LoadError(
            "it is named like an e-mail but has neither a sender nor a subject; the file may be damaged",
            FailureKind.MISNAMED,
        )
    builder = DocumentBuilder()
    builder.atomic_lines(f"{name}: {value}" for name in _SHOWN if (value := _header(message, name)))
    for part in _parts(message):
        if not _is_attachment(part) and part.get_content_maintype() == "text":
            builder.document(_body(part))
    return builder.build("message/rfc822", _header(message, "Subject") or stem)


def mail_members(data: bytes) -> Iterator[Member]:
    """Yield the attachments under the names that the message gives them, forwarded messages as `.eml`."""
    names = Names()
    for number, part in enumerate(_parts(_parse(data)), start=1):
        if not _is_attachment(part):
            continue
        extension = ".eml" if part.get_content_type() == "message/rfc822" else (
            mimetypes.guess_extension(part.get_content_type()) or ""
        )  # fmt: skip
        content = partial(_content, part)
        try:
            size = len(content())
            stated = part.get_filename() or f"attachment-{number}{extension}"
        except (*_STUMBLES, LoadError):
            size, stated = 0, f"attachment-{number}{extension}"
        if not stated.lower().endswith(".eml") and extension == ".eml":
            stated += ".eml"
        yield Member(names.unique(stated.replace("/", "-").replace("\\", "-")), size, content)


def _parse(data: bytes) -> EmailMessage:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # saved as text by a program on Windows
            data = decode(data).encode("utf-8", "replace")
        return message_from_bytes(data, policy=policy.default)
    except (*_STUMBLES, RecursionError) as error:
        raise LoadError(f"the e-mail is damaged and cannot be read ({error})", FailureKind.DAMAGED) from error


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the leaves of a message in order; of alternatives the plain text, else the last one."""
    waiting = [(message, 0)]
    found = 0
    while waiting:
        part, depth = waiting.pop()
        found += 1
        if depth > _DEEPEST or found > _MAX_PARTS:
            raise LoadError(
                f"the e-mail has more than {_MAX_PARTS} parts or nests more than {_DEEPEST} deep", FailureKind.TOO_DEEP
            )
        if part.get_content_type() == "message/rfc822" or not part.is_multipart():
            yield part
            continue
        inner = [cast(EmailMessage, p) for p in cast(list[object], part.get_payload())]
        if part.get_content_type() == "multipart/alternative" and inner:
            inner = [_preferred(inner)]
        waiting.extend((p, depth + 1) for p in reversed(inner))


def _preferred(alternatives: list[EmailMessage]) -> EmailMessage:
    plain = [p for p in alternatives if p.get_content_type() == "text/plain" and _body(p).text.strip()]
    return plain[0] if plain else alternatives[-1]


def _is_attachment(part: EmailMessage) -> bool:
    """Say whether a part is a file; pictures that the HTML shows in its text are not."""
    if part.get_content_type() == "message/rfc822":
        return True
    inline = part.get_content_disposition() != "attachment"
    if part.get_content_maintype() == "text":
        return not inline or (part.get_filename() is not None and part.get_content_type() != "text/html")
    return not (inline and part.get_content_maintype() == "image" and part["Content-ID"])


def _content(part: EmailMessage) -> bytes:
    """Return the bytes of an attachment, decoded from base64 or the like; a damaged one as far as it goes."""
    try:
        if part.get_content_type() == "message/rfc822":
            inner = cast(list[EmailMessage], part.get_payload())
            return inner[0].as_bytes(policy=policy.SMTP) if isinstance(inner, list) and inner else b""
        payload = part.get_payload(decode=True)
    except (*_STUMBLES, RecursionError) as error:
        raise LoadError(f"the attachment is damaged ({error})", FailureKind.DAMAGED) from error
    return payload if isinstance(payload, bytes) else b""


def _body(part: EmailMessage) -> LoadedDocument:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or ""
    text = decode(data) if _is_utf16(data, charset) else None
    if text is None and charset and charset != "us-ascii":
        text = decode_as(data, charset)
    text = text if text is not None else decode(data)
    if part.get_content_subtype() == "html":
        return read_html(text, "")
    builder = DocumentBuilder()
    builder.paragraph(text)
    return builder.build("text/plain", "")


def _is_utf16(data: bytes, charset: str) -> bool:
    """Say whether a text is to be read as UTF-16 in the byte order that it shows, not the one that is declared.

    Without a mark, "utf-16" declares none, and Python would take that of the computer.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if charset != "utf-16" or b"\x00" not in data:
        return False
    try:
        decode(data)
    except LoadError:
        return False
    return True


def _header(message: EmailMessage, name: str) -> str:
    """Return a header's words, decoded; dates in ISO 8601, which sorts and reads the same everywhere."""
    try:
        value = " ".join(str(message[name] or "").split())
    except _STUMBLES:
        return ""
    if name == "Date" and value:
        try:
            date: datetime = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return value
        return date.strftime("%Y-%m-%d %H:%M %z").rstrip()
    return value
