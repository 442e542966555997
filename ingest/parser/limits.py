"""What reading one file may cost."""

from dataclasses import dataclass

MAX_BYTES = 200 * 1024 * 1024  # of one file


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one document may cost: seconds of wall-clock time, megabytes of memory; what one file may be: bytes."""

    seconds: float = 600.0
    megabytes: int = 2048
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        """Raise ValueError for limits under which nothing could be read."""
        if self.seconds <= 0 or self.max_bytes <= 0:
            raise ValueError("the limits of time and size must be above 0")
        if self.megabytes < 256:
            raise ValueError(f"the limit of memory is {self.megabytes} MB; it must be at least 256")
