"""What kind of file it is: by content first, by extension where the content is any text."""

import io
import os
import re
import zipfile
from pathlib import PurePosixPath

from ingest.loaders.encoding import is_plain_text
from ingest.loaders.errors import FailureKind, LoadError, UnsupportedTypeError
from ingest.loaders.formats import BY_EXTENSION, BY_MIME, Format
from ingest.loaders.large.text import LARGE, Content
from ingest.loaders.package import DAMAGES

PEEKED = 4096  # bytes, enough for every test but the look into a ZIP archive

_HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)
_SUPPORTED = (  # in words: the extensions are more than a hundred
    "PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, RTF, web pages, Markdown, reStructuredText, CSV, JSON, "
    "notebooks, source code, plain text, e-mail, pictures and ZIP archives are"
)
_UTF8_MARK = b"\xef\xbb\xbf"
# Under these names web pages come, as exports do; Markdown and source code may begin like one and are not.
_OFTEN_HTML = {"text/html", "text/plain", "text/csv", "text/tab-separated-values"}
_BEGINNINGS = {
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".rtf": (b"{\\rtf",),
    ".png": (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*"),
}
_READ_PIECEWISE = {"application/mbox", "application/pdf"}
_OFFICE_FOLDERS = {
    "word/": BY_EXTENSION[".docx"],
    "ppt/": BY_EXTENSION[".pptx"],
    "xl/": BY_EXTENSION[".xlsx"],
}
_OLD_OFFICE = (
    "it is an old Office file (.doc, .xls, .ppt, .msg) or protected by a password; save it in the present format "
    "(.docx, .xlsx, .pptx, .eml) without password"
)

_BINARY_WORKBOOK = "it is a binary Excel workbook (.xlsb); save it as .xlsx"
_REFUSED_NAMES = {".xlsb": _BINARY_WORKBOOK}


def is_mapped(start: bytes, size: int, name: str) -> bool:
    """Say whether a file of `size` bytes that begins with `start` is never to be held in memory as a whole.

    It is read in parts, message by message or, as a PDF, page by page.
    """
    by_name = BY_EXTENSION.get(PurePosixPath(name).suffix.lower())
    found = _by_magic(start, by_name) or by_name
    return size > LARGE and found is not None and (found.parts is not None or found.mime in _READ_PIECEWISE)


def detect(data: Content, name: str) -> Format:
    """Return the format of a file.

    Raises:
        UnsupportedTypeError: when neither content nor extension is known.
        LoadError: when the file is empty, when its content is not what the extension says, or when it is known why the
            content cannot be read.
    """
    if not data[:PEEKED].strip() and not data[:].strip():
        raise LoadError("the file is empty", FailureKind.EMPTY)
    by_name = BY_EXTENSION.get(PurePosixPath(name).suffix.lower())
    if by_name is not None and not by_name.package:
        return by_name
    if advice := _REFUSED_NAMES.get(PurePosixPath(name).suffix.lower()):
        raise LoadError(advice, FailureKind.OLD_FORMAT)
    by_content = _by_magic(data[:PEEKED], by_name)
    if by_content is not None:
        return _look_into_zip(data[:]) if by_content.mime == "application/zip" else by_content
    if data[:PEEKED].startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError(_OLD_OFFICE, FailureKind.OLD_FORMAT)
    if by_name is None:
        if not PurePosixPath(name).suffix and is_plain_text(data[:PEEKED]):
            return BY_MIME["text/plain"]  # README, LICENSE, Makefile
        raise UnsupportedTypeError(unsupported(name))
    if not by_name.is_text:
        raise LoadError(
            f"it is named like {by_name.name} but its content is not one; the file may be damaged", FailureKind.MISNAMED
        )
    return by_name


def is_supported(path: str | os.PathLike[str]) -> bool:
    """Say whether a file would be tried; one of an unknown name is looked into.

    Raises:
        OSError: when it has to be looked into and cannot be read.
    """
    pure = PurePosixPath(os.fspath(path))
    if pure.suffix.lower() in BY_EXTENSION or pure.suffix.lower() in _REFUSED_NAMES:  # refused with advice
        return True
    with open(path, "rb") as file:
        start = file.read(PEEKED)
    known = _by_magic(start, None) is not None or start.startswith(b"\xd0\xcf\x11\xe0")
    return known or (not pure.suffix and bool(start.strip()) and is_plain_text(start))


def unsupported(name: str) -> str:
    """Say why a file of this name is not read."""
    suffix = PurePosixPath(name).suffix
    kind = f"files of type '{suffix}'" if suffix else "files without an extension that are not text"
    return f"{kind} are not supported; {_SUPPORTED}"


def _by_magic(start: bytes, by_name: Format | None) -> Format | None:
    """Return the format that the first bytes show; a ZIP archive may be something else on a closer look."""
    is_named_text = by_name is not None and by_name.is_text
    for extension, beginnings in _BEGINNINGS.items():
        if start.startswith(beginnings):
            return BY_EXTENSION[extension]
    # A PDF may begin with rubbish (but not with an archive, which may hold PDFs), and a text may speak of PDFs.
    if b"%PDF-" in (start.lstrip()[:5] if is_named_text else start[:1024]):
        return BY_EXTENSION[".pdf"]
    if (start[:2] == b"BM" and start[6:10] == b"\0\0\0\0") or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return BY_EXTENSION[".bmp"]
    may_be_html = by_name is None or not is_named_text or by_name.mime in _OFTEN_HTML
    if may_be_html and _HTML_START.match(start.removeprefix(_UTF8_MARK)):
        return BY_EXTENSION[".html"]
    return None


def _look_into_zip(data: bytes) -> Format:
    """Tell Office files, OpenDocument and EPUB, all of which are ZIP archives, from other archives."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            # It ought to be the first entry; archives that were packed anew have it elsewhere.
            stated = _stated_mime(archive) if "mimetype" in names else ""
    except DAMAGES as error:
        found = next((f for folder, f in _OFFICE_FOLDERS.items() if folder.encode() in data), BY_EXTENSION[".zip"])
        raise LoadError(
            f"it is {found.name} that is damaged or cut off and cannot be opened ({error})", FailureKind.DAMAGED
        ) from error
    if stated.startswith("application/vnd.oasis.opendocument") and stated not in BY_MIME:
        raise UnsupportedTypeError("it is an OpenDocument file other than a text, spreadsheet or presentation")
    if stated in BY_MIME:
        return BY_MIME[stated]
    if "[Content_Types].xml" in names:
        if "xl/workbook.bin" in names:
            raise LoadError(_BINARY_WORKBOOK, FailureKind.OLD_FORMAT)
        for folder, found in _OFFICE_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return found
    if "META-INF/container.xml" in names:
        return BY_EXTENSION[".epub"]
    return BY_EXTENSION[".zip"]


def _stated_mime(archive: zipfile.ZipFile) -> str:
    try:
        with archive.open("mimetype") as file:
            return file.read(200).decode("ascii", "replace").strip()
    except DAMAGES:
        return ""
