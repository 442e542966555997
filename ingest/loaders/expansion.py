"""From one file to the documents in it: itself, and what an archive or an e-mail contains.

Everything is bounded for the whole file: depth, number of files and bytes unpacked. An inner archive that breaks a
bound, or is damaged, fails alone.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import NoReturn

from ingest.documents import LoadedDocument
from ingest.loaders.detection import detect
from ingest.loaders.errors import LoadError
from ingest.loaders.formats import Format
from ingest.loaders.members import MOST_MEMBER_BYTES, MOST_MEMBERS, MOST_UNPACKED, Member

_DEEPEST = 4  # containers inside one another: a ZIP in an e-mail in a mailbox in a ZIP
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

    members: int = MOST_MEMBERS
    unpacked: int = MOST_UNPACKED

    def take(self, member: Member) -> None:
        if self.members < 1:
            raise LoadError(f"more than {MOST_MEMBERS:,} files are packed into one; unpack it and ingest the folder")
        if member.size > self.unpacked:
            raise LoadError(f"it unpacks to more than {MOST_UNPACKED >> 30} GB; unpack it and ingest the folder")
        self.members -= 1
        self.unpacked -= member.size


def parts_of(name: str, data: bytes, *, with_members: bool = True) -> Iterator[Part]:
    """Yield the documents in a file named `name`, members first, the file itself last and with an empty name.

    Each part is made when it is asked for, so that one member at a time is in memory. Nothing is raised here: what is
    wrong with a part, its `load` raises. When the file itself fails, the members that were yielded before are void.
    """
    yield from _parts("", name, data, _Budget() if with_members else None, depth=0)


def _parts(path: str, name: str, data: bytes, budget: _Budget | None, depth: int) -> Iterator[Part]:
    """Yield the parts of one file that is at `path` inside the outermost one."""
    sha256, size = hashlib.sha256(data).hexdigest(), len(data)
    try:
        found = detect(data, name)
        if found.members is not None and budget is not None:
            yield from _members(path, found, data, budget, depth)
    except LoadError as error:
        yield Part(path, sha256, size, _raising(error))
        return
    if depth == 0 or found.mime not in {"application/zip", "application/mbox"}:
        yield Part(path, sha256, size, lambda: _load(found, data, PurePosixPath(name).stem))


def _members(path: str, found: Format, data: bytes, budget: _Budget, depth: int) -> Iterator[Part]:
    if depth >= _DEEPEST:
        raise LoadError(f"it lies in more than {_DEEPEST} archives or e-mails, one inside the other; unpack it")
    for member in found.open_members(data):
        budget.take(member)
        inner = f"{path}/{member.name}" if path else member.name
        try:
            content = member.read() if member.size <= MOST_MEMBER_BYTES else _too_large()
        except LoadError as error:
            yield Part(inner, hashlib.sha256(inner.encode()).hexdigest(), member.size, _raising(error))
            continue
        yield from _parts(inner, member.name, content, budget, depth + 1)


def _too_large() -> NoReturn:
    raise LoadError(f"it is larger than {MOST_MEMBER_BYTES >> 20} MB; split it")


def _load(found: Format, data: bytes, stem: str) -> LoadedDocument:
    document = found.load(data, stem)
    if not document.is_container and not _LETTER.search(document.text):
        raise LoadError("no text was found in the file")
    return replace(document, mime=document.mime or found.mime, title=document.title or stem)


def _raising(error: LoadError) -> Callable[[], LoadedDocument]:
    def load() -> LoadedDocument:
        raise error

    return load
