"""One writer at a time, across processes and threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import LibraryLocked


class WriterLock:
    """A lock on a file of the library's folder, reentrant within a thread. The system frees it when a process dies."""

    def __init__(self, folder: Path, timeout: float) -> None:
        self._folder = folder
        self._timeout = timeout
        self._lock = FileLock(folder / "writer.lock")

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Hold the lock; yields whether this is the outermost hold of the thread.

        Raises:
            LibraryLocked: when another writer kept it for the whole timeout (seconds).
        """
        outermost = not self._lock.is_locked
        try:
            self._lock.acquire(timeout=self._timeout)
        except Timeout as error:
            raise LibraryLocked(
                f"another ingestion is writing to {self._folder} (waited {self._timeout:g} s); "
                "try again when it is done"
            ) from error
        try:
            yield outermost
        finally:
            self._lock.release()

    @contextmanager
    def try_hold(self) -> Iterator[bool]:
        """Hold the lock if nobody has it; yields whether it is held."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()
