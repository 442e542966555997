"""The hashes that decide whether a file's content, or the text of a chunk, is the same as before."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

EMBEDDED_TEXT_VERSION = 1  # part of a library's fingerprint: a change of `embedded_text` needs new vectors


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def embedded_text(heading_path: Sequence[str], text: str) -> str:
    """Return what is embedded of a chunk: its section's headings, where it does not state them, and its text."""
    if not heading_path or heading_path[-1] in text:
        return text
    return " > ".join(heading_path) + "\n" + text


def chunk_hash(heading_path: str | Sequence[str], text: str) -> bytes:
    """Return 16 bytes that are equal for chunks whose vectors are equal.

    Args:
        heading_path: the headings, outermost first, or the JSON list that the catalogue stores.
        text: the chunk's own text.
    """
    headings = json.loads(heading_path) if isinstance(heading_path, str) else heading_path
    return hashlib.sha256(embedded_text(headings, text).encode()).digest()[:16]
