"""What can be set, and where a value comes from: an argument, else the environment, else the default."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from ingest.catalogue.document_filter import DocumentFilter

APP_NAME = "quoted-rag"
_COLLECTION = re.compile(r"[\w][\w.-]{0,63}")


class SettingsError(ValueError):
    """A setting that cannot be used: which one, its value and what is allowed."""


def default_home() -> Path:
    """`RAG_HOME`, else the platform's folder for user data."""
    home = os.environ.get("RAG_HOME")
    return Path(home).expanduser() if home else user_data_path(APP_NAME, appauthor=False)


@dataclass(frozen=True)
class Settings:
    """Everything that decides how a question is answered.

    Attributes:
        home: folder that holds all collections and the user's own prompts.
        collection: name of the library to ask.
        embedder: a sentence-transformers name or path; None: the one that ships.
        chroma_url: `http://HOST:PORT` of a Chroma server that has the vectors' index; None: the collection's folder.
        reader: folder of the local GPT; None: the one that ships.
        chat_model: "local", or `provider:model` for LangChain's `init_chat_model` (`ollama:llama3.2`; needs that
            provider's package and whatever network it uses).
        passages: how many passages are read for one question.
        min_confidence: answers below this are withheld; None: the operating point stored beside the weights.
        reranker: sentence-transformers `CrossEncoder`, by the name of a model in the local cache or the path of its
            folder, which orders the best hits anew; None: they stay as the fused search orders them.
        filter: the documents to look into, where a question brings no filter of its own.

    Raises:
        SettingsError: on an unusable value.
    """

    home: Path = field(default_factory=default_home)
    collection: str = "default"
    embedder: str | None = None
    chroma_url: str | None = None
    reader: Path | None = None
    chat_model: str = "local"
    passages: int = 8
    min_confidence: float | None = None
    reranker: str | None = None
    filter: DocumentFilter = field(default_factory=DocumentFilter)

    def __post_init__(self) -> None:
        if not _COLLECTION.fullmatch(self.collection) or ".." in self.collection:
            raise SettingsError(
                f"collection {self.collection!r}: use letters, digits, '.', '_' and '-', at most 64, no path"
            )
        if self.passages < 1:
            raise SettingsError(f"passages must be at least 1, not {self.passages}")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            raise SettingsError(f"min_confidence must lie between 0 and 1, not {self.min_confidence}")

    @classmethod
    def from_environment(cls, **overrides: Any) -> Settings:
        """Defaults, then the environment, then the given values (None: not given).

        Read are `RAG_HOME`, `RAG_COLLECTION`, `RAG_EMBEDDER`, `RAG_CHROMA_URL`, `RAG_READER`, `RAG_CHAT_MODEL`,
        `RAG_PASSAGES`, `RAG_MIN_CONFIDENCE` and `RAG_RERANKER`.
        """
        found: dict[str, Any] = {}
        for name, convert in _CONVERT.items():
            value = os.environ.get(f"RAG_{name.upper()}")
            if value:
                try:
                    found[name] = convert(value)
                except ValueError as error:
                    raise SettingsError(f"RAG_{name.upper()}={value!r} is not a number") from error
        return replace(cls(), **{**found, **{k: v for k, v in overrides.items() if v is not None}})

    @property
    def library_folder(self) -> Path:
        """Where this collection lives."""
        return self.home / "collections" / self.collection

    @property
    def has_library(self) -> bool:
        """Whether anything was ever ingested into this collection."""
        return (self.library_folder / "library.sqlite3").exists()

    def collections(self) -> list[str]:
        """Names of the collections that exist."""
        folder = self.home / "collections"
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


_CONVERT: dict[str, Any] = {
    "collection": str,
    "embedder": str,
    "chroma_url": str,
    "reader": lambda v: Path(v).expanduser(),
    "chat_model": str,
    "passages": int,
    "min_confidence": float,
    "reranker": str,
}
