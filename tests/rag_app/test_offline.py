"""The whole path runs with the network blocked: not even a look-up of a name."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import socket, sys
from pathlib import Path

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
tried = []

def guard(self, address, *rest):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
        tried.append(address)
        raise OSError(f"the network is blocked: {address}")
    return connect(self, address, *rest)

connect = socket.socket.connect
socket.socket.connect = socket.socket.connect_ex = guard

def no_names(host, *rest, **named):
    if host not in LOOPBACK and host is not None:
        tried.append(host)
        raise OSError(f"name look-ups are blocked: {host}")
    return getaddrinfo(host, *rest, **named)

getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = no_names

from ingest.job import ingest
from rag_app.chain import build_chain
from rag_app.collection import open_library
from rag_app.settings import Settings

folder = Path(sys.argv[1])
(folder / "garage.txt").write_text("The access code of the garage is 4711.")
settings = Settings(home=folder / "home")
with open_library(settings) as library:
    assert ingest(library, [folder / "garage.txt"]).exit_status == 0
    answer = build_chain(settings, library=library).invoke({"question": "What is the access code of the garage?"})
assert "4711" in answer.answer, answer
assert not tried, tried
print("answered offline")
"""


def test_ingest_and_ask_without_any_network(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False, timeout=240
    )
    assert found.returncode == 0, found.stderr
    assert "answered offline" in found.stdout
