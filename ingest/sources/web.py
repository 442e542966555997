"""Fetch pages and files from the web, only when asked: bounded in time and size, http and https only."""

import hashlib
import os
import time
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from ingest.loaders.formats import BY_EXTENSION, BY_MIME
from ingest.sources.uploads import safe_name

_BLOCK = 1 << 16  # bytes
_WAIT = 20.0  # seconds without a byte
_AGENT = "quoted-rag"


class FetchError(Exception):
    """An address cannot be fetched; the message says why."""


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follow redirections to the web only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        """Refuse what is not http or https."""
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def fetch(address: str, folder: Path, *, most_bytes: int = 50 << 20, seconds: float = 120.0) -> Path:
    """Store what is at `address` in `folder` and return its path, the same one each time.

    A fetch that fails leaves what was fetched before.

    Raises:
        FetchError: for a bad address, an answer other than success, or one that is too large or too slow.
    """
    _check(address)
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(_WebOnly)
    request = urllib.request.Request(address, headers={"User-Agent": _AGENT})  # noqa: S310 - checked above
    try:
        with opener.open(request, timeout=min(_WAIT, seconds)) as response:
            data = _read(response, most_bytes, deadline, seconds)
            name = _name(address, response.headers.get_content_type())
    except urllib.error.HTTPError as error:
        raise FetchError(f"the server answered {error.code} ({error.reason})") from error
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise FetchError(f"it cannot be fetched ({getattr(error, 'reason', None) or error})") from error
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    temporary = folder / f".{path.name}.{os.getpid()}"
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return path


def _check(address: str) -> None:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise FetchError(f"it is no web address ({error})") from error
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise FetchError("it is no address of the web (http or https)")
    if parts.username or parts.password:
        raise FetchError("it holds a password; remove that")


def _read(response: HTTPResponse, most_bytes: int, deadline: float, seconds: float) -> bytes:
    data = bytearray()
    while block := response.read1(_BLOCK):
        data += block
        if len(data) > most_bytes:
            raise FetchError(f"it is larger than {most_bytes >> 20} MB; download it and ingest the file")
        if time.monotonic() > deadline:
            raise FetchError(f"it took longer than {seconds:g} s; download it and ingest the file")
    return bytes(data)


def _name(address: str, mime: str) -> str:
    """Return a file name made of the address: its last part, a hash that tells addresses apart, a fitting extension."""
    parts = urlsplit(address)
    last = Path(safe_name(unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or "page"))
    known = BY_MIME.get(mime)
    extension = last.suffix.lower()
    if known is not None and (extension not in BY_EXTENSION or mime == "text/html"):
        extension = known.extensions[0]  # `/report.php` is a page, whatever it is made by
    return f"{last.stem}-{hashlib.sha256(address.encode()).hexdigest()[:8]}{extension or '.html'}"
