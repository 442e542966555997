"""Several workers of an engine at work while the caller writes; what they have found waits in a bounded buffer."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Generic, TypeVar

from ingest.engines import Worker

_MAX_WAITING = 64  # results
_MAX_WEIGHT = 8_000_000  # characters of the results that wait; one result may be larger
_IDLE = 0.2  # seconds without a result
_JOIN = 5.0  # seconds for a thread to see that its parser is gone

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class ParserPool(Generic[_Item, _Result]):
    """One thread for each worker, as a context manager. After an error or an interrupt the workers are closed.

    Args:
        workers: the last one is the caller's own.
        work: `(item, worker)` -> the results for one item; runs in a thread.
        weight: characters that a result keeps in memory.
    """

    def __init__(
        self,
        workers: Sequence[Worker],
        work: Callable[[_Item, Worker], Iterator[_Result]],
        weight: Callable[[_Result], int],
    ) -> None:
        self._workers = workers
        self._work = work
        self._weight = weight
        self._changed = threading.Condition()
        self._waiting: deque[_Result] = deque()
        self._waiting_weight = 0
        self._error: BaseException | None = None
        self._active = 0
        self._closed = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "ParserPool[_Item, _Result]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if kind is not None or self._active:
            for worker in self._workers:
                worker.close()
        for thread in self._threads:
            thread.join(_JOIN)

    def results(self, items: Iterable[_Item]) -> Iterator[_Result | None]:
        """Yield the results for all items as they come; None when there has been none for a moment."""
        source = _Shared(iter(items))
        self._active = len(self._workers) - 1
        self._threads = [
            threading.Thread(target=self._run, args=(worker, source), name="worker", daemon=True)
            for worker in self._workers[:-1]
        ]
        for thread in self._threads:
            thread.start()
        while True:
            with self._changed:
                came = self._changed.wait_for(lambda: self._waiting or self._error or not self._active, _IDLE)
                if self._error is not None:
                    raise self._error
                result = self._waiting.popleft() if self._waiting else None
                if result is not None:
                    self._waiting_weight -= self._weight(result)
                    self._changed.notify_all()
                elif came:
                    return
            yield result

    def here(self, item: _Item) -> Iterator[_Result]:
        """Yield the results for one item, worked out in the caller's thread."""
        yield from self._work(item, self._workers[-1])

    def _run(self, worker: Worker, source: "_Shared[_Item]") -> None:
        try:
            for item in source:
                for result in self._work(item, worker):
                    if not self._put(result):
                        return
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            with self._changed:
                self._error = error
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def _put(self, result: _Result) -> bool:
        weight = self._weight(result)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(weight))
            if self._closed:
                return False
            self._waiting.append(result)
            self._waiting_weight += weight
            self._changed.notify_all()
        return True

    def _has_room(self, weight: int) -> bool:
        fits = len(self._waiting) < _MAX_WAITING and self._waiting_weight + weight <= _MAX_WEIGHT
        return fits or not self._waiting


class _Shared(Generic[_Item]):
    """An iterator from which several threads take."""

    def __init__(self, items: Iterator[_Item]) -> None:
        self._items = items
        self._lock = threading.Lock()

    def __iter__(self) -> "_Shared[_Item]":
        return self

    def __next__(self) -> _Item:
        with self._lock:
            return next(self._items)
