"""What an exported file consists of: the names of its entries and the limits that both sides keep to."""

from dataclasses import dataclass

from ingest.errors import LibraryError

FORMAT = "quoted-rag collection"
VERSION = 1
MANIFEST, DOCUMENTS, VECTORS = "manifest.json", "documents.jsonl", "vectors.f32"
BLOCK = 1 << 20  # bytes that are copied or hashed at once


class TransferError(LibraryError):
    """A file cannot be imported; the message says why. Nothing of a damaged file is stored."""


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What was written or read. `skipped` documents were in the collection already."""

    documents: int
    chunks: int
    skipped: int = 0
