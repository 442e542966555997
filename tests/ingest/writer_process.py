"""A second process for the tests: `writer_process.py LIBRARY ACTION ARGUMENT...`; see the functions below."""

import contextlib
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from conftest import HashingEmbedder, ReversedEmbedder

from ingest import catalogue
from ingest.catalogue import keyword_index, meta_table
from ingest.job import ingest
from ingest.library import Library, LibraryError, LibraryLocked
from ingest.upkeep import fingerprint, keyword_rebuild, reindex
from ingest.vectors import chroma_folder
from ingest.vectors import table as vector_table


def main() -> None:
    folder, action, *arguments = sys.argv[1:]
    if action in {"reindex", "die-reindexing"}:  # for another model
        if arguments:
            die_at(arguments[0], arguments[1], arguments[2], int(arguments[3]))
        make_anew(Path(folder))
        return
    library = Library.open(Path(folder), HashingEmbedder(), lock_timeout=0.1 if action == "try-to-write" else 120)
    if action == "ingest":
        print(ingest(library, [Path(a) for a in arguments], prune=True).exit_status)
    elif action == "remove":
        for source in arguments:
            record = library.find_source(source)
            assert record is not None
            library.remove(record.document_id)
    elif action == "hold":  # the writer lock, until the parent closes our input
        with library.writing():
            print("held", flush=True)
            sys.stdin.read()
    elif action == "die":  # at the nth call of a method, before or after it
        when, owner, method, nth, *paths = arguments
        die_at(when, owner, method, int(nth))
        ingest(library, [Path(p) for p in paths], prune=True)
    elif action == "try-to-write":
        with contextlib.suppress(LibraryLocked), library.writing():
            print("written")
            return
        print("locked")
    elif action == "slowly":  # ingest, announcing each step, so that the parent can kill us anywhere
        print("started", flush=True)
        ingest(library, [Path(a) for a in arguments], prune=True, progress=lambda _: time.sleep(0.05))
    elif action == "full":  # ingest, while no file may grow beyond what a full disk would leave
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = max(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) + 400_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            ingest(library, [Path(a) for a in arguments])
        except LibraryError as error:
            print(error, flush=True)
            os._exit(0)  # closing would write
    library.close()


def make_anew(folder: Path) -> None:
    reindex._TOGETHER = 1
    reindex.reindex(folder, ReversedEmbedder())


def die_at(when: str, owner: str, method: str, nth: int) -> None:
    """Let the process kill itself with SIGKILL around a call, as a power cut would."""
    classes = (
        catalogue.Catalogue,
        chroma_folder.ChromaFolder,
        fingerprint.Fingerprint,
        keyword_index.KeywordIndex,
        keyword_rebuild.KeywordRebuild,
        meta_table.MetaTable,
        vector_table.VectorTable,
    )
    cls: Any = {c.__name__: c for c in classes}[owner]
    original = getattr(cls, method)
    calls = 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(cls, method, dying)


if __name__ == "__main__":
    main()
