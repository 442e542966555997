"""The pipe to a process in which files are parsed: started when it is needed, listened to no longer than allowed.

Memory is limited by the system on Linux; elsewhere the process is measured twice a second and ended when it is too
large.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from ingest.errors import ParserUnavailable
from ingest.loaders.errors import FailureKind, stored_reason
from ingest.parser.frames import LENGTHS
from ingest.parser.limits import ParserLimits

# -P: the present folder, which may hold documents, is no place for code. Our own package comes last, and only counts
# where it is not installed.
_START = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "from ingest.parser.process import main; main()"
)
COMMAND = (sys.executable, "-P", "-c", _START)

_START_SECONDS = 120.0  # on a busy machine imports take their time
_TICK = 0.5  # seconds between two looks at a process whose memory the system does not limit
_READ = 1 << 20  # bytes
_LIMITED_BY_SYSTEM = sys.platform.startswith("linux")


class ParserDied(Exception):  # noqa: N818 - says what is the case
    """The process ended, or was ended, before its answer was complete; the message says why."""


class ParserConnection:
    """One process at a time. Not safe to share between threads, but for `close`."""

    def __init__(self, limits: ParserLimits, command: Sequence[str]) -> None:
        self._limits = limits
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._is_ready = False
        self._buffer = bytearray()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def send(self, request: Mapping[str, Any]) -> None:
        """Send one request, to a new process if there is none.

        Raises:
            ParserDied: when it cannot be told.
            ParserUnavailable: when no process can be started.
        """
        process = self._running()
        if not self._is_ready:
            self._await_ready(process)
        try:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise ParserDied(self._cause_of_death(process)) from error

    def receive(self) -> tuple[dict[str, Any], str]:
        """Return the next message and its text, which may take as long as one document.

        Raises:
            ParserDied: when it does not come.
        """
        deadline = time.monotonic() + self._limits.seconds
        head, body = LENGTHS.unpack(self._take(LENGTHS.size, deadline))
        return json.loads(self._take(head, deadline)), self._take(body, deadline).decode()

    def end(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            self._end_locked()

    def close(self) -> None:
        """End the process, whatever it is doing; from any thread. No file can be parsed after that."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                _kill(self._process)  # the pipes stay open: another thread may be reading from them

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            head, _ = LENGTHS.unpack(self._take(LENGTHS.size, time.monotonic() + _START_SECONDS))
            self._take(head, time.monotonic() + _START_SECONDS)
        except ParserDied as died:
            if self._closed:
                raise
            self.end()
            raise ParserUnavailable(
                f"the process that parses files cannot be started (status {process.returncode}); "
                f"`{sys.executable} -c 'import ingest.parser.process'` shows why"
            ) from died
        self._is_ready = True

    def _running(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise ParserDied("the ingestion was stopped")
            if self._process is not None and self._process.poll() is not None:
                self._end_locked()
            if self._process is None:
                self._buffer.clear()
                self._is_ready = False
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [*self._command, str(self._limits.megabytes), str(self._limits.seconds)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # libraries complain there about every odd file
                    env=_environment(),
                    start_new_session=True,  # Ctrl-C is for us; and its own children end with it
                )
            return self._process

    def _take(self, count: int, deadline: float) -> bytes:
        """Return the next bytes of the answer."""
        process = self._process
        if process is None or process.stdout is None:
            raise ParserDied("the ingestion was stopped")
        while len(self._buffer) < count:
            try:
                self._wait(process, process.stdout.fileno(), deadline)
                data = os.read(process.stdout.fileno(), _READ)
            except (OSError, ValueError) as error:  # closed by another thread
                raise ParserDied("the ingestion was stopped") from error
            if not data:
                raise ParserDied(self._cause_of_death(process))
            self._buffer += data
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def _wait(self, process: subprocess.Popen[bytes], pipe: int, deadline: float) -> None:
        """Wait until there is something to read."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ParserDied(self._too_slow())
            if select.select([pipe], [], [], left if _LIMITED_BY_SYSTEM else min(left, _TICK))[0]:
                return
            if not _LIMITED_BY_SYSTEM and _memory(process.pid) > self._limits.megabytes << 20:
                grown = f"it needs more than {self._limits.megabytes} MB of memory to be read; split it"
                raise ParserDied(stored_reason(grown, FailureKind.MEMORY))

    def _too_slow(self) -> str:
        slow = f"reading it took longer than {self._limits.seconds:g} s; if the file is sound, allow more time"
        return stored_reason(slow, FailureKind.SLOW)

    def _cause_of_death(self, process: subprocess.Popen[bytes]) -> str:
        if self._closed:
            return "the ingestion was stopped"
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return stored_reason("its parser stopped answering", FailureKind.UNFORESEEN)
        if status == -signal.SIGALRM:
            return self._too_slow()
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
            ended = f"its parser crashed ({name}); the file may be damaged"
        else:
            ended = f"its parser ended unexpectedly (status {status}); the file may be damaged"
        return stored_reason(ended, FailureKind.UNFORESEEN)

    def _end_locked(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was not sent is of no interest any more


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)  # the group, for a parser may have started programs
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _environment() -> dict[str, str]:
    """Return the environment of a parser: no library starts a thread for each core."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "2"}


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
