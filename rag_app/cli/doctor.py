"""`rag doctor`: is everything here that an answer needs?"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import click

from rag_app.cli.options import settings_options
from rag_app.settings import Settings

_PACKAGES = ("torch", "transformers", "sentence-transformers", "langchain-core", "chromadb", "streamlit")


@click.command("doctor")
@settings_options
def doctor_command(settings: Settings) -> None:
    """Check this installation: packages, models, data folder, library. Exit status 1 if something is wrong."""
    bad = 0
    for name, check in (
        ("python", _python),
        ("packages", _packages),
        ("processor", _processor),
        ("reader", lambda: _reader(settings)),
        ("embedder", lambda: _embedder(settings)),
        ("data folder", lambda: _home(settings)),
        ("library", lambda: _library(settings)),
    ):
        try:
            click.echo(f"ok    {name:12} {check()}")
        except Exception as error:  # noqa: BLE001 - a doctor reports every ailment and goes on
            bad += 1
            click.echo(f"WRONG {name:12} {error}", err=True)
    sys.exit(1 if bad else 0)


def _python() -> str:
    return f"{platform.python_version()} on {platform.platform()}"


def _packages() -> str:
    def found() -> Iterator[str]:
        for package in _PACKAGES:
            try:
                yield f"{package} {version(package)}"
            except PackageNotFoundError as error:
                raise RuntimeError(f"{package} is not installed: install this package again") from error

    return ", ".join(found())


def _processor() -> str:
    import torch

    from model.network.precision import number_format

    dtype, reason = number_format()
    name = str(dtype).removeprefix("torch.")
    return f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, computes in {name} ({reason})"


def _reader(settings: Settings) -> str:
    from ingest.resources import shipped
    from rag_app.chat_models.reader import load_reader

    folder = settings.reader or shipped("models/reader")
    verdict, _ = load_reader(folder).answer("What color is the door?", ["The door is painted green. It has a bell."])
    said = verdict.reading.quotes[0].text if verdict else ""
    if "green" not in said:
        raise RuntimeError(f"{folder} read {said!r} instead of 'green': the weights are not a trained reader")
    return str(folder)


def _embedder(settings: Settings) -> str:
    from rag_app.collection import build_embedder

    embedder = build_embedder(settings)
    near, far = embedder.embed_documents(["A cat sleeps.", "Interest rates rose."]) @ embedder.embed_query("a cat")
    if not near > far:
        raise RuntimeError(f"{embedder.name} finds no meaning in a test sentence")
    return f"{embedder.name}, {embedder.dimension} dimensions"


def _home(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    if not os.access(settings.home, os.W_OK):
        raise PermissionError(f"{settings.home} cannot be written to: choose another with --home")
    free = shutil.disk_usage(settings.home).free / 2**30
    return f"{settings.home}, {free:.1f} GiB free, collections: {', '.join(settings.collections()) or 'none yet'}"


def _library(settings: Settings) -> str:
    from rag_app.collection import open_library

    if not settings.has_library:
        return f"collection {settings.collection!r} does not exist yet: rag ingest PATH"
    with open_library(settings, create=False) as library:
        report = library.verify()
    if not report.clean:
        raise RuntimeError(f"{len(report.remaining)} problems: run `rag verify --repair`")
    return f"{report.documents} documents, {report.chunks} passages, everything agrees"
