"""EPUB books: the chapters in reading order, each read as a web page."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.html import load_html
from ingest.loaders.package import DAMAGES, local_name, open_package, parse_xml

_NCX = "application/x-dtbncx+xml"
_MAX_TITLE = 200  # characters
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
        titles = _navigation(package, opf, posixpath.dirname(opf_path))
        missing = 0
        for path in _spine(opf, posixpath.dirname(opf_path)):
            try:
                chapter = load_html(_read(package, path), "")
            except LoadError:
                missing += 1
                continue
            builder.document(_with_heading(chapter, titles.get(path, "")))
    title = next((e.text or "" for e in opf.iter() if local_name(e) == "title"), "")
    warning = f"{missing} of its chapters could not be read" if missing else None
    return builder.build("", title or stem, warning)


def _with_heading(chapter: LoadedDocument, title: str) -> LoadedDocument:
    """Return a chapter under the title that the book's navigation gives it, unless it has a heading."""
    if not title or chapter.headings or not chapter.text.strip():
        return chapter
    first = chapter.text.split("\n", 1)[0]
    # The title is often there, as a line that only looks like a heading.
    if " ".join(first.split()).casefold() == title.casefold():
        return replace(chapter, headings=(Heading(1, first, 0),))
    builder = DocumentBuilder()
    builder.heading(1, title)
    builder.document(chapter)
    return builder.build(chapter.mime, chapter.title)


def _navigation(package: ZipFile, opf: etree._Element, folder: str) -> dict[str, str]:
    """Return the titles of the chapters by path, from the navigation of EPUB 3 or EPUB 2; none where it is damaged."""
    titles: dict[str, str] = {}
    for item in opf.iter():
        is_new = "nav" in (item.get("properties") or "").split()
        if local_name(item) != "item" or not (is_new or item.get("media-type") == _NCX) or not item.get("href"):
            continue
        path = _path(folder, str(item.get("href")))
        try:
            root = parse_xml(_read(package, path))
        except LoadError:
            continue
        for target, label in _new_entries(root) if is_new else _old_entries(root):
            if title := " ".join(label.split())[
                :_MAX_TITLE
            ]:  # the first one is of the chapter, others are of sections in it
                titles.setdefault(_path(posixpath.dirname(path), target), title)
    return titles


def _new_entries(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield target and title of each entry of a navigation document, without those of its list of pages."""
    for nav in root.iter():
        kind = next((str(v) for k, v in nav.attrib.items() if str(k).endswith("}type")), "toc")
        if local_name(nav) == "nav" and "toc" in kind.split():
            for link in nav.iter():
                if local_name(link) == "a" and link.get("href"):
                    yield str(link.get("href")), "".join(map(str, link.itertext()))


def _old_entries(root: etree._Element) -> Iterator[tuple[str, str]]:
    for point in root.iter():
        if local_name(point) == "navPoint":
            parts = {local_name(child): child for child in point}
            if "navLabel" in parts and "content" in parts:
                yield str(parts["content"].get("src") or ""), "".join(map(str, parts["navLabel"].itertext()))


def _path(folder: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(reference.partition("#")[0])))


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
            yield _path(folder, str(item.get("href")))


def _is_protected(package: ZipFile) -> bool:
    try:
        encryption = package.read("META-INF/encryption.xml")
    except KeyError:
        return False
    methods = [e.get("Algorithm") or "" for e in parse_xml(encryption).iter() if local_name(e) == "EncryptionMethod"]
    return any(method not in _FONT_ONLY for method in methods)
