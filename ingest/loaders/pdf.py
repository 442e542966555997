"""PDF by its text layer, read with PDFium; pages without one are named, never passed over in silence."""

import re
import threading
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium_raw

from ingest.documents import Heading, LoadedDocument, PageSpan
from ingest.loaders.errors import LoadError
from ingest.loaders.line_wraps import rejoin_lines
from ingest.loaders.normalise import normalise

_PDFIUM = threading.Lock()  # PDFium is not thread-safe
_PAGE_BREAK = "\n\n"
_MOST_HEADINGS = 5000
_MOST_PAGES_NAMED = 20
_DULL_TITLE = re.compile(r"^\s*$|^untitled|^microsoft word|^slide \d|\.(?:docx?|pdf|indd|tex|dvi|pptx?)\s*$", re.I)
# PDFium puts U+FFFE where a line ended with a hyphen and swallows the line end.
_LAYOUT_HYPHEN = re.compile(r"(?P<left>[\w-]*)[\ufffe\x02](?P<right>\w?)")


def load_pdf(data: bytes, stem: str) -> LoadedDocument:
    """Read a PDF's text; pages are joined by a blank line and headings come from its outline.

    Raises:
        LoadError: for a damaged or encrypted file, or one in which no page has a text layer.
    """
    with _PDFIUM:
        pdf = _open(data)
        try:
            return _read(pdf, stem)
        finally:
            pdf.close()


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium_raw.FPDF_ERR_PASSWORD, pdfium_raw.FPDF_ERR_SECURITY}:
            raise LoadError("the PDF is encrypted and needs a password; save a copy without one") from error
        raise LoadError(f"the PDF is damaged and cannot be opened ({error})") from error


def _read(pdf: pypdfium2.PdfDocument, stem: str) -> LoadedDocument:
    pages: list[PageSpan] = []
    texts: list[str] = []
    silent: list[int] = []
    offset = 0
    for number, (text, has_content) in enumerate(_page_texts(pdf), start=1):
        if not text and has_content:
            silent.append(number)
        pages.append(PageSpan(number, offset, offset + len(text)))
        texts.append(text)
        offset += len(text) + len(_PAGE_BREAK)
    if not any(texts):
        raise LoadError(
            "it has no text layer: it is a scan or only pictures. This version reads no pictures (OCR); "
            "run an OCR program such as ocrmypdf on it and ingest the result"
        )
    text = _PAGE_BREAK.join(texts)
    stated = str(pdf.get_metadata_dict().get("Title") or "")
    title = stem if _DULL_TITLE.search(stated) else " ".join(normalise(stated).split())
    return LoadedDocument(
        text=text,
        mime="application/pdf",
        title=title,
        pages=tuple(pages),
        headings=_headings(pdf, text, pages),
        warning=_warning(silent),
    )


def _page_texts(pdf: pypdfium2.PdfDocument) -> Iterator[tuple[str, bool]]:
    """Yield each page's text and whether anything at all is drawn on the page."""
    for page in pdf:
        text_page = page.get_textpage()
        raw = _LAYOUT_HYPHEN.sub(_mend_hyphen, text_page.get_text_range(errors="ignore"))
        text_page.close()
        text = rejoin_lines(normalise(raw)).strip()
        has_content = bool(text) or next(iter(page.get_objects(max_depth=1)), None) is not None
        page.close()
        yield text, has_content


def _mend_hyphen(match: re.Match[str]) -> str:
    """Join `inter-` + `national`; keep the hyphen of `state-of-` + `the` and before a capital or a figure."""
    left, right = match["left"], match["right"]
    layout_only = right.islower() and "-" not in left
    return left + ("" if layout_only else "-") + right


def _warning(silent: list[int]) -> str | None:
    if not silent:
        return None
    named = ", ".join(map(str, silent[:_MOST_PAGES_NAMED])) + (", …" if len(silent) > _MOST_PAGES_NAMED else "")
    return f"page {named} has no text layer" if len(silent) == 1 else f"pages {named} have no text layer"


def _headings(pdf: pypdfium2.PdfDocument, text: str, pages: list[PageSpan]) -> tuple[Heading, ...]:
    """Return the outline's entries whose words stand at the start of a line of the page they point to."""
    found: list[Heading] = []
    position = 0
    for _, bookmark in zip(range(_MOST_HEADINGS), pdf.get_toc(), strict=False):
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
