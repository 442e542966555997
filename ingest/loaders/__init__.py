"""One loader for each format; `load` chooses by content first and by extension second.

A loader turns the bytes of a file into a `LoadedDocument` or raises `LoadError`. A new format is one module and one
line in `_LOADERS` and `_MIME_BY_EXTENSION`.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ingest.documents import LoadedDocument
from ingest.loaders.docx import load_docx
from ingest.loaders.errors import LoadError
from ingest.loaders.html import load_html
from ingest.loaders.markdown import load_markdown
from ingest.loaders.pdf import load_pdf
from ingest.loaders.text import load_text

__all__ = ["SUPPORTED_EXTENSIONS", "LoadError", "is_supported", "load"]

_PDF = "application/pdf"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MARKDOWN = "text/markdown"
_HTML = "text/html"
_TEXT = "text/plain"

_MIME_BY_EXTENSION = {
    ".pdf": _PDF,
    ".docx": _DOCX,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".txt": _TEXT,
    ".text": _TEXT,
}
_LOADERS: dict[str, Callable[[bytes, str], LoadedDocument]] = {
    _PDF: load_pdf,
    _DOCX: load_docx,
    _MARKDOWN: load_markdown,
    _HTML: load_html,
    _TEXT: load_text,
}
SUPPORTED_EXTENSIONS = tuple(_MIME_BY_EXTENSION)

_HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)
_LETTER = re.compile(r"\w")


def is_supported(path: Path) -> bool:
    """Say whether a file of this name would be loaded."""
    return path.suffix.lower() in _MIME_BY_EXTENSION


def load(path: Path) -> LoadedDocument:
    """Read the file at `path`.

    Raises:
        LoadError: for a reason that its owner can understand and act upon.
        OSError: when the file cannot be read.
    """
    extension = path.suffix.lower()
    if extension not in _MIME_BY_EXTENSION:
        known = " ".join(SUPPORTED_EXTENSIONS)
        raise LoadError(f"files of type '{extension or path.name}' are not supported; supported are {known}")
    data = path.read_bytes()
    if not data.strip():
        raise LoadError("the file is empty")
    mime = _sniff(data, _MIME_BY_EXTENSION[extension])
    document = _LOADERS[mime](data, path.stem)
    if not _LETTER.search(document.text):
        raise LoadError("no text was found in the file")
    return replace(document, mime=mime)


def _sniff(data: bytes, by_name: str) -> str:
    """Return the format that the first bytes show, or else the one the extension states."""
    if b"%PDF-" in data[:1024]:
        return _PDF
    if data.startswith(b"PK\x03\x04"):
        if b"word/document" in data:
            return _DOCX
        raise LoadError("it is a ZIP archive or an Office file other than a Word document; convert it to PDF or .docx")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError("it is an old .doc file or a password-protected document; save it as .docx without password")
    if by_name != _MARKDOWN and _HTML_START.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        return _HTML
    if by_name in {_PDF, _DOCX}:
        name = "a PDF" if by_name == _PDF else "a Word document"
        raise LoadError(f"it is named like {name} but its content is not one; the file may be damaged")
    return by_name
