"""ZIP packages of XML (Office Open XML, OpenDocument, EPUB), opened without trust in what they say."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from ingest.loaders.errors import FailureKind, LoadError

MAX_UNPACKED = 1 << 30  # bytes of all parts together: more is a ZIP bomb, not a document
_MAX_XML = 100 << 20  # bytes of one XML part; its tree takes about ten times as much
# What a damaged package makes zipfile raise, and what libraries do that stumble over what is in one.
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError, OSError)
STUMBLES = (*DAMAGES, AttributeError, TypeError, IndexError, OverflowError, ZeroDivisionError, SyntaxError)
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")  # UTF-16 and UTF-32
_REFERENCE = re.compile(rb"&#(?:([0-9]{1,7})|[xX]([0-9a-fA-F]{1,6}));?")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8)", re.I)


@contextmanager
def open_package(data: bytes, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open a package after a look at its sizes.

    Args:
        data: the file.
        kind: what it is, with an article, for the messages.

    Raises:
        LoadError: when it is damaged, encrypted, or unpacks to more than a gigabyte.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise LoadError("it unpacks to more than a gigabyte; split the document", FailureKind.TOO_LARGE)
            if any(entry.file_size > _MAX_XML for entry in entries if entry.filename.endswith((".xml", "html"))):
                raise LoadError(
                    f"a part of it unpacks to more than {_MAX_XML >> 20} MB of XML; split the document",
                    FailureKind.TOO_LARGE,
                )
            if any(entry.flag_bits & 1 for entry in entries):
                raise LoadError("it is protected by a password; save it without one", FailureKind.PROTECTED)
            yield package
    except DAMAGES as error:
        raise LoadError(f"it is {kind} that is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error


def check_package(data: bytes, kind: str) -> None:
    """Raise LoadError where `open_package` would; for libraries that open the package themselves."""
    with open_package(data, kind):
        pass


def parse_xml(data: bytes, *, recover: bool = True) -> etree._Element:
    """Parse XML with no entity resolved and nothing fetched; a damaged part is read as far as it goes.

    Args:
        data: the part.
        recover: False where a damaged part is to be refused, lest half of a text pass for the whole.

    Raises:
        LoadError: when there is no XML at all, or when it is damaged and not to be recovered.
    """
    if not data.startswith(_WIDE_MARKS) and not _DECLARED.match(data[:200]):
        # What is not UTF-8, or refers to half a surrogate pair, would come back as strings that lxml cannot read.
        data = _REFERENCE.sub(_sound_reference, data.decode("utf-8", "replace").encode())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=recover, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise LoadError(f"its XML is damaged ({error})", FailureKind.DAMAGED) from error
    if root is None:
        raise LoadError("its XML is damaged", FailureKind.DAMAGED)
    return root


def _sound_reference(match: re.Match[bytes]) -> bytes:
    decimal, hexadecimal = match.groups()
    point = int(decimal) if decimal else int(hexadecimal, 16)
    return "\ufffd".encode() if 0xD800 <= point <= 0xDFFF else match.group()


def local_name(element: etree._Element) -> str:
    """Return an element's name without namespace; empty for comments and processing instructions."""
    # A damaged part has names that are none, which etree.QName would refuse.
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
