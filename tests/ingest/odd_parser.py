"""A parser process whose parsers misbehave, each in the way that the name of the file says."""

import os
import signal
import sys
import time
from collections.abc import Iterator

from ingest.loaders import Part, parts_of
from ingest.parser import process as parser_process


def misbehaving(name: str, data: bytes) -> Iterator[Part]:
    what = name.partition(".")[0].partition("-")[0]
    if what == "hang":
        time.sleep(1000)
    elif what == "deaf":  # holds Python's lock, as a regular expression can
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            sum(range(10**7))
    elif what == "grow":
        kept = [bytearray(64 << 20) for _ in range(1000)]
        assert kept
    elif what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "exit":
        os._exit(3)
    elif what == "surprise":
        raise ZeroDivisionError("a parser's bug")
    elif what == "deep":
        deep()
    elif what == "talk":
        print("rubbish on the standard output", flush=True)
        sys.stderr.write("a complaint\n" * 100_000)
    yield from parts_of(name, data)


def deep() -> None:
    deep()


if __name__ == "__main__":
    parser_process.parts_of = misbehaving  # type: ignore[assignment]
    parser_process.main()
