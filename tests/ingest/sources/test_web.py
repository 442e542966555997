"""Addresses are fetched from a server on loopback."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.sources.web import FetchError, fetch

PAGE = b"<html><body><h1>Opening hours</h1><p>The harbour opens at six.</p></body></html>"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    self.wfile.write(b"drop ")
                    self.wfile.flush()
                    time.sleep(0.05)
        elif self.path == "/missing":
            self.send_error(404)
        elif self.path == "/to-a-file":
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/file")
            self.end_headers()
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/hours.php?day=1")
            self.end_headers()
        else:
            body = b"word " * 500_000 if self.path == "/large.txt" else PAGE
            self.send_response(200)
            self.send_header("Content-Type", "text/plain" if self.path.endswith(".txt") else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_page_is_stored_under_one_name(server: str, tmp_path: Path) -> None:
    first, again = fetch(f"{server}/hours.php?day=1", tmp_path), fetch(f"{server}/hours.php?day=1", tmp_path)
    other = fetch(f"{server}/hours.php?day=2", tmp_path)
    assert first == again != other and first.parent == tmp_path
    assert first.suffix == ".html" and first.name.startswith("hours-") and first.read_bytes() == PAGE
    assert fetch(f"{server}/moved", tmp_path).read_bytes() == PAGE
    assert fetch(f"{server}/%2e%2e%2f%2e%2e/notes.txt", tmp_path).parent == tmp_path
    assert fetch(server, tmp_path).suffix == ".html"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/missing", "404"), ("/large.txt", "larger than 1 MB"), ("/slow", "longer than 1"), ("/to-a-file", "no address")],
)
def test_what_cannot_be_fetched_is_said(server: str, tmp_path: Path, path: str, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        fetch(server + path, tmp_path, most_bytes=1 << 20, seconds=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://a/b", "http://", "http://me:secret@host/", "http://127.0.0.1:1/"]
)
def test_what_is_no_address_of_the_web_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(FetchError):
        fetch(address, tmp_path)
