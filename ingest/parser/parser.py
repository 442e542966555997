"""A parser process, asked for one file after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ingest.content_hash import sha256_of
from ingest.parser.connection import COMMAND, ParserConnection, ParserDied
from ingest.parser.limits import ParserLimits
from ingest.parser.replies import ParsedEnd, ParsedPart, part_of
from ingest.splitting.splitter import SplitterSettings


class Parser:
    """One parser process, started when the first file comes. Not safe to share between threads, but for `close`."""

    def __init__(self, splitter: SplitterSettings, limits: ParserLimits, *, command: Sequence[str] = COMMAND) -> None:
        self._splitter = splitter
        self._limits = limits
        self._connection = ParserConnection(limits, command)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._connection.closed

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
            self._connection.send(
                {
                    "path": str(path),
                    "known": dict(known),
                    "splitter": asdict(self._splitter),
                    "max_bytes": self._limits.max_bytes,
                }
            )
            while True:
                reply = self._reply()
                yield reply
                if isinstance(reply, ParsedEnd):
                    return
        except ParserDied as died:
            self._connection.end()
            yield ParsedEnd(str(died))

    def close(self) -> None:
        """End the process, whatever it is doing; from any thread. No file can be parsed after that."""
        self._connection.close()

    def _reply(self) -> ParsedPart | ParsedEnd:
        message, text = self._connection.receive()
        if message["kind"] == "end":
            if message["is_last"]:
                self._connection.end()
            return ParsedEnd(message["reason"], message["is_unread"])
        return part_of(message, text)
