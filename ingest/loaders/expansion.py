"""From one file to the documents in it: itself, and what an archive or an e-mail contains.

Everything is bounded for the whole file: depth, number of files and bytes unpacked. An inner archive that breaks a
bound, or is damaged, fails alone.
"""

import hashlib
import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import NoReturn

from ingest.documents import LoadedDocument
from ingest.loaders.detection import detect
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.formats import Format
from ingest.loaders.large.text import LARGE, Content, drop_pages
from ingest.loaders.members import MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_UNPACKED, Member

_DEEPEST = 4  # containers inside one another: a ZIP in an e-mail in a mailbox in a ZIP
_SMALLEST_MESSAGE = 250  # bytes
_HASHED = 8 << 20  # bytes at a time
_LETTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Part:
    """A document in a file. `name` is its path inside the file, or empty for the file itself.

    `sha256` and `size` (bytes) are of its own content; `load` reads it and raises LoadError.
    """

    name: str
    sha256: str
    size: int
    load: Callable[[], LoadedDocument]


@dataclass(slots=True)
class _Budget:
    """What may still be taken out of one file."""

    members: int = MAX_MEMBERS
    unpacked: int = MAX_UNPACKED

    def take(self, member: Member) -> None:
        if self.members < 1:
            raise LoadError(
                f"more than {MAX_MEMBERS:,} files are packed into one; unpack it and ingest the folder",
                FailureKind.PACKED,
            )
        if member.size > self.unpacked:
            raise LoadError(
                f"it unpacks to more than {MAX_UNPACKED >> 30} GB; unpack it and ingest the folder", FailureKind.PACKED
            )
        self.members -= 1
        self.unpacked -= member.size


def parts_of(name: str, data: Content, *, with_members: bool = True) -> Iterator[Part]:
    """Yield the documents in a file named `name`, members first, the file itself last and with an empty name.

    Of a large text file the members are its parts. Such a file, or a mailbox, may be mapped instead of read.

    Each part is made when it is asked for, so that one member at a time is in memory. Nothing is raised here: what is
    wrong with a part, its `load` raises. When the file itself fails, the members that were yielded before are void.
    """
    budget = _Budget()
    budget.unpacked = max(budget.unpacked, len(data))  # the parts of a text are not larger than it
    if isinstance(data, mmap.mmap):  # nor are the messages of a mailbox
        budget.members = max(budget.members, len(data) // _SMALLEST_MESSAGE)
    yield from _parts("", name, data, budget if with_members else None, depth=0)


def _parts(path: str, name: str, data: Content, budget: _Budget | None, depth: int) -> Iterator[Part]:
    """Yield the parts of one file that is at `path` inside the outermost one."""
    sha256, size = sha256_of_content(data), len(data)
    try:
        found = detect(data, name)
        in_parts = size > LARGE and found.parts is not None and budget is not None
        if budget is not None and (found.members is not None or in_parts):
            yield from _members(path, name if in_parts else "", found, data, budget, depth)
    except LoadError as error:
        yield Part(path, sha256, size, _raising(error))
        return
    if in_parts and depth == 0:
        itself = LoadedDocument("", found.mime, PurePosixPath(name).stem, is_container=True)
        yield Part(path, sha256, size, lambda: itself)
    elif depth == 0 or not (in_parts or found.mime in {"application/zip", "application/mbox"}):
        yield Part(path, sha256, size, lambda: _load(found, data, PurePosixPath(name).stem))


def sha256_of_content(data: Content) -> str:
    """Return the hash of bytes, read in blocks where they are a mapped file."""
    digest = hashlib.sha256()
    for start in range(0, len(data), _HASHED):
        digest.update(data[start : start + _HASHED])
        drop_pages(data)
    return digest.hexdigest()


def _members(path: str, large: str, found: Format, data: Content, budget: _Budget, depth: int) -> Iterator[Part]:
    """Yield what is inside a file, or the parts of a text file, whose name is `large`."""
    if depth >= _DEEPEST:
        raise LoadError(
            f"it lies in more than {_DEEPEST} archives or e-mails, one inside the other; unpack it", FailureKind.PACKED
        )
    for member in found.open_parts(data, large) if large else found.open_members(data):
        budget.take(member)
        inner = f"{path}/{member.name}" if path else member.name
        try:
            content = member.read() if member.size <= MAX_MEMBER_BYTES else _too_large()
        except LoadError as error:
            yield Part(inner, hashlib.sha256(inner.encode()).hexdigest(), member.size, _raising(error))
            continue
        yield from _parts(inner, member.name, content, budget, depth + 1)


def _too_large() -> NoReturn:
    raise LoadError(f"it is larger than {MAX_MEMBER_BYTES >> 20} MB; split it", FailureKind.TOO_LARGE)


def _load(found: Format, data: Content, stem: str) -> LoadedDocument:
    document = found.load(data, stem)
    if not document.is_container and not _LETTER.search(document.text):
        raise LoadError("no text was found in the file", FailureKind.NO_TEXT)
    return replace(document, mime=document.mime or found.mime, title=document.title or stem)


def _raising(error: LoadError) -> Callable[[], LoadedDocument]:
    def load() -> LoadedDocument:
        raise error

    return load
