"""The process in which files are parsed: whatever a file does to its parser, only this process bears it.

Started with the arguments MEMORY_MB SECONDS, it reads requests, one JSON object a line, and answers each with
frames: one for each document in the file, and a last one. See `parser` for the other side.

A file is read once, so that the hash of each part is of the bytes that were parsed; one that changes meanwhile is read
again. A large text is mapped and read in parts, a large PDF page by page.
"""

import contextlib
import json
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ingest.documents import Chunk, LoadedDocument
from ingest.loaders import LoadError, Part, UnsupportedTypeError, parts_of
from ingest.loaders.detection import PEEKED, is_mapped
from ingest.loaders.errors import FailureKind, stored_reason
from ingest.loaders.expansion import sha256_of_content
from ingest.parser.frames import write_frame
from ingest.splitting.splitter import SplitterSettings, split

_READINGS = 3  # of a file that changes while it is read
_STAMPS = ("st_ino", "st_size", "st_mtime_ns")
_PAUSE = 0.3  # seconds between them
_GRACE = 5  # seconds after which the system ends a parser that its parent did not
_PARENT_EVERY = 1.0  # seconds


class FileChanging(LoadError):  # noqa: N818 - says what is the case
    """The file was written to during every reading."""

    kind = FailureKind.CHANGING


def main() -> None:
    """Answer requests until there are no more."""
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a parser prints must not come between the frames
    limit_memory(memory)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    write_frame(replies, {"kind": "ready"})
    for line in sys.stdin.buffer:
        _answer(json.loads(line), replies, memory, seconds)


def limit_memory(megabytes: int) -> bool:
    """Let an allocation beyond the limit fail in this process; say whether the system can do that.

    Linux counts what is allocated (RLIMIT_DATA). Elsewhere the parent measures the process instead, see `parser`.
    """
    if not sys.platform.startswith("linux"):
        return False
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash need not write the file's content to the disk
    return True


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_EVERY)
    os._exit(1)


def _answer(request: dict[str, Any], replies: BinaryIO, memory: int, seconds: float) -> None:
    path = Path(request["path"])
    end: dict[str, Any] = {"kind": "end", "reason": None, "is_unread": True, "is_last": False}
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
        with mapped(path, request["max_bytes"]) as large:
            data = read_whole(path, request["max_bytes"]) if large is None else large.data
            end["is_unread"] = False
            for part in parts_of(path.name, data):
                signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
                _answer_part(part, request, replies, None if part.name else large)
    except FileChanging as error:
        end |= {"reason": _reason(error), "is_unread": True}
    except MemoryError:
        reason = stored_reason(f"it needs more than {memory} MB of memory to be read; split it", FailureKind.MEMORY)
        write_frame(replies, end | {"reason": reason, "is_last": True})
        os._exit(1)  # what is left of this heap is of no use
    except OSError as error:
        end["reason"] = stored_reason(f"it cannot be read ({error.strerror or error})", FailureKind.UNREADABLE)
    except Exception as error:  # noqa: BLE001 - see _reason
        end["reason"] = _reason(error)
    signal.setitimer(signal.ITIMER_REAL, 0)
    write_frame(replies, end)


class Mapped:
    """A large file that is read piece by piece, while others may add to it: what was there at first counts."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._before = os.fstat(file.fileno())
        self.data = mmap.mmap(file.fileno(), self._before.st_size, access=mmap.ACCESS_READ)

    def check(self, sha256: str) -> None:
        """Raise FileChanging when the content is not what its hash was at the beginning."""
        after = self._path.stat()
        same = all(getattr(self._before, f) == getattr(after, f) for f in _STAMPS)
        if not same and (after.st_size < len(self.data) or sha256_of_content(self.data) != sha256):
            raise FileChanging("it was written to while it was read; ingest it again when it is complete")


@contextlib.contextmanager
def mapped(path: Path, max_bytes: int) -> Iterator[Mapped | None]:
    """Map a file that is to be read piece by piece; yield None for one that is read as a whole.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes or not is_mapped(file.read(PEEKED), size, path.name):
            yield None
            return
        large = Mapped(path, file)
        try:
            yield large
        finally:
            with contextlib.suppress(BufferError):  # a loader's regular expression may still look at it
                large.data.close()


def read_whole(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes as they were at one time.

    Raises:
        FileChanging: when somebody writes to it all the time.
        LoadError: when it is larger than `max_bytes`.
        OSError: when it cannot be read.
    """
    for reading in range(_READINGS):
        if reading:
            time.sleep(_PAUSE)
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(min(before.st_size, max_bytes) + 1)
            after = path.stat()
        if len(data) > max_bytes:
            raise LoadError(f"it is larger than {max_bytes / (1 << 20):g} MB; split it", FailureKind.TOO_LARGE)
        same = all(getattr(before, f) == getattr(after, f) for f in _STAMPS)
        if same and len(data) == after.st_size:
            return data
    raise FileChanging("it is being written to; ingest it again when it is complete")


def _answer_part(part: Part, request: dict[str, Any], replies: BinaryIO, mapped_file: Mapped | None) -> None:
    """Answer with one document; that of a whole mapped file counts only if nobody wrote to it meanwhile."""
    head = {"kind": "part", "name": part.name, "sha256": part.sha256, "size": part.size, "reason": None}
    if request["known"].get(part.name) == part.sha256:
        if mapped_file is not None:
            mapped_file.check(part.sha256)
        write_frame(replies, head | {"kind": "known"})
        return
    try:
        document = part.load()
        if mapped_file is not None:
            mapped_file.check(part.sha256)
        chunks = split(document, SplitterSettings(**request["splitter"]))
        if not chunks and not document.is_container:
            raise LoadError("no text was found in the file", FailureKind.NO_TEXT)  # noqa: TRY301 - is answered like a loader's own
    except (MemoryError, FileChanging):
        raise
    except Exception as error:  # noqa: BLE001 - see _reason
        if mapped_file is not None:
            mapped_file.check(part.sha256)
        unsupported = isinstance(error, UnsupportedTypeError)
        write_frame(replies, head | {"reason": _reason(error), "is_unsupported": unsupported})
        return
    write_frame(replies, head | _described(document, chunks), document.text)


def _described(document: LoadedDocument, chunks: list[Chunk]) -> dict[str, Any]:
    """Return all of a document but its text; each heading path once, as there are far fewer of them than chunks."""
    numbers = {path: n for n, path in enumerate(dict.fromkeys(chunk.heading_path for chunk in chunks))}
    return {
        "mime": document.mime,
        "title": document.title,
        "pages": [(p.number, p.start, p.end) for p in document.pages],
        "headings": [(h.level, h.title, h.start) for h in document.headings],
        "warning": document.warning,
        "is_container": document.is_container,
        "heading_paths": list(numbers),
        "chunks": [(c.start, c.end, c.page, numbers[c.heading_path]) for c in chunks],
    }


def _reason(error: Exception) -> str:
    """Return why a file cannot be loaded, with the kind of it.

    This is the one place where any exception of a parser becomes a failed file: parsers meet bytes that nobody
    foresaw, and one bad file must not stop the rest.
    """
    if isinstance(error, LoadError):
        return stored_reason(str(error), error.kind)
    said = type(error).__name__
    with contextlib.suppress(RecursionError):
        said = f"{said}: {error}"
    return stored_reason(f"it could not be parsed ({said})", FailureKind.UNFORESEEN)
