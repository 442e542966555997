"""A library: one folder that answers which chunks of which documents are near a question.

    library.sqlite3   documents, chunks, keyword index, vectors, generation: the source of truth
    chroma/           an index over the vectors, which can always be made again from the above
    fingerprint.json  the embedding model and the splitter's sizes: whose vectors are searched
    writer.lock       held by the one process that writes
    uploads/          files that came as bytes

One document is one transaction. It is stored `pending` with its chunks; its vectors and keywords are written, a vector
only for a text that has none yet; then one SQLite transaction makes it `ready`, deletes the version it replaces and
moves the generation; at last vectors are deleted whose text no chunk has any more. A crash at any point leaves either
the old version or the new one answering; what is left over is known to SQLite (pending documents, doomed vectors) and
is swept by the next writer.

`reader` is what can be asked of a library, `library` adds what changes it. A commit is split over `commit` (which
documents, in which order) and `indexing` (their vectors and keywords); `writer` has the lock, what a crash left over,
and the generation; `opening` makes or opens the files, `current_model` follows another process to another model.
"""

from ingest.catalogue import Source
from ingest.errors import (
    DocumentNotFound,
    FingerprintMismatch,
    LibraryClosed,
    LibraryDamaged,
    LibraryError,
    LibraryLocked,
    LibraryNotFound,
)
from ingest.library.library import Library
from ingest.upkeep.verify import VerifyReport

__all__ = [
    "DocumentNotFound",
    "FingerprintMismatch",
    "Library",
    "LibraryClosed",
    "LibraryDamaged",
    "LibraryError",
    "LibraryLocked",
    "LibraryNotFound",
    "Source",
    "VerifyReport",
]
