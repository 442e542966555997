"""The pieces of a page's text layer: what was drawn in one go, where it stands, and what PDFium writes behind it.

PDFium tells from the widths of a font where one word ends and the next begins, which the boxes alone cannot tell: the
letters of a spaced heading are further apart than the words of a narrow column. So the pieces are cut out of its own
text, and the space or line end between two of them is kept with the first. What the page's edge or a clipping path
hides is left out: half of a double page is often stored as the whole of it.
"""

import ctypes
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium_raw

from ingest.loaders.pdf.reading_order import Box

_MAX_BOXES = 5000  # of one page: a map or a drawing has no order
_MAX_CHARACTERS = 100_000
_MAX_CLIP_POINTS = 64  # of a path that clips: a longer one is a drawing's outline, and is not judged
_NO_SIZE = 1e-3  # of a unit: a character without width or height has no place


def boxes_of(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> list[Box] | None:
    """Return the visible pieces in the order in which they were drawn, or None where there are too many to judge."""
    if text_page.count_chars() > _MAX_CHARACTERS or text_page.count_rects() > _MAX_BOXES:
        return None
    window = visible_part(page)
    boxes: list[Box] = []
    for piece in _pieces(text_page):
        if not piece.is_visible(window):
            if boxes:  # what follows is no part of its line
                boxes[-1] = _followed_by(boxes[-1], "\n")
            continue
        text = _without_surrogates(piece.text)
        words = text.strip()
        if boxes:
            boxes[-1] = _followed_by(boxes[-1], text[: len(text) - len(text.lstrip())])
        if words:
            number, after = len(boxes), text[len(text.rstrip()) :]
            size = _size(text_page, piece.character)
            left, bottom, right, top = piece.bounds
            boxes.append(Box(left, -top, right, -bottom, words, number, number, after, piece.character, size))
    return boxes


def _followed_by(box: Box, after: str) -> Box:
    if not after:
        return box
    return Box(
        box.left, box.top, box.right, box.bottom, box.text,
        box.first, box.last, box.after + after, box.character, box.size,
    )  # fmt: skip


class _Piece:
    """The characters of one object of the page, in the making."""

    def __init__(self, character: int, drawn_by: "ctypes._Pointer[pdfium_raw.fpdf_pageobject_t__]") -> None:
        self.character = character
        self.text = ""
        self.bounds = (0.0, 0.0, 0.0, 0.0)
        self._drawn_by = drawn_by
        self._empty = True

    def add(self, text: str, left: float, bottom: float, right: float, top: float) -> None:
        self.text += text
        a, b, c, d = (left, bottom, right, top) if self._empty else self.bounds
        self.bounds = (min(a, left), min(b, bottom), max(c, right), max(d, top))
        self._empty = False

    def is_visible(self, window: tuple[float, float, float, float]) -> bool:
        """Say whether its middle lies on the page and no path clips it off."""
        left, bottom, right, top = self.bounds
        x, y = (left + right) / 2, (bottom + top) / 2
        return window[0] <= x <= window[2] and window[1] <= y <= window[3] and not _is_clipped(self._drawn_by)


def _pieces(text_page: pypdfium2.PdfTextPage) -> Iterator[_Piece]:
    """Yield runs of characters drawn by the same object; those without a place go with the piece before."""
    raw = text_page.raw
    sides = [ctypes.c_double() for _ in range(4)]
    left, right, bottom, top = sides
    references = [ctypes.byref(side) for side in sides]
    piece: _Piece | None = None
    drawn_by: int | None = None
    for index in range(text_page.count_chars()):
        code = pdfium_raw.FPDFText_GetUnicode(raw, index)
        text = chr(code) if 0 < code < 0x110000 else ""
        has_place = not pdfium_raw.FPDFText_IsGenerated(raw, index) and pdfium_raw.FPDFText_GetCharBox(
            raw, index, *references
        )
        if not has_place or min(right.value - left.value, top.value - bottom.value) < _NO_SIZE:
            if piece is not None:
                piece.text += text
            continue
        an_object = pdfium_raw.FPDFText_GetTextObject(raw, index)
        address = ctypes.cast(an_object, ctypes.c_void_p).value
        if piece is None or address != drawn_by:
            if piece is not None:
                yield piece
            piece, drawn_by = _Piece(index, an_object), address
        piece.add(text, left.value, bottom.value, right.value, top.value)
    if piece is not None:
        yield piece


def _without_surrogates(text: str) -> str:
    """Return the text with each pair of surrogates as the one character it stands for."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _size(text_page: pypdfium2.PdfTextPage, character: int) -> float:
    """Return a character's size as the page shows it: the font's, times what the page's matrix makes of it."""
    size = float(pdfium_raw.FPDFText_GetFontSize(text_page.raw, character))
    matrix = pdfium_raw.FS_MATRIX()
    if pdfium_raw.FPDFText_GetMatrix(text_page.raw, character, ctypes.byref(matrix)):
        size *= float((matrix.c**2 + matrix.d**2) ** 0.5)
    return size


def visible_part(page: pypdfium2.PdfPage) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of what a reader sees of the page."""
    box = pdfium_raw.FS_RECTF()
    if not pdfium_raw.FPDF_GetPageBoundingBox(page.raw, ctypes.byref(box)) or box.left >= box.right:
        return (float("-inf"), float("-inf"), float("inf"), float("inf"))
    return (box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))


def _is_clipped(drawn_by: "ctypes._Pointer[pdfium_raw.fpdf_pageobject_t__]") -> bool:
    """Say whether a text lies wholly outside one of the paths that clip it.

    Both are in the coordinates of whatever holds them, so they can be compared in a form as on the page itself.
    """
    path = pdfium_raw.FPDFPageObj_GetClipPath(drawn_by)
    count = pdfium_raw.FPDFClipPath_CountPaths(path) if path else 0
    if count <= 0:
        return False
    bounds = [ctypes.c_float() for _ in range(4)]
    if not pdfium_raw.FPDFPageObj_GetBounds(drawn_by, *map(ctypes.byref, bounds)):
        return False
    left, bottom, right, top = (side.value for side in bounds)
    for index in range(min(count, _MAX_CLIP_POINTS)):
        points = _clip_points(path, index)
        if points and (
            right <= min(x for x, _ in points)
            or left >= max(x for x, _ in points)
            or top <= min(y for _, y in points)
            or bottom >= max(y for _, y in points)
        ):
            return True
    return False


def _clip_points(path: "ctypes._Pointer[pdfium_raw.fpdf_clippath_t__]", index: int) -> list[tuple[float, float]]:
    """Return the points of a clipping path, control points of curves among them; none where there are too many."""
    count = pdfium_raw.FPDFClipPath_CountPathSegments(path, index)
    points = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(count if 0 < count <= _MAX_CLIP_POINTS else 0):
        segment = pdfium_raw.FPDFClipPath_GetPathSegment(path, index, number)
        if segment and pdfium_raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
            points.append((x.value, y.value))
    return points
