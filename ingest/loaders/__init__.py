"""One loader for each format; content decides which one reads a file, its extension only among kinds of text.

A loader turns the bytes of a file into a `LoadedDocument` or raises `LoadError`. A new format is one module and one
line in `formats`. `expansion` reads files that hold other files: archives, e-mails, mailboxes. Of such a file,
`parts_of` yields every document in it, the file itself last; the source of a part is
`<path of the file>/<name of the part>`.
"""

from pathlib import Path

from ingest.documents import LoadedDocument
from ingest.loaders.detection import is_supported, unsupported
from ingest.loaders.errors import FailureKind, LoadError, UnsupportedTypeError
from ingest.loaders.expansion import Part, parts_of
from ingest.loaders.formats import SUPPORTED_EXTENSIONS

__all__ = [
    "SUPPORTED_EXTENSIONS",
    "LoadError",
    "Part",
    "UnsupportedTypeError",
    "is_supported",
    "load",
    "parts_of",
    "unsupported",
]


def load(path: Path) -> LoadedDocument:
    """Read the document that the file at `path` itself is; use `parts_of` for what is inside an archive or an e-mail.

    Raises:
        LoadError: for a reason that its owner can understand and act upon, and for a file that only contains others.
        OSError: when the file cannot be read.
    """
    *_, itself = parts_of(path.name, path.read_bytes(), with_members=False)
    document = itself.load()
    if document.is_container:
        raise LoadError("it only holds other files", FailureKind.NO_TEXT)
    return document
