"""Parser processes on this machine. They do not embed: the run does, in batches of many small documents."""

from collections.abc import Sequence

from ingest.library import Library
from ingest.parser import COMMAND, Parser, ParserLimits
from ingest.splitting.splitter import SplitterSettings


class LocalEngine:
    """Parses `jobs` files at a time on this machine.

    Its processes start when the first file comes and wait for the next run: who ingests often keeps the engine.

    Args:
        jobs: how many files are parsed at the same time.
        limits: what one file may cost.
        command: starts the process in which files are parsed.

    Raises:
        ValueError: when `jobs` is less than 1.
    """

    def __init__(
        self,
        jobs: int = 1,
        limits: ParserLimits = ParserLimits(),  # noqa: B008 - immutable
        *,
        command: Sequence[str] = COMMAND,
    ) -> None:
        if jobs < 1:
            raise ValueError(f"the number of jobs is {jobs}; it must be at least 1")
        self.limits = limits
        self._jobs = jobs
        self._command = tuple(command)
        self._splitter: SplitterSettings | None = None
        self._parsers: list[Parser] = []

    def workers(self, library: Library) -> list[Parser]:
        """Return the parsers; those that a run ended are replaced."""
        if library.splitter != self._splitter:
            self.close()
            self._splitter = library.splitter
        kept = [parser for parser in self._parsers if not parser.closed]
        made = [Parser(library.splitter, self.limits, command=self._command) for _ in range(self._jobs + 1 - len(kept))]
        self._parsers = kept + made
        return list(self._parsers)

    def close(self) -> None:
        """End all processes; a later run starts new ones."""
        for parser in self._parsers:
            parser.close()
        self._parsers = []
