"""The errors that loaders raise for a file that cannot be used."""


class LoadError(Exception):
    """A file cannot be loaded; the message says why and what to do, for the file's owner."""


class UnsupportedTypeError(LoadError):
    """A file's type is not among those that can be read."""
