"""Plain text."""

from ingest.documents import LoadedDocument
from ingest.loaders.encoding import decode
from ingest.loaders.normalise import normalise


def load_text(data: bytes, stem: str) -> LoadedDocument:
    """Read plain text of any common encoding; the title is the file's name without extension.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    return LoadedDocument(text=normalise(decode(data)), mime="text/plain", title=stem)
