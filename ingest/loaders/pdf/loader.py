"""PDF with PDFium. Each page is judged by itself: a sound text layer is read, a page without one is put to OCR.

A page that can be read neither way is named, never passed over in silence. Of a mapped file, only what one page needs
is in memory; the text of all pages is kept.
"""

import ctypes
import mmap
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_raw
from numpy.typing import NDArray

from ingest.documents import Heading, LoadedDocument, PageSpan
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.large.text import Content, drop_pages
from ingest.loaders.normalise import normalise
from ingest.loaders.ocr import INSTALL_HINT, OcrMissingError, read_picture
from ingest.loaders.pdf.page import PageText, read_page

_PDFIUM = threading.Lock()  # PDFium is not thread-safe
_PAGE_BREAK = "\n\n"
_MAX_KEPT = 8 << 20  # bytes of a mapped file that PDFium may keep in memory, by the average of its pages
_MAX_HEADINGS = 5000
_MAX_PAGES_NAMED = 20
_DULL_TITLE = re.compile(r"^\s*$|^untitled|^microsoft word|^slide \d|\.(?:docx?|pdf|indd|tex|dvi|pptx?)\s*$", re.I)
# What a font without a table of its characters leaves in a text layer: private use, unassigned, control characters.
_GARBLED = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_MAX_GARBLED = 0.3  # of a page's characters
_SCANNED = 0.6  # of the page's area under pictures, with next to no text: a scan with a stamp or a page number
_FEW_CHARACTERS = 60
_OCR_DPI = 200
_MAX_PIXELS = 25_000_000  # of a page's picture; a larger page is rendered more coarsely
_DEEPEST_OBJECT = 4


def load_pdf(data: Content, stem: str) -> LoadedDocument:
    """Read a PDF's text; pages are joined by a blank line and headings come from its outline.

    Raises:
        LoadError: for a damaged or encrypted file, or one in which no page has a text layer.
    """
    with _PDFIUM:
        pdf = _open(data)
        try:
            return _read(pdf, stem, data)
        finally:
            pdf.close()


def _open(data: Content) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data if isinstance(data, bytes) else _in_place(data))
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium_raw.FPDF_ERR_PASSWORD, pdfium_raw.FPDF_ERR_SECURITY}:
            raise LoadError(
                "the PDF is encrypted and needs a password; save a copy without one", FailureKind.PROTECTED
            ) from error
        raise LoadError(f"the PDF is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error


def _in_place(data: mmap.mmap) -> "ctypes.Array[ctypes.c_ubyte]":
    """Return a mapped file as PDFium takes it, without a copy; the array keeps the file mapped."""
    view = np.frombuffer(data, dtype=np.uint8)
    array = (ctypes.c_ubyte * len(view)).from_address(view.ctypes.data)
    array.view = view  # type: ignore[attr-defined]
    return array


@dataclass(frozen=True, slots=True)
class _Page:
    """What came of a page.

    `unread` says that something is on it which only OCR could read, and there is none; `damaged` that it cannot be
    opened.
    """

    text: PageText
    unread: bool = False
    damaged: bool = False


def _read(pdf: pypdfium2.PdfDocument, stem: str, data: Content) -> LoadedDocument:
    pages: list[PageSpan] = []
    texts: list[str] = []
    rows: list[tuple[int, int]] = []
    unread: list[int] = []
    damaged: list[int] = []
    offset = 0
    for number, page in enumerate(_pages(pdf, data), start=1):
        text = page.text.text
        if page.unread:
            unread.append(number)
        if page.damaged:
            damaged.append(number)
        pages.append(PageSpan(number, offset, offset + len(text)))
        texts.append(text)
        rows += [(offset + start, offset + end) for start, end in page.text.rows]
        offset += len(text) + len(_PAGE_BREAK)
    if not any(texts):
        if unread:
            raise OcrMissingError(f"it has no text layer: it is a scan or only pictures; {INSTALL_HINT}")
        if damaged:
            raise LoadError(
                f"the PDF is damaged: {len(damaged)} of its pages cannot be opened, and no text was found",
                FailureKind.DAMAGED,
            )
        raise LoadError("no text was found in it, neither in a text layer nor in its pictures", FailureKind.NO_TEXT)
    text = _PAGE_BREAK.join(texts)
    stated = str(pdf.get_metadata_dict().get("Title") or "")
    title = stem if _DULL_TITLE.search(stated) else " ".join(normalise(stated).split())
    return LoadedDocument(
        text=text,
        mime="application/pdf",
        title=title,
        pages=tuple(pages),
        headings=_headings(pdf, text, pages),
        atomic_spans=tuple(rows),
        warning=_warning(unread, damaged),
    )


def _pages(pdf: pypdfium2.PdfDocument, data: Content) -> Iterator[_Page]:
    """Yield the pages in order. PDFium keeps what it has read until it is closed, so a mapped file is opened anew."""
    count = len(pdf)
    run = max(1, count if isinstance(data, bytes) else _MAX_KEPT * count // len(data))
    for start in range(0, count, run):
        opened = pdf if run >= count else _open(data)
        try:
            for index in range(start, min(start + run, count)):
                yield _page_at(opened, index)
        finally:
            if opened is not pdf:
                opened.close()
            drop_pages(data)


def _page_at(pdf: pypdfium2.PdfDocument, index: int) -> _Page:
    try:
        page = pdf[index]
    except pypdfium2.PdfiumError:  # one bad page does not cost the others
        return _Page(PageText(""), damaged=True)
    try:
        return _read_one(page)
    except pypdfium2.PdfiumError:
        return _Page(PageText(""), damaged=True)
    finally:
        page.close()


def _read_one(page: pypdfium2.PdfPage) -> _Page:
    text_page = page.get_textpage()
    try:
        layer = read_page(text_page)
    finally:
        text_page.close()
    characters = len("".join(layer.text.split()))
    garbled = len(_GARBLED.findall(layer.text)) > _MAX_GARBLED * characters
    if characters and not garbled and (characters >= _FEW_CHARACTERS or not _is_picture(page)):
        return _Page(layer)
    if not characters and next(iter(page.get_objects(max_depth=1)), None) is None:
        return _Page(layer)  # an empty page
    kept = PageText("") if garbled else layer
    try:
        seen = read_picture(_render(page))
    except OcrMissingError:
        return _Page(kept, unread=True)
    return _Page(PageText(seen) if len(seen) > len(kept.text) else kept)


def _is_picture(page: pypdfium2.PdfPage) -> bool:
    """Say whether pictures cover most of the page."""
    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[pdfium_raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST_OBJECT):
        left, bottom, right, top = picture.get_bounds()
        covered += max(0.0, min(right, width) - max(left, 0)) * max(0.0, min(top, height) - max(bottom, 0))
    return bool(covered >= _SCANNED * width * height)


def _render(page: pypdfium2.PdfPage) -> NDArray[np.uint8]:
    """Return the page as a picture in blue, green, red."""
    width, height = page.get_size()
    scale = min(_OCR_DPI / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=False)
    try:
        return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    finally:
        bitmap.close()


def _warning(unread: list[int], damaged: list[int]) -> str | None:
    problems = []
    if damaged:
        problems.append(f"{_named(damaged)} cannot be opened; the file is damaged")
    if unread:
        problems.append(f"{_named(unread)} {'has' if len(unread) == 1 else 'have'} no text layer; {INSTALL_HINT}")
    return "; ".join(problems) or None


def _named(pages: list[int]) -> str:
    numbers = ", ".join(map(str, pages[:_MAX_PAGES_NAMED])) + (", …" if len(pages) > _MAX_PAGES_NAMED else "")
    return f"page {numbers}" if len(pages) == 1 else f"pages {numbers}"


def _headings(pdf: pypdfium2.PdfDocument, text: str, pages: list[PageSpan]) -> tuple[Heading, ...]:
    """Return the outline's entries whose words stand at the start of a line of the page they point to."""
    found: list[Heading] = []
    position = 0
    for _, bookmark in zip(range(_MAX_HEADINGS), pdf.get_toc(), strict=False):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        words = normalise(bookmark.get_title()).split()
        if index is None or index >= len(pages) or not words:
            continue
        line = re.compile(r"^[ \t]*" + r"\s+".join(map(re.escape, words)), re.M)
        match = line.search(text, max(position, pages[index].start), pages[index].end)
        if match:
            found.append(Heading(bookmark.level + 1, " ".join(words), match.start()))
            position = match.end()
    return tuple(found)
