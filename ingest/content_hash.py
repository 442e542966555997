"""The hash that decides whether a file's content is the same as before."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
