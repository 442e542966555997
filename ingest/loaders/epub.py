"""EPUB books: the chapters in reading order, each read as a web page."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.html import load_html
from ingest.loaders.package import DAMAGES, local_name, open_package, parse_xml

_PAGES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", ""}
_FONT_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # scrambled fonts, not text


def load_epub(data: bytes, stem: str) -> LoadedDocument:
    """Read a book's chapters in the order of its spine; the title is the one that it states.

    Raises:
        LoadError: for a damaged file, one with copy protection, or one that unpacks to more than a gigabyte.
    """
    with open_package(data, "an EPUB book") as package:
        if _is_protected(package):
            raise LoadError("the book has copy protection (DRM) and cannot be read", FailureKind.PROTECTED)
        opf_path = _opf_path(package)
        opf = parse_xml(_read(package, opf_path))
        builder = DocumentBuilder()
        missing = 0
        for path in _spine(opf, posixpath.dirname(opf_path)):
            try:
                chapter = load_html(_read(package, path), "")
            except LoadError:
                missing += 1
                continue
            builder.document(chapter)
    title = next((e.text or "" for e in opf.iter() if local_name(e) == "title"), "")
    warning = f"{missing} of its chapters could not be read" if missing else None
    return builder.build("", title or stem, warning)


def _read(package: ZipFile, path: str) -> bytes:
    try:
        return package.read(path)
    except DAMAGES as error:
        raise LoadError(f"it is an EPUB book that is damaged ({error})", FailureKind.DAMAGED) from error


def _opf_path(package: ZipFile) -> str:
    """Return where the book's list of contents is."""
    root = parse_xml(_read(package, "META-INF/container.xml"))
    for element in root.iter():
        if local_name(element) == "rootfile" and element.get("full-path"):
            return str(element.get("full-path"))
    raise LoadError("it is an EPUB book without a list of contents; it is damaged", FailureKind.DAMAGED)


def _spine(opf: etree._Element, folder: str) -> Iterator[str]:
    """Yield the paths of the chapters in reading order."""
    items = {e.get("id"): e for e in opf.iter() if local_name(e) == "item"}
    for reference in opf.iter():
        if local_name(reference) != "itemref":
            continue
        item = items.get(reference.get("idref"))
        if item is not None and (item.get("media-type") or "") in _PAGES and item.get("href"):
            path = unquote(str(item.get("href")).split("#")[0])
            yield posixpath.normpath(posixpath.join(folder, path))


def _is_protected(package: ZipFile) -> bool:
    try:
        encryption = package.read("META-INF/encryption.xml")
    except KeyError:
        return False
    methods = [e.get("Algorithm") or "" for e in parse_xml(encryption).iter() if local_name(e) == "EncryptionMethod"]
    return any(method not in _FONT_ONLY for method in methods)
