"""Errors that callers catch without importing torch."""


class CheckpointError(ValueError):
    """A folder that is not a usable checkpoint: what is wrong and what to do."""
