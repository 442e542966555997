"""What can become of a file in a run of ingestion: one list for the run, its plan, its report and its history."""

from enum import StrEnum


class Ending(StrEnum):
    """How a file ended, in the order in which reports count them."""

    ADDED = "added"
    REPLACED = "replaced"
    MOVED = "moved"  # the same content, and the old path is gone
    COPIED = "copied"  # the same content, which is stored once with all its paths
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"
    SKIPPED = "skipped"


PARSED = frozenset({Ending.ADDED, Ending.REPLACED})  # only these are read to their words
