"""PDF with PDFium. Each page is judged by itself: a sound text layer is read, a page without one is put to OCR.

A page that can be read neither way is named, never passed over in silence. Of a mapped file, only what one page needs
is in memory; the text of all pages is kept.
"""

import contextlib
import ctypes
import mmap
import re
import threading
from collections.abc import Iterator, Sequence
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
from ingest.loaders.pdf.fields import Value, values_of
from ingest.loaders.pdf.headings import headings_by_size
from ingest.loaders.pdf.line_wraps import overleaf
from ingest.loaders.pdf.page import PageLines, read_page
from ingest.loaders.pdf.running import repeated_lines

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
        pdf = pypdfium2.PdfDocument(data if isinstance(data, bytes) else _in_place(data))
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium_raw.FPDF_ERR_PASSWORD, pdfium_raw.FPDF_ERR_SECURITY}:
            raise LoadError(
                "the PDF is encrypted and needs a password; save a copy without one", FailureKind.PROTECTED
            ) from error
        raise LoadError(f"the PDF is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error
    _init_forms(pdf)
    return pdf


def _init_forms(pdf: pypdfium2.PdfDocument) -> None:
    """Let the values of form fields be read; a form that is damaged costs its values only."""
    with contextlib.suppress(pypdfium2.PdfiumError):
        pdf.init_forms()


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

    lines: PageLines
    unread: bool = False
    damaged: bool = False


def _read(pdf: pypdfium2.PdfDocument, stem: str, data: Content) -> LoadedDocument:
    read: list[PageLines] = []
    unread: list[int] = []
    damaged: list[int] = []
    for number, page in enumerate(_pages(pdf, data), start=1):
        read.append(page.lines)
        if page.unread:
            unread.append(number)
        if page.damaged:
            damaged.append(number)
    if not any(line.strip() for page in read for line in page.lines):
        raise _no_text(unread, damaged)
    text, pages, rows = _put_together(read)
    stated = str(pdf.get_metadata_dict().get("Title") or "")
    title = stem if _DULL_TITLE.search(stated) else " ".join(normalise(stated).split())
    return LoadedDocument(
        text=text,
        mime="application/pdf",
        title=title,
        pages=tuple(pages),
        headings=_headings(pdf, text, pages) or headings_by_size(read, text, pages),
        atomic_spans=tuple(rows),
        warning=_warning(unread, damaged),
    )


def _no_text(unread: list[int], damaged: list[int]) -> LoadError:
    if unread:
        return OcrMissingError(f"it has no text layer: it is a scan or only pictures; {INSTALL_HINT}")
    if damaged:
        return LoadError(
            f"the PDF is damaged: {len(damaged)} of its pages cannot be opened, and no text was found",
            FailureKind.DAMAGED,
        )
    return LoadError("no text was found in it, neither in a text layer nor in its pictures", FailureKind.NO_TEXT)


def _put_together(read: list[PageLines]) -> tuple[str, list[PageSpan], list[tuple[int, int]]]:
    """Return the text of all pages, their spans and those of table rows.

    What repeats on most pages is dropped; a sentence that runs over the end of a page is whole, and else a blank line
    parts the pages.
    """
    pages: list[PageSpan] = []
    pieces: list[str] = []
    rows: list[tuple[int, int]] = []
    offset = 0
    before: Sequence[str] = ()
    for number, (page, dropped) in enumerate(zip(read, repeated_lines(read), strict=True), start=1):
        finished = page.finished(dropped)
        prose_first, prose_last = page.prose_at_ends(dropped)
        if pieces:
            join = overleaf(before, prose_first) if prose_first else None
            pieces.append(_PAGE_BREAK if join is None else join)
            offset += len(pieces[-1])
        pages.append(PageSpan(number, offset, offset + len(finished.text)))
        rows += [(offset + start, offset + end) for start, end in finished.rows]
        pieces.append(finished.text)
        offset += len(finished.text)
        before = prose_last
    return "".join(pieces), pages, rows


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
        return _Page(PageLines(), damaged=True)
    try:
        return _read_one(pdf, page)
    except pypdfium2.PdfiumError:
        return _Page(PageLines(), damaged=True)
    finally:
        page.close()


def _read_one(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> _Page:
    values = values_of(pdf, page)
    text_page = page.get_textpage()
    try:
        layer = read_page(page, text_page, values)
    finally:
        text_page.close()
    characters = len("".join(layer.text.split()))
    garbled = len(_GARBLED.findall(layer.text)) > _MAX_GARBLED * characters
    if characters and not garbled and (characters >= _FEW_CHARACTERS or not _is_picture(page)):
        return _Page(layer)
    if not characters and next(iter(page.get_objects(max_depth=1)), None) is None:
        return _Page(layer)  # an empty page
    kept = _only_filled_in(values) if garbled else layer
    try:
        seen = read_picture(_render(page))
    except OcrMissingError:
        return _Page(kept, unread=True)
    return _Page(_with_values(seen, values) if len(seen) > len(kept.text) else kept)


def _only_filled_in(values: Sequence[Value]) -> PageLines:
    return _with_values("", values)


def _with_values(seen: str, values: Sequence[Value]) -> PageLines:
    """Return the lines of a picture and the values that were not seen in it."""
    lines = PageLines(is_rejoined=True)
    words = "".join(seen.split())
    for line in [*seen.split("\n"), *(v.line for v in values if "".join(v.box.text.split()) not in words)]:
        lines.add(line)
    return lines


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
