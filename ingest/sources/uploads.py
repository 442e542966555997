"""Files that arrive as bytes are kept in the library's `uploads` folder, under names that cannot leave it."""

import hashlib
import os
import re
import unicodedata
from pathlib import Path

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)$", re.I)  # names of devices on Windows
_MAX_STEM = 120  # bytes of UTF-8; file systems take 255 for the whole name


def safe_name(name: str) -> str:
    """Return the last part of `name`, without anything that a file system or a terminal could misread."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    last = _UNSAFE.sub("", last).strip().rstrip(" .")
    stem, dot, extension = last.rpartition(".")
    if not dot:
        stem, extension = last, ""
    stem = stem.encode()[:_MAX_STEM].decode("utf-8", "ignore").strip(" .") or "upload"
    extension = re.sub(r"\W", "", extension)[:16]
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return f"{stem}.{extension}" if extension else stem


def store_upload(library_folder: Path, name: str, data: bytes) -> Path:
    """Write `data` into the uploads folder and return its path.

    The same name with the same content is the same file. Other content under a name that is taken gets a name with
    a part of its hash, so that no upload replaces another.
    """
    folder = library_folder / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / safe_name(name)
    if path.exists() and path.read_bytes() != data:
        path = path.with_name(f"{path.stem}-{hashlib.sha256(data).hexdigest()[:8]}{path.suffix}")
    if not path.exists():
        temporary = path.with_name(f".{hashlib.sha256(data).hexdigest()}.{os.getpid()}")
        temporary.write_bytes(data)
        os.replace(temporary, path)
    return path
