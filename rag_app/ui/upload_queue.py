"""Uploaded files wait here and are ingested one after the other in a thread; the page stays usable meanwhile."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from ingest.errors import LibraryLocked
from ingest.job import ingest_bytes
from ingest.library import Library
from rag_app.ui.engine import Engine

_log = logging.getLogger(__name__)
_MAX_FAILURES = 20  # that are remembered


@dataclass(frozen=True, slots=True)
class UploadFailure:
    """An upload that could not even be recorded, and why. A file that cannot be read is in the catalogue instead."""

    name: str
    error: Exception


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the queue is doing.

    Attributes:
        current: name of the file being ingested, None when idle.
        waiting: how many come after it.
        is_locked: another process is writing; the queue tries again by itself.
    """

    current: str | None
    waiting: int
    is_locked: bool
    failures: tuple[UploadFailure, ...]


class UploadQueue:
    """One library's uploads. Safe to share between threads."""

    def __init__(self, library: Library, engine: Engine) -> None:
        self._library = library
        self._engine = engine
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._failures: deque[UploadFailure] = deque(maxlen=_MAX_FAILURES)
        self._current: str | None = None
        self._is_locked = False
        threading.Thread(target=self._work, name="uploads", daemon=True).start()

    def submit(self, name: str, data: bytes) -> None:
        """Add a file."""
        with self._changed:
            self._failures = deque((f for f in self._failures if f.name != name), maxlen=_MAX_FAILURES)
            self._waiting.append((name, data))
            self._changed.notify()

    def state(self) -> QueueState:
        """What is going on now."""
        with self._changed:
            return QueueState(self._current, len(self._waiting), self._is_locked, tuple(self._failures))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._current = None
                while not self._waiting:
                    self._changed.wait()
                name, data = self._waiting.popleft()
                self._current = name
            try:
                self._ingest(name, data)
            except Exception as error:  # noqa: BLE001 - one bad upload must not end the thread: the others go on
                _log.exception("an upload could not be ingested")
                with self._changed:
                    self._failures.append(UploadFailure(name, error))

    def _ingest(self, name: str, data: bytes) -> None:
        """Ingest one file, however long another process keeps the library."""
        self._engine.load_search()
        try:
            while True:
                try:
                    ingest_bytes(self._library, name, data)
                except LibraryLocked:  # comes after a wait of its own, so this loop does not spin
                    self._is_locked = True
                else:
                    return
        finally:
            self._is_locked = False
