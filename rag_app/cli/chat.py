"""`rag chat`: the web page, or a conversation in this terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

from ingest.catalogue.document_filter import DocumentFilter
from rag_app.cli import fail
from rag_app.cli.options import filter_options, settings_options
from rag_app.settings import Settings


@click.command("chat")
@click.option("--terminal", is_flag=True, help="Chat here instead of in a browser.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; others can read your documents if it is not loopback.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open the page when it is ready.")
@filter_options
@settings_options
def chat_command(
    terminal: bool, host: str, port: int, browser: bool, chosen: DocumentFilter, settings: Settings
) -> None:
    """Chat with the documents of a collection; with --terminal, some of them may be chosen as for `rag ask`."""
    if terminal:
        _terminal(replace(settings, filter=chosen))
        return
    if chosen:
        fail("on the page, the documents to search in are chosen there; say --terminal to choose them here")
    url = f"http://{host}:{port}"
    click.echo(f"starting the chat at {url}; Ctrl-C ends it")
    click.echo(f"collection {settings.collection!r}, data in {settings.home}")
    if browser and sys.stdout.isatty():
        threading.Thread(target=_open_when_ready, args=(url,), daemon=True).start()
    environment = os.environ | {"RAG_HOME": str(settings.home), "RAG_COLLECTION": settings.collection}
    app = Path(__file__).resolve().parent.parent / "ui" / "app.py"
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "server.maxUploadSize": "200",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": host,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        # The page looks at the library every two seconds; a full garbage collection each time would keep a core busy.
        "runner.postScriptGC": "false",
        # Each for itself: one colour for both would make the page light whatever the system is set to.
        "theme.light.primaryColor": "#2f7d72",
        "theme.dark.primaryColor": "#4fb0a2",
    }
    flags = [f"--{k}={v}" for k, v in options.items()]
    sys.stdout.flush()
    server = subprocess.Popen([sys.executable, "-m", "streamlit", "run", str(app), *flags], env=environment)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    while True:
        try:
            sys.exit(server.wait())
        except KeyboardInterrupt:
            continue  # the server got the same signal and is closing


def _open_when_ready(url: str) -> None:
    for _ in range(120):
        try:
            with urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310 - our own loopback address
                webbrowser.open(url)
                return
        except (URLError, OSError):
            time.sleep(0.5)


def _terminal(settings: Settings) -> None:
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

    from rag_app.chain import build_chain
    from rag_app.cli.showing import plain, print_answer
    from rag_app.collection import open_library
    from rag_app.question.limit import QuestionTooLong

    with open_library(settings, create=False) as library:
        if settings.filter:
            library.choose(settings.filter)  # a mistake is told before the first question
            click.echo(f"searching only in {plain(settings.filter.describe())}")
        click.echo(f"{library.count()} passages in collection {settings.collection!r}. An empty line ends the chat.")
        chain = build_chain(settings, library=library)
        history: list[BaseMessage] = []
        while question := _typed():
            try:
                answer = chain.invoke({"question": question, "chat_history": history})
            except QuestionTooLong as error:
                click.echo(str(error), err=True)
                continue
            print_answer(
                answer, library, numbered_by_passage=settings.chat_model != "local", searched_in=settings.filter
            )
            history += [HumanMessage(question), AIMessage(answer.answer)]


def _typed() -> str:
    """The next question; empty at the end of the input."""
    try:
        return str(click.prompt("\n>", prompt_suffix=" ", default="", show_default=False)).strip()
    except click.Abort:
        return ""
