"""Large JSON files in parts, as `text.py` has them: a few members of a list or an object each, in its frame.

A part of `{"type": "FeatureCollection", "features": [a, b, c, …]}` is `{"features": [b, c]}`: valid JSON, which its
loader reads like any other. Only a window of the file is decoded at a time; a member that does not fit into one is
entered, and its own members become parts.
"""

import codecs
import json
import re
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.large import text as large_text
from ingest.loaders.large.text import Content, drop_pages
from ingest.loaders.members import Member, Names

_ONE_IN = 64  # members, after which a part may end: about one in so many
_DEEPEST = 50
_LOOKED_AT = 4096  # bytes behind the end
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)  # figures of any length
_CLOSING = {"[": b"]", "{": b"}"}


@dataclass(frozen=True, slots=True)
class _Span:
    """Bytes `start` to `end` of a file, and what goes around them so that they are valid JSON."""

    before: bytes
    start: int
    end: int
    after: bytes


def json_in_parts(data: Content, name: str) -> Iterator[Member]:
    """Yield the parts of a JSON file.

    Raises:
        LoadError: when it is not JSON in UTF-8, or a single string in it is larger than a part.
    """
    if b"\0" in data[:64]:
        raise LoadError(
            f"JSON of more than {large_text.LARGE >> 20} MB is read in UTF-8 only; save it so", FailureKind.ENCODING
        )
    start = len(codecs.BOM_UTF8) if data[:3] == codecs.BOM_UTF8 else 0
    pure, names = PurePosixPath(name), Names()
    first = _Window.at(data, start)
    start += _space(first.text, 0)
    for number, span in enumerate(_spans(data, start), start=1):
        member = names.unique(f"{pure.stem} (part {number}){pure.suffix}")
        size = len(span.before) + span.end - span.start + len(span.after)
        yield Member(member, size, partial(_read, data, span))


def _spans(data: Content, start: int) -> Iterator[_Span]:
    end = yield from _spans_of(data, start, b"", b"", 1)
    if data[end : end + _LOOKED_AT].strip():
        raise LoadError(
            f"there is more behind its end (at byte {end:,}); if these are JSON lines, name it .jsonl",
            FailureKind.INVALID,
        )


def _read(data: Content, span: _Span) -> bytes:
    content = span.before + data[span.start : span.end] + span.after
    drop_pages(data)
    return content


@dataclass(frozen=True, slots=True)
class _Window:
    """The text of the bytes from `start` on, as many as a part may have; `is_last` says that the file ends there."""

    text: str
    start: int
    is_last: bool

    @classmethod
    def at(cls, data: Content, start: int) -> "_Window":
        end = min(start + large_text.MAX_BYTES, len(data))
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(data[start:end], final=end == len(data))
        except UnicodeDecodeError as error:
            raise LoadError("its text is not UTF-8 throughout; save it as UTF-8", FailureKind.ENCODING) from error
        drop_pages(data)
        return cls(text, start, end == len(data))

    def member_end(self, place: int, *, named: bool) -> int | None:
        """Return where the member that begins at a place ends; None when that cannot be told from this window."""
        try:
            value = self.value(place) if named else place
            _, end = _DECODER.raw_decode(self.text, value)
        except RecursionError as error:
            raise LoadError(f"its values nest more than {_DEEPEST} deep", FailureKind.TOO_DEEP) from error
        except ValueError:
            return None
        behind = _space(self.text, end)
        following = self.text[behind : behind + 1]  # without it, a number may go on
        return end if following in {",", "]", "}"} or (self.is_last and not following) else None

    def value(self, place: int) -> int:
        """Return where the value of a named member begins; raise ValueError when it is not there."""
        key, end = _DECODER.raw_decode(self.text, place)
        colon = _space(self.text, end)
        value = _space(self.text, colon + 1)
        if not isinstance(key, str) or self.text[colon : colon + 1] != ":" or value >= len(self.text):
            raise ValueError("no name with a value")
        return value


def _spans_of(data: Content, at: int, before: bytes, after: bytes, depth: int) -> Generator[_Span, None, int]:
    """Yield the members of the list or object whose bracket is at `at`, some at a time; return where it ends."""
    window = _Window.at(data, at)
    opening = window.text[:1]
    if opening not in _CLOSING or depth > _DEEPEST:
        raise _damaged(at) if depth == 1 else _too_large(at)
    closing = _CLOSING[opening].decode()
    before, after = before + opening.encode(), _CLOSING[opening] + after
    place, offset = 1, at + 1  # in the window, in the file
    pending: tuple[int, int] | None = None  # bytes of the members that wait for more
    is_comma_due = False
    while True:
        skipped = _space(window.text, place)
        place, offset = skipped, offset + skipped - place
        character = window.text[place : place + 1]
        if character == closing:
            if pending:
                yield _Span(before, *pending, after)
            return offset + 1
        if character == "," and is_comma_due:
            place, offset, is_comma_due = place + 1, offset + 1, False
            continue
        if is_comma_due and character:
            raise _damaged(offset)
        end = window.member_end(place, named=opening == "{") if character else None
        if end is not None:
            content = window.text[place:end].encode()
            pending = (pending[0] if pending else offset, offset + len(content))
            place, offset, is_comma_due = end, pending[1], True
            if pending[1] - pending[0] < large_text.MIN_BYTES or zlib.crc32(content) % _ONE_IN:
                continue
        elif window.is_last and not character:
            raise _damaged(offset)
        elif window.start < (pending or (offset,))[0]:  # a window of its own may show it whole
            offset, pending, is_comma_due = (pending or (offset,))[0], None, is_comma_due and not pending
            window, place = _Window.at(data, offset), 0
            continue
        elif not pending:
            name = _name(window, place, offset) if opening == "{" else b""
            offset = yield from _spans_of(data, offset + len(name), before + name, after, depth + 1)
            is_comma_due = True
        if pending:
            yield _Span(before, *pending, after)
            pending = None
        window, place = _Window.at(data, offset), 0


def _name(window: _Window, place: int, offset: int) -> bytes:
    """Return the name of the member at a place, and what parts it from its value."""
    try:
        return window.text[place : window.value(place)].encode()
    except ValueError as error:
        raise _damaged(offset) from error


def _space(text: str, place: int) -> int:
    """Return the first place from here on that is not white space."""
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _damaged(offset: int) -> LoadError:
    return LoadError(f"it is not valid JSON (at byte {offset:,}); the file may be damaged", FailureKind.INVALID)


def _too_large(offset: int) -> LoadError:
    return LoadError(
        f"a value in it (at byte {offset:,}) is damaged, is larger than {large_text.MAX_BYTES >> 20} MB or nests more "
        f"than {_DEEPEST} deep; save its records as JSON lines (.jsonl)",
        FailureKind.TOO_LARGE,
    )
