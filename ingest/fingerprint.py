"""What a library was made with, so that vectors of two models never meet in one index."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.embedding import Embedder
from ingest.errors import FingerprintMismatch, LibraryDamaged
from ingest.keywords import KEYWORDS_VERSION
from ingest.splitter import SplitterSettings

_FILE = "fingerprint.json"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The embedding model, the splitter's sizes and the version of the keyword index."""

    model: str
    fingerprint: str
    dimension: int
    splitter: dict[str, int]
    keywords: int = KEYWORDS_VERSION

    @classmethod
    def of(cls, embedder: Embedder, splitter: SplitterSettings) -> "Fingerprint":
        """Describe what a library opened with these would be made with."""
        return cls(embedder.name, embedder.fingerprint, embedder.dimension, asdict(splitter))

    def check_or_write(self, folder: Path, *, is_new: bool) -> bool:
        """Write the fingerprint into a new library, or compare it with the one that is there.

        Returns:
            Whether all agrees but the keyword index, which an earlier version of this program made.

        Raises:
            FingerprintMismatch: when the library was made with something else.
            LibraryDamaged: when the file is missing or unreadable.
        """
        path = folder / _FILE
        if not path.exists():
            if not is_new:
                raise LibraryDamaged(f"{path} is missing; remove the folder {folder} and ingest again")
            self.write(folder)
            return False
        stored = _read(path)
        # The name of a model may differ where the weights are the same.
        ours = {key: value for key, value in asdict(self).items() if key not in ("model", "keywords")}
        earlier = stored.get("keywords")
        keywords_usable = isinstance(earlier, int) and earlier <= self.keywords
        if not keywords_usable or {key: stored.get(key) for key in ours} != ours:
            raise FingerprintMismatch(
                f"the library in {folder} was made with {_describe(stored)}, but the settings say "
                f"{_describe(asdict(self))}. Use `rag ingest` with another --collection, or remove the folder "
                f"{folder} and ingest again."
            )
        return earlier != self.keywords

    def write(self, folder: Path) -> None:
        """Write the fingerprint in place of the one that is there."""
        _write_atomically(folder / _FILE, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LibraryDamaged(f"{path} cannot be read ({error}); remove the folder and ingest again") from error
    if not isinstance(stored, dict):
        raise LibraryDamaged(f"{path} is not a fingerprint; remove the folder and ingest again")
    return stored


def _describe(fingerprint: dict[str, Any]) -> str:
    sizes = ", ".join(f"{key} {value}" for key, value in (fingerprint.get("splitter") or {}).items())
    return (
        f"embedding model '{fingerprint.get('model')}' ({str(fingerprint.get('fingerprint'))[:12]}, "
        f"{fingerprint.get('dimension')} dimensions; splitter: {sizes}; keyword index {fingerprint.get('keywords')})"
    )


def _write_atomically(path: Path, content: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, path)
