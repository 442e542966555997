"""What all commands share: settings from options and environment, errors as one clear line."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rag_app.cli import fail

# One process answers one person: no telemetry, no hub look-ups, no fork warnings from the tokenizers.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--source`, `--folder`, `--type`, `--language`, `--tag`, `--since`, `--until`: `chosen` documents.

    A folder is meant from here on, as any path is that begins with a dot; the library knows absolute paths.
    """

    @click.option("--source", multiple=True, metavar="PATTERN", help="Only documents of this path, name or pattern.")
    @click.option("--folder", multiple=True, metavar="PATH", help="Only documents below this folder or archive.")
    @click.option("--type", "type", multiple=True, metavar="EXTENSION", help="Only documents of this type: pdf, md, …")
    @click.option("--language", multiple=True, type=click.Choice(["en", "zh"]), help="Only documents in this language.")
    @click.option("--tag", multiple=True, help="Only documents with this tag.")
    @click.option("--since", metavar="YYYY-MM-DD", help="Only documents whose files were changed on this day or later.")
    @click.option("--until", metavar="YYYY-MM-DD", help="… on this day or before.")
    @functools.wraps(command)
    def wrapped(*args: Any, source: tuple[str, ...], folder: tuple[str, ...], **options: Any) -> Any:
        from ingest.catalogue.document_filter import DAYS, VALUES, DocumentFilter
        from ingest.errors import FilterError

        rest = {name: options.pop(name) for name in (*VALUES, *DAYS) if name in options}
        try:
            chosen = DocumentFilter.of(
                source=[os.path.abspath(s) if s.startswith(("./", "../")) else s for s in source],
                folder=[os.path.abspath(f) if f else f for f in folder],
                **rest,
            )
        except FilterError as error:
            fail(str(error), 2)
        return command(*args, chosen=chosen, **options)

    return wrapped


def settings_home(home: Path | None, before: dict[str, Any]) -> str:
    """The data folder in use, for messages about the file system."""
    from rag_app.settings import default_home

    return str(home or before.get("home") or default_home())


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--home` and `--collection` (also accepted before its name) and a `settings` argument.

    Known errors end the command with one line on stderr: status 3 for a locked or damaged library, 2 otherwise.
    """

    @click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of all data [RAG_HOME].")
    @click.option("--collection", help="Collection to use [RAG_COLLECTION, default: default].")
    @click.pass_context
    @functools.wraps(command)
    def wrapped(ctx: click.Context, /, *args: Any, home: Path | None, collection: str | None, **options: Any) -> Any:
        from ingest.embedding.embedder import EmbedderError
        from ingest.errors import LibraryDamaged, LibraryError, LibraryLocked
        from ingest.resources import NotShippedError
        from model.errors import CheckpointError
        from rag_app.prompts import PromptError
        from rag_app.retrieval.rerank import RerankerError
        from rag_app.settings import Settings, SettingsError

        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        before: dict[str, Any] = ctx.obj or {}
        try:
            settings = Settings.from_environment(
                home=home or before.get("home"), collection=collection or before.get("collection")
            )
            return command(*args, settings=settings, **options)
        except (LibraryLocked, LibraryDamaged) as error:
            fail(str(error), 3)
        except (
            LibraryError,
            EmbedderError,
            RerankerError,
            CheckpointError,
            NotShippedError,
            SettingsError,
            PromptError,
        ) as error:
            fail(str(error), 2)
        except OSError as error:
            fail(f"{error.filename or settings_home(home, before)}: {error.strerror or error}", 2)

    return wrapped
