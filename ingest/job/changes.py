"""What a file is compared with what the library knows: by its content, whatever its name."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath

from ingest.catalogue import Source
from ingest.content_hash import sha256_of
from ingest.documents import DocumentRecord
from ingest.job.ending import Ending
from ingest.library import Library
from ingest.loaders import ocr
from ingest.loaders.errors import FailureKind, stored_reason
from ingest.sources.ignore_rules import IgnoreRules


@dataclass(frozen=True, slots=True)
class Change:
    """A file and what it is: `moved` and `copied` have the content of `document`, of which `moved` has lost a path.

    `previous` is that path, `document` else what the path led to before. `reason` says why it failed; `sha256` is None
    when it could not be read. `outdated` are the paths of what is the same as before but can be read better now.
    """

    kind: Ending
    path: Path
    sha256: str | None = None
    size: int = 0
    document: DocumentRecord | None = None
    previous: str | None = None
    reason: str | None = None
    outdated: frozenset[str] = frozenset()


def change_of(
    library: Library | None, path: Path, max_bytes: int, hash_file: Callable[[Path], str] = sha256_of
) -> Change:
    """Compare one file, which `hash_file` reads to its end for that; with no library everything is new."""
    source = str(path)
    try:
        size = path.stat().st_size
        if size > max_bytes:
            reason = stored_reason(f"it is larger than {max_bytes / (1 << 20):g} MB; split it", FailureKind.TOO_LARGE)
            return Change(Ending.FAILED, path, size=size, reason=reason)
        sha256 = hash_file(path)
    except OSError as error:
        reason = stored_reason(f"it cannot be read ({error.strerror or error})", FailureKind.UNREADABLE)
        return Change(Ending.FAILED, path, reason=reason)
    if library is None:
        return Change(Ending.ADDED, path, sha256, size)
    earlier = library.find_source(source)
    was_ready = earlier is not None and earlier.state == "ready"
    if earlier is not None and was_ready and earlier.sha256 == sha256:
        inside = library.members(source)
        outdated = _outdated(library, [source, *(name for name, _, _ in inside)])
        again = outdated or any(state == "failed" for _, _, state in inside)
        return Change(Ending.REPLACED if again else Ending.UNCHANGED, path, sha256, size, earlier, outdated=outdated)
    same = same_content(library, source, sha256)
    # What is in an archive or an e-mail has to be found again, to get its new path.
    if same is not None and same.chunks and not library.members(same.source):
        gone = lost_path(library, same.document_id)
        return Change(Ending.MOVED if gone else Ending.COPIED, path, sha256, size, same, gone)
    return Change(Ending.REPLACED if was_ready else Ending.ADDED, path, sha256, size, earlier)


def _outdated(library: Library, sources: Sequence[str]) -> frozenset[str]:
    """Return those of ready documents that were read without OCR, would have needed it, and could have it now."""
    if not ocr.is_installed():
        return frozenset()
    return frozenset(source for source in sources if lacks_ocr(library.find_source(source)))


def lacks_ocr(record: DocumentRecord | None) -> bool:
    """Say whether pages of a ready document were not read because there was no OCR."""
    if record is None or record.state != "ready":
        return False
    return any(hint in (record.error or "") for hint in ocr.INSTALL_HINTS)


def modified_at(path: Path) -> str | None:
    """Return when a file was changed last as ISO 8601 in UTC, to the second; None where there is no sound time."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except (OSError, ValueError, OverflowError):
        return None


def same_content(library: Library, source: str, sha256: str) -> DocumentRecord | None:
    """Return a ready document of the same content and type of file as `source`, which is not its path."""
    kind = PurePath(source).suffix.lower()
    found = library.find_content(sha256)
    return next((r for r in found if PurePath(r.source).suffix.lower() == kind and r.source != source), None)


def lost_path(library: Library, document_id: str) -> str | None:
    """Return a path of a document at which there is no file any more, or None."""
    return next((s.source for s in library.sources(document_id) if is_gone(s)), None)


def is_gone(source: Source) -> bool:
    """Say whether the file of a path, or the archive in which it lay, is not there; nor has a broken link a file.

    A file in a folder that may not be entered is not gone.
    """
    try:
        os.stat(source.container or source.source)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def vanished(library: Library, roots: Sequence[Path]) -> Iterator[Source]:
    """Yield the paths below `roots` whose file is gone, or is ignored now by a `.ragignore` file.

    Only folders that are there count: a drive may be away.

    Raises:
        PatternError: when a `.ragignore` file cannot be understood.
    """
    folders = {root: IgnoreRules(root) for root in roots if root.is_dir()}
    for source in library.sources():
        path = Path(source.container or source.source)
        rules = [rules for root, rules in folders.items() if path != root and path.is_relative_to(root)]
        if rules and (is_gone(source) or all(r.ignores(path) for r in rules)):
            yield source


def is_storable(path: Path) -> bool:
    """Whether a path can be stored and shown; bytes that are not UTF-8 arrive as lone surrogates."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(path: Path) -> str:
    """Return a path with bytes that are not UTF-8 written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
