"""One process at a time writes: the lock, what a crash left over, and the generation by which others see a change."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.library.current_model import CurrentModel
from ingest.upkeep.reindex import left_untidy, tidy_up
from ingest.upkeep.writer_lock import WriterLock

_RUN = uuid.uuid4().hex  # with the process id: who writes


class Writer:
    """The right to write to a library."""

    def __init__(self, folder: Path, catalogue: Catalogue, model: CurrentModel, lock: WriterLock) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._model = model
        self._lock = lock

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library for writing (reentrant in a thread); leftovers of a crash are swept first.

        Raises:
            LibraryLocked: when another writer keeps it for longer than the timeout.
        """
        with self._lock.hold() as outermost:
            if outermost:
                self._become_writer_and_sweep()
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the library for one change; after it, vectors that nobody needs any more are deleted."""
        with self.writing():
            with self.moving_generation():
                yield
            self.sweep()

    @contextmanager
    def verifying(self) -> Iterator[None]:
        """Hold the library as it is, with whatever a crash left over."""
        with self._lock.hold():
            use = self._model.follow()
            self._catalogue.meta.become_writer(_writer())
            use.index.refresh()  # what is on the disk counts, not what a client remembers
            with self.moving_generation():
                yield

    @contextmanager
    def moving_generation(self) -> Iterator[None]:
        """Tell the index's client that the generation moved by our own doing, so that it need not reopen."""
        before = self._catalogue.meta.generation()
        yield
        self._model.use.index.wrote(before, self._catalogue.meta.generation())

    def sweep(self) -> None:
        """Delete pending documents, and vectors whose text no chunk has; the caller holds the writer lock."""
        if self._catalogue.documents.pending():
            self._catalogue.abandon()
        doomed = self._catalogue.chunks.doomed()
        if doomed:
            gone = self._catalogue.chunks.unused(doomed)
            if gone:
                self._model.use.index.delete(gone)
                self._model.use.table.delete(gone)
            self._catalogue.chunks.forget_doomed(doomed)

    def sweep_if_free(self) -> None:
        """Sweep what a crash left over, unless somebody is writing now."""
        with self._lock.try_hold() as held:
            if held:
                self._become_writer_and_sweep()

    def _become_writer_and_sweep(self) -> None:
        use = self._model.follow()
        if self._catalogue.meta.become_writer(_writer()):
            # A stale client must not write either: it could save an index that lacks the other's vectors.
            use.index.refresh()
        if left_untidy(self._catalogue, use.fingerprint):
            tidy_up(self._catalogue, use.index, use.fingerprint, self._folder)
        self.sweep()


def _writer() -> str:
    """Name this process; a fork of it is somebody else."""
    return f"{_RUN}-{os.getpid()}"
