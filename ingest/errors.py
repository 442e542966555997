"""What can go wrong with a library; every message says what to do."""


class LibraryError(Exception):
    """The library cannot be used as asked."""


class LibraryNotFound(LibraryError):  # noqa: N818 - says what is the case
    """There is no library in the folder, and none was to be made."""


class LibraryLocked(LibraryError):  # noqa: N818 - says what is the case
    """Another process or thread is writing."""


class LibraryClosed(LibraryError):  # noqa: N818 - says what is the case
    """The library was closed before it was used again."""


class LibraryDamaged(LibraryError):  # noqa: N818 - says what is the case
    """A file of the library is missing or is not what this program wrote."""


class ServerUnreachable(LibraryError):  # noqa: N818 - says what is the case
    """No Chroma server answers at the address that was set."""


class ParserUnavailable(LibraryError):  # noqa: N818 - says what is the case
    """The process in which files are parsed cannot be started: no file's fault."""


class EngineUnavailable(LibraryError):  # noqa: N818 - says what is the case
    """The machines on which files were to be read cannot be used: no file's fault."""


class FingerprintMismatch(LibraryError):  # noqa: N818 - says what is the case
    """The library was made with another embedding model or other splitter settings."""


class FilterError(LibraryError):
    """A filter names what no document has, or is none."""


class DocumentNotFound(LibraryError, KeyError):  # noqa: N818 - says what is the case
    """No document has this id."""

    def __str__(self) -> str:  # KeyError would print the message in quotes
        return str(self.args[0]) if self.args else "document not found"
