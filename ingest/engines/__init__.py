"""Where files are read: in processes of this machine (`local`), or on the machines of a Ray cluster (`ray`).

An engine hands out workers; a worker hashes and parses one file at a time and, where it can, embeds what is new in it.
A run of ingestion is the same for all of them: it compares, decides and writes, and it alone has the library open.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ingest.library import Library
from ingest.parser import ParsedEnd, ParsedPart, ParserLimits


class Worker(Protocol):
    """Reads files, one at a time. Not safe to share between threads, but for `close`."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called; the worker is of no more use then."""

    def hash_file(self, path: Path) -> str:
        """Return the sha256 of a file's content, or raise OSError."""

    def parse(self, path: Path, known: Mapping[str, str]) -> Iterator[ParsedPart | ParsedEnd]:
        """Yield the documents in a file and at last a `ParsedEnd`; nothing is raised for a bad file.

        Args:
            path: the file, absolute.
            known: name of a part -> sha256 with which it need not be parsed again.
        """

    def close(self) -> None:
        """End it, whatever it is doing; from any thread."""


class Engine(Protocol):
    """Gives a run its workers. They live until the engine is closed, through several runs."""

    limits: ParserLimits

    def workers(self, library: Library) -> Sequence[Worker]:
        """Return the workers for this library; the last one is for the caller's own thread.

        Raises:
            EngineUnavailable: when there are none to be had.
        """

    def close(self) -> None:
        """End all workers."""
