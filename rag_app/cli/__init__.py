"""The `rag` command. Each sub-command lives in a file of its own and is imported only when it runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

# name -> (module, one line for `rag --help`); nothing here imports torch, chromadb or LangChain.
_COMMANDS = {
    "ingest": ("rag_app.cli.ingest", "Read files and folders into the library."),
    "ask": ("rag_app.cli.ask", "Ask one question."),
    "chat": ("rag_app.cli.chat", "Open the chat in a browser, or in this terminal."),
    "list": ("rag_app.cli.documents", "List the documents of a collection."),
    "remove": ("rag_app.cli.documents", "Remove documents from a collection."),
    "watch": ("rag_app.cli.watch", "Keep the library up to date with folders, as they change."),
    "jobs": ("rag_app.cli.jobs", "Show what earlier runs of ingestion did, file by file."),
    "stats": ("rag_app.cli.stats", "Count documents, types, languages and lengths of passages."),
    "export": ("rag_app.cli.transfer", "Write a collection into one file."),
    "import": ("rag_app.cli.transfer", "Read a collection from such a file."),
    "verify": ("rag_app.cli.documents", "Check that catalogue, keyword index and vectors agree."),
    "reindex": ("rag_app.cli.reindex", "Embed the stored text anew, for another model or version."),
    "doctor": ("rag_app.cli.doctor", "Check this installation."),
    "eval": ("rag_app.cli.evaluate", "Measure answers and retrieval."),
    "model": ("rag_app.cli.model", "Train, calibrate, inspect and import the GPT."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of one command."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of all data [RAG_HOME].")
@click.option("--collection", help="Collection to use [RAG_COLLECTION, default: default].")
@click.version_option(package_name="quoted-rag")
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Chat with private documents, offline.

    Every answer is quoted from your documents, its place is shown, and when they do not say, it says so.
    """
    ctx.obj = {k: v for k, v in options.items() if v is not None}


def fail(message: str, status: int = 2) -> NoReturn:
    """End with a message on stderr and an exit status."""
    click.echo(f"rag: {message}", err=True)
    sys.exit(status)
