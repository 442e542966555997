"""The files of a library, opened or made, once it is sure that its vectors and ours mean the same."""

from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.errors import LibraryNotFound
from ingest.upkeep.fingerprint import Fingerprint
from ingest.upkeep.writer_lock import WriterLock

_FILE = "library.sqlite3"


def find_folder(folder: Path, *, create: bool) -> None:
    """See that there is a library in the folder, or that one can be made there.

    Raises:
        LibraryNotFound: there is none and `create` is false.
    """
    if not (folder / _FILE).exists() and not create:
        raise LibraryNotFound(f"there is no library in {folder}; make one with `rag ingest`")
    folder.mkdir(parents=True, exist_ok=True)


def open_catalogue(
    folder: Path, ours: Fingerprint, lock: WriterLock, reindex_command: str
) -> tuple[Catalogue, Fingerprint]:
    """Return the catalogue, made first if there is none, and the fingerprint that is stored beside it.

    Raises:
        FingerprintMismatch: it was made with another embedding model or other splitter settings, or its index is
            elsewhere.
        LibraryDamaged: its files are not what they were.
    """
    path = folder / _FILE
    if path.exists() and Fingerprint.is_in(folder):
        stored = Fingerprint.read(folder, reindex_command)
        ours.check(stored, folder, reindex_command)
        return Catalogue(path, create=False), stored
    with lock.hold():  # two processes may make the same library at once
        catalogue = Catalogue(path)
        if not Fingerprint.is_in(folder) and not catalogue.documents.all():
            ours.write(folder)
        stored = Fingerprint.read(folder, reindex_command)
        ours.check(stored, folder, reindex_command)
    return catalogue, stored
