"""The one error that loaders raise for a file that cannot be used."""


class LoadError(Exception):
    """A file cannot be loaded; the message says why and what to do, for the file's owner."""
