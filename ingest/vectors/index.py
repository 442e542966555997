"""What a library asks of an index over its vectors, and which one it has.

An index answers approximately and fast where comparing with every vector (`exact_search.py`) would take too long or
too much memory. It holds nothing that the library's file does not hold too.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class IndexPlace(StrEnum):
    """Where a library's index is."""

    FOLDER = "folder"  # in the library's folder; small libraries are searched without it
    SERVER = "server"  # on a Chroma server, which answers every search


class VectorIndex(Protocol):
    """Vectors by the hash of their text. Safe to share between threads.

    Every method raises LibraryError when the index cannot be used; the message says what to do.
    """

    def nearest(self, vector: NDArray[np.float32], k: int, generation: int) -> list[tuple[bytes, float]]:
        """Return up to `k` `(hash, cosine similarity)`, best first, as of the library's `generation` or later."""

    def upsert(self, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Store one vector for each text; `vectors` has shape `(len(hashes), dimension)`."""

    def get(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of these texts; texts without one are left out."""

    def delete(self, hashes: Sequence[bytes]) -> None:
        """Delete the vectors of these texts; texts without one are passed over."""

    def hashes(self) -> set[bytes]:
        """Return the hashes of all that is stored."""

    def drop_others(self) -> None:
        """Delete the indexes over vectors of other models that this library had in the same place."""

    def erase(self) -> None:
        """Make an index that cannot be read empty again, by whatever it takes."""

    def refresh(self) -> None:
        """Believe nothing that is remembered: somebody else wrote."""

    def wrote(self, before: int, after: int) -> None:
        """Note that this process itself moved the generation."""

    def close(self) -> None:
        """Give up files and connections. Closing twice is harmless."""


def open_index(folder: Path, library_id: str, model: str, chroma_url: str | None) -> VectorIndex:
    """Return the index over the vectors of one model; nothing is opened or connected to before its first use.

    Args:
        folder: the library's.
        library_id: tells the libraries on one server apart.
        model: names the model (`Fingerprint.model_key`).
        chroma_url: of a Chroma server; None: in the folder.

    Raises:
        LibraryError: when the address is none.
    """
    if chroma_url is None:
        from ingest.vectors.chroma_folder import ChromaFolder

        return ChromaFolder(folder / "chroma", f"vectors-{model}")
    from ingest.vectors.chroma_server import ChromaServer

    return ChromaServer(chroma_url, f"rag-{library_id}-{model}")


def erase_folder_index(folder: Path) -> None:
    """Delete the index in a library's folder: it is on a server now. That there is none is no error."""
    from ingest.vectors.chroma_folder import ChromaFolder

    index = ChromaFolder(folder / "chroma", "")
    index.erase()
    index.close()
