"""What a library was made with, so that vectors of two models never meet in one search.

`fingerprint.json` decides which vectors of the library's file are searched: replacing it, which is one step, goes over
to others (`reindex.py`).
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.content_hash import EMBEDDED_TEXT_VERSION
from ingest.embedding.embedder import Embedder
from ingest.errors import FingerprintMismatch, LibraryDamaged
from ingest.keywords.terms import KEYWORDS_VERSION
from ingest.splitting.splitter import SplitterSettings
from ingest.vectors.index import IndexPlace

_FILE = "fingerprint.json"
REINDEX = "rag reindex"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The embedding model, the splitter's sizes, the versions of what is indexed, and where the vectors' index is."""

    model: str
    fingerprint: str
    dimension: int
    splitter: dict[str, int]
    keywords: int = KEYWORDS_VERSION
    embedded_text: int = EMBEDDED_TEXT_VERSION
    index: IndexPlace = IndexPlace.FOLDER

    @classmethod
    def of(cls, embedder: Embedder, splitter: SplitterSettings, chroma_url: str | None = None) -> "Fingerprint":
        """Describe what a library opened with these would be made with."""
        place = IndexPlace.FOLDER if chroma_url is None else IndexPlace.SERVER
        return cls(embedder.name, embedder.fingerprint, embedder.dimension, asdict(splitter), index=place)

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether a library was made in this folder."""
        return (folder / _FILE).exists()

    @classmethod
    def read(cls, folder: Path, reindex_command: str = REINDEX) -> "Fingerprint":
        """Return what the library in a folder was made with.

        Raises:
            LibraryDamaged: when that is missing or unreadable.
        """
        path = folder / _FILE
        mend = f"`{reindex_command}` makes the library's indexes anew from its stored text"
        try:
            return _checked(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise LibraryDamaged(f"{path} is missing; {mend}") from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise LibraryDamaged(f"{path} cannot be read ({error}); {mend}") from error

    @property
    def model_key(self) -> str:
        """A name for all vectors that can be compared with each other; a model's own name plays no part."""
        described = f"{self.fingerprint}\0{self.dimension}\0{self.embedded_text}"
        return hashlib.sha256(described.encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Put it into a library's folder in one step that a crash does not tear."""
        path = folder / _FILE
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def agrees_with(self, stored: "Fingerprint") -> bool:
        """Whether a library made with `stored` can be opened with this; a model's name may differ."""
        return replace(self, model="") == replace(stored, model="")

    def check(self, stored: "Fingerprint", folder: Path, reindex_command: str = REINDEX) -> None:
        """Compare with what a library was made with; a keyword index of an earlier version passes.

        Raises:
            FingerprintMismatch: when it was made with something else; the message names the command that mends it.
        """
        if stored.keywords <= self.keywords and self.agrees_with(replace(stored, keywords=self.keywords)):
            return
        library = f"the library in {folder}"
        anew = f"Run `{reindex_command}`: it makes the indexes anew from the stored text; your files are not needed."
        if self.splitter != stored.splitter:
            raise FingerprintMismatch(
                f"{library} was made with embedding model '{stored.model}' and the splitter at {_sizes(stored)}, but "
                f"now {_sizes(self)} are set. Use `rag ingest` with another --collection, or remove the folder and "
                "ingest again."
            )
        if (self.fingerprint, self.dimension) != (stored.fingerprint, stored.dimension):
            raise FingerprintMismatch(
                f"{library} was made with embedding model '{stored.model}' ({stored.fingerprint[:14]}, "
                f"{stored.dimension} dimensions), but now '{self.model}' ({self.fingerprint[:14]}, {self.dimension} "
                f"dimensions) is in use. {anew}"
            )
        if stored.keywords > self.keywords or self.embedded_text != stored.embedded_text:
            raise FingerprintMismatch(
                f"{library} has its indexes in the form of another version of this program (keyword index "
                f"{stored.keywords}, embedded text {stored.embedded_text}; here {self.keywords} and "
                f"{self.embedded_text}). {anew}"
            )
        if stored.index is IndexPlace.SERVER:
            raise FingerprintMismatch(
                f"the vectors of {library} are on a Chroma server. Set RAG_CHROMA_URL to its address, or run "
                f"`{reindex_command}`: it brings them back into the folder."
            )
        raise FingerprintMismatch(
            f"RAG_CHROMA_URL is set, but the vectors of {library} are in its folder. Run `{reindex_command}`: it "
            "copies them to the server. Or unset RAG_CHROMA_URL."
        )


def _checked(stored: Any) -> Fingerprint:
    return Fingerprint(
        model=str(stored["model"]),
        fingerprint=str(stored["fingerprint"]),
        dimension=int(stored["dimension"]),
        splitter={str(key): int(value) for key, value in stored["splitter"].items()},
        keywords=int(stored.get("keywords") or 0),
        embedded_text=int(stored.get("embedded_text", 1)),  # it was the same before that was noted
        index=IndexPlace(stored.get("index") or IndexPlace.FOLDER),
    )


def _sizes(fingerprint: Fingerprint) -> str:
    return ", ".join(f"{key} {value}" for key, value in fingerprint.splitter.items())
