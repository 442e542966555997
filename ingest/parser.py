"""This side of the process in which files are parsed: ask it, wait no longer than allowed, start it anew when it died.

One process serves many files, so that its start is paid once. A parser that hangs, grows or crashes costs its file
only. The time limit is wall-clock time for one document (each member of an archive has its own). Memory is limited by
the system on Linux; elsewhere the process is measured twice a second and ended when it is too large.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from ingest.content_hash import sha256_of
from ingest.documents import Chunk, Heading, LoadedDocument, PageSpan
from ingest.errors import ParserUnavailable
from ingest.frames import LENGTHS
from ingest.splitter import SplitterSettings

MOST_BYTES = 200 * 1024 * 1024  # of one file

# -P: the present folder, which may hold documents, is no place for code. Our own package comes last, and only counts
# where it is not installed.
_START = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parent.parent)!r}); "
    "from ingest.parser_process import main; main()"
)
COMMAND = (sys.executable, "-P", "-c", _START)

_START_SECONDS = 120.0  # on a busy machine imports take their time
_TICK = 0.5  # seconds between two looks at a process whose memory the system does not limit
_READ = 1 << 20  # bytes
_LIMITED_BY_SYSTEM = sys.platform.startswith("linux")


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one document may cost: seconds of wall-clock time, megabytes of memory; what one file may be: bytes."""

    seconds: float = 600.0
    megabytes: int = 2048
    max_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        """Raise ValueError for limits under which nothing could be read."""
        if self.seconds <= 0 or self.max_bytes <= 0:
            raise ValueError("the limits of time and size must be above 0")
        if self.megabytes < 256:
            raise ValueError(f"the limit of memory is {self.megabytes} MB; it must be at least 256")


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """A document in a file; `name` is empty for the file itself, which comes last.

    Either `document` and `chunks` are there, or `reason` says why not, or `is_known`: the hash was among those given.
    `vectors`, of shape `(len(chunks), dimension)`, are there when it was embedded where it was parsed.
    """

    name: str
    sha256: str
    size: int
    document: LoadedDocument | None = None
    chunks: tuple[Chunk, ...] = ()
    reason: str | None = None
    is_unsupported: bool = False
    is_known: bool = False
    vectors: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class ParsedEnd:
    """A file is done. `reason` says why it failed as a whole; what came before is then void.

    `is_unread`: its bytes could not be had.
    """

    reason: str | None = None
    is_unread: bool = False


class _Died(Exception):  # noqa: N818 - says what is the case
    """The process ended, or was ended, before its answer was complete; the message says why."""


class Parser:
    """One parser process, started when the first file comes. Not safe to share between threads, but for `close`."""

    def __init__(
        self, splitter: SplitterSettings, limits: ParserLimits, *, command: Sequence[str] = COMMAND
    ) -> None:
        self._splitter = splitter
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

    def hash_file(self, path: Path) -> str:
        """Return the sha256 of a file's content, or raise OSError. It is read in this process."""
        return sha256_of(path)

    def parse(self, path: Path, known: Mapping[str, str]) -> Iterator[ParsedPart | ParsedEnd]:
        """Yield the documents in a file and at last a `ParsedEnd`; nothing is raised for a bad file.

        Args:
            path: the file, absolute.
            known: name of a part -> sha256 with which it need not be parsed again.

        Raises:
            ParserUnavailable: when the process cannot be started.
        """
        try:
            self._send(path, known)
            while True:
                reply = self._reply()
                yield reply
                if isinstance(reply, ParsedEnd):
                    return
        except _Died as died:
            self._end()
            yield ParsedEnd(str(died))

    def close(self) -> None:
        """End the process, whatever it is doing; from any thread. No file can be parsed after that."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                _kill(self._process)  # the pipes stay open: another thread may be reading from them

    def _send(self, path: Path, known: Mapping[str, str]) -> None:
        request = {
            "path": str(path),
            "known": dict(known),
            "splitter": asdict(self._splitter),
            "max_bytes": self._limits.max_bytes,
        }
        process = self._running()
        if not self._is_ready:
            self._await_ready(process)
        try:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise _Died(self._cause_of_death(process)) from error

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            head, _ = LENGTHS.unpack(self._take(LENGTHS.size, time.monotonic() + _START_SECONDS))
            self._take(head, time.monotonic() + _START_SECONDS)
        except _Died as died:
            if self._closed:
                raise
            self._end()
            raise ParserUnavailable(
                f"the process that parses files cannot be started (status {process.returncode}); "
                f"`{sys.executable} -c 'import ingest.parser_process'` shows why"
            ) from died
        self._is_ready = True

    def _running(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise _Died("the ingestion was stopped")
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

    def _reply(self) -> ParsedPart | ParsedEnd:
        deadline = time.monotonic() + self._limits.seconds
        head, body = LENGTHS.unpack(self._take(LENGTHS.size, deadline))
        message = json.loads(self._take(head, deadline))
        text = self._take(body, deadline).decode()
        if message["kind"] == "end":
            if message["is_last"]:
                self._end()
            return ParsedEnd(message["reason"], message["is_unread"])
        part = ParsedPart(message["name"], message["sha256"], message["size"])
        if message["kind"] == "known":
            return replace(part, is_known=True)
        if message["reason"] is not None:
            return replace(part, reason=message["reason"], is_unsupported=message["is_unsupported"])
        headings = [tuple(path) for path in message["heading_paths"]]
        document = LoadedDocument(
            text,
            message["mime"],
            message["title"],
            tuple(PageSpan(*page) for page in message["pages"]),
            tuple(Heading(*heading) for heading in message["headings"]),
            warning=message["warning"],
            is_container=message["is_container"],
        )
        chunks = tuple(Chunk(text[s:e], s, e, page, headings[path]) for s, e, page, path in message["chunks"])
        return replace(part, document=document, chunks=chunks)

    def _take(self, count: int, deadline: float) -> bytes:
        """Return the next bytes of the answer."""
        process = self._process
        if process is None or process.stdout is None:
            raise _Died("the ingestion was stopped")
        while len(self._buffer) < count:
            try:
                self._wait(process, process.stdout.fileno(), deadline)
                data = os.read(process.stdout.fileno(), _READ)
            except (OSError, ValueError) as error:  # closed by another thread
                raise _Died("the ingestion was stopped") from error
            if not data:
                raise _Died(self._cause_of_death(process))
            self._buffer += data
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def _wait(self, process: subprocess.Popen[bytes], pipe: int, deadline: float) -> None:
        """Wait until there is something to read."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Died(self._too_slow())
            if select.select([pipe], [], [], left if _LIMITED_BY_SYSTEM else min(left, _TICK))[0]:
                return
            if not _LIMITED_BY_SYSTEM and _memory(process.pid) > self._limits.megabytes << 20:
                raise _Died(f"it needs more than {self._limits.megabytes} MB of memory to be read; split it")

    def _too_slow(self) -> str:
        return f"reading it took longer than {self._limits.seconds:g} s; if the file is sound, allow more time"

    def _cause_of_death(self, process: subprocess.Popen[bytes]) -> str:
        if self._closed:
            return "the ingestion was stopped"
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "its parser stopped answering"
        if status == -signal.SIGALRM:
            return self._too_slow()
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
            return f"its parser crashed ({name}); the file may be damaged"
        return f"its parser ended unexpectedly (status {status}); the file may be damaged"

    def _end(self) -> None:
        with self._lock:
            self._end_locked()

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
