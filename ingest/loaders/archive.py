"""ZIP archives: a document for each file inside."""

import io
import stat
import zipfile
from collections.abc import Iterator
from functools import partial

from ingest.documents import LoadedDocument
from ingest.loaders.encoding import decode
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.members import MAX_MEMBERS, MAX_UNPACKED, Member, Names
from ingest.loaders.package import DAMAGES

_UTF8_NAME = 0x800  # the flag that says that a name is UTF-8
_ENCRYPTED = 0x1


def load_archive(_data: bytes, stem: str) -> LoadedDocument:
    """Return the archive itself, which has no text of its own."""
    return LoadedDocument(text="", mime="application/zip", title=stem, is_container=True)


def archive_members(data: bytes) -> Iterator[Member]:
    """Yield the files in a ZIP archive; folders, links, hidden files and macOS's resource forks are passed over.

    Raises:
        LoadError: when it is damaged, holds too many files or unpacks to too much. That is decided by what it states;
            zipfile hands out no more than that.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGES as error:
        raise LoadError(f"the ZIP archive is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error
    with archive:
        entries = [entry for entry in archive.infolist() if _is_file(entry)]
        if len(entries) > MAX_MEMBERS:
            raise LoadError(
                f"it holds more than {MAX_MEMBERS:,} files; unpack it and ingest the folder", FailureKind.PACKED
            )
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise LoadError(
                f"it unpacks to more than {MAX_UNPACKED >> 30} GB; unpack it and ingest the folder", FailureKind.PACKED
            )
        names = Names()
        for entry in entries:
            yield Member(names.unique(_stated_name(entry)), entry.file_size, partial(_read, archive, entry))


def _is_file(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in parts) or parts[0] == "__MACOSX"
    return not entry.is_dir() and not hidden and not stat.S_ISLNK(entry.external_attr >> 16)


def _stated_name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry; Windows writes Chinese ones in its own encoding and leaves the flag out."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
        return raw.decode("ascii") if raw.isascii() else decode(raw)
    except (UnicodeError, LoadError):
        return entry.filename


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & _ENCRYPTED:
        raise LoadError("it is protected by a password; pack it without one", FailureKind.PROTECTED)
    try:
        return archive.read(entry)
    except DAMAGES as error:
        raise LoadError(f"it is damaged inside its archive ({error})", FailureKind.DAMAGED) from error
