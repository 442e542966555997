"""What was filled into a page: values of form fields, ticked boxes, text and notes that were put on top of it.

None of it is in the page's text layer. A value goes to the words it stands next to, as a person reads it (`Name: Jane
Doe`); where no words are near, it ends the page as `name of the field: value`.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import pypdfium2
import pypdfium2.raw as pdfium_raw

from ingest.loaders.normalise import normalise
from ingest.loaders.pdf.reading_order import Box

_MAX_VALUES = 500  # of one page
_MAX_OPTIONS = 1000  # of one list to choose from
_MAX_BYTES = 1 << 22  # of one value
_TICKED = "[x]"
_NEAR = 250.0  # points between a value and the words to its left
_TOUCHING = 30.0  # points between a box to tick and its words
_ABOVE = 1.5  # of the height of a line: a label over its field is no further up
_HIDDEN = pdfium_raw.FPDF_ANNOT_FLAG_HIDDEN | pdfium_raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # among a text field's flags
_CHECKED = {pdfium_raw.FPDF_FORMFIELD_CHECKBOX, pdfium_raw.FPDF_FORMFIELD_RADIOBUTTON}
_CHOSEN = {pdfium_raw.FPDF_FORMFIELD_COMBOBOX, pdfium_raw.FPDF_FORMFIELD_LISTBOX}
_NOTES = {
    pdfium_raw.FPDF_ANNOT_TEXT, pdfium_raw.FPDF_ANNOT_HIGHLIGHT, pdfium_raw.FPDF_ANNOT_UNDERLINE,
    pdfium_raw.FPDF_ANNOT_SQUIGGLY, pdfium_raw.FPDF_ANNOT_STRIKEOUT, pdfium_raw.FPDF_ANNOT_LINE,
    pdfium_raw.FPDF_ANNOT_SQUARE, pdfium_raw.FPDF_ANNOT_CIRCLE, pdfium_raw.FPDF_ANNOT_POLYGON,
    pdfium_raw.FPDF_ANNOT_POLYLINE, pdfium_raw.FPDF_ANNOT_CARET, pdfium_raw.FPDF_ANNOT_INK,
    pdfium_raw.FPDF_ANNOT_STAMP,
}  # fmt: skip

_Annotation: TypeAlias = "ctypes._Pointer[pdfium_raw.fpdf_annotation_t__]"


@dataclass(frozen=True, slots=True)
class Value:
    """Something filled in: where it stands (as a `Box`, its text is the value), its name, and whether it is a tick.

    `is_loose` says that it belongs to no words beside it: a note.
    """

    box: Box
    name: str
    is_tick: bool = False
    is_loose: bool = False

    @property
    def line(self) -> str:
        """The value as a line of its own."""
        return f"{self.name}: {self.box.text}" if self.name else self.box.text


def values_of(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> list[Value]:
    """Return what was filled into the page, from the top down."""
    form = pdf.formenv.raw if pdf.formenv else None
    values = []
    for index in range(min(_MAX_VALUES, pdfium_raw.FPDFPage_GetAnnotCount(page.raw))):
        annotation = pdfium_raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            value = _value(form, annotation)
        finally:
            pdfium_raw.FPDFPage_CloseAnnot(annotation)
        if value is not None:
            values.append(value)
    return sorted(values, key=lambda value: (round(value.box.top), value.box.left))


def placed(boxes: Sequence[Box], values: Sequence[Value]) -> tuple[list[Box], list[str]]:
    """Return the boxes with the values next to their words, and a line for each value that stands alone."""
    filled = list(boxes)
    alone = []
    has_value: set[int] = set()
    for value in values:
        if _is_there(boxes, value):
            continue
        beside = None if value.is_loose else _beside_tick(boxes, value) if value.is_tick else _label(boxes, value)
        if beside is None:
            alone.append(value.line)
            continue
        text = filled[beside].text
        if not value.is_tick:
            parts_itself = beside in has_value or not text[-1:].isalnum()
            text += ("" if parts_itself else ":") + " " + value.box.text
        elif boxes[beside].left >= value.box.left:
            text = f"{_TICKED} {text}"
        else:
            text += " " + _TICKED
        has_value.add(beside)
        filled[beside] = replace(filled[beside], text=text)
    return filled, alone


def _value(form: object, annotation: _Annotation) -> Value | None:
    if pdfium_raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    kind = pdfium_raw.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium_raw.FPDF_ANNOT_WIDGET:
        return _field(form, annotation) if form else None
    if kind == pdfium_raw.FPDF_ANNOT_FREETEXT or kind in _NOTES:
        words = _entry(annotation, b"Contents")
        is_note = kind in _NOTES
        return Value(_box(annotation, words), "Note" if is_note else "", is_loose=is_note) if words else None
    return None


def _field(form: object, annotation: _Annotation) -> Value | None:
    kind = pdfium_raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(lambda *to: pdfium_raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, *to)) or _string(
        lambda *to: pdfium_raw.FPDFAnnot_GetFormFieldName(form, annotation, *to)
    )
    if kind in _CHECKED:
        ticked = pdfium_raw.FPDFAnnot_IsChecked(form, annotation)
        return Value(_box(annotation, _TICKED), name, is_tick=True) if ticked else None
    if kind in _CHOSEN:
        words = ", ".join(_chosen(form, annotation)) or _string(
            lambda *to: pdfium_raw.FPDFAnnot_GetFormFieldValue(form, annotation, *to)
        )
    elif kind == pdfium_raw.FPDF_FORMFIELD_TEXTFIELD:
        if pdfium_raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
            return None
        words = _string(lambda *to: pdfium_raw.FPDFAnnot_GetFormFieldValue(form, annotation, *to))
    else:
        return None
    return Value(_box(annotation, words), name) if words else None


def _chosen(form: object, annotation: _Annotation) -> Iterator[str]:
    for index in range(min(_MAX_OPTIONS, pdfium_raw.FPDFAnnot_GetOptionCount(form, annotation))):
        if pdfium_raw.FPDFAnnot_IsOptionSelected(form, annotation, index):
            option = _option(form, annotation, index)
            if option:
                yield option


def _option(form: object, annotation: _Annotation, index: int) -> str:
    return _string(lambda *to: pdfium_raw.FPDFAnnot_GetOptionLabel(form, annotation, index, *to))


def _entry(annotation: _Annotation, key: bytes) -> str:
    return _string(lambda *to: pdfium_raw.FPDFAnnot_GetStringValue(annotation, key, *to))


def _string(read: Callable[..., int]) -> str:
    """Return what `read` writes into a buffer, on one line; it is asked for the length first, as PDFium wants it."""
    length = min(_MAX_BYTES, read(None, 0))
    if length <= 2:
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    if read(buffer, length) > length:  # too long a value: PDFium writes nothing
        return ""
    return " ".join(normalise(bytes(buffer)[:length].decode("utf-16-le", "ignore")).split())


def _box(annotation: _Annotation, text: str) -> Box:
    rect = pdfium_raw.FS_RECTF()
    pdfium_raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rect))
    bottom, top = sorted((rect.bottom, rect.top))
    left, right = sorted((rect.left, rect.right))
    return Box(left, -top, right, -bottom, text)


def _is_there(boxes: Sequence[Box], value: Value) -> bool:
    """Say whether the page's own text has the value at its place already: a form that was printed into its page."""
    words = "".join(value.box.text.split())
    place = value.box
    inside = (box for box in boxes if box.left > place.left - 2 and box.right < place.right + 2)
    there = "".join("".join(box.text.split()) for box in inside if _overlap(box, place))
    return not value.is_tick and not value.is_loose and words in there


def _overlap(box: Box, value: Box) -> bool:
    """Say whether two stand on one line."""
    return min(box.bottom, value.bottom) - max(box.top, value.top) > 0.3 * (box.bottom - box.top)


def _label(boxes: Sequence[Box], value: Value) -> int | None:
    """Return the words to the left on the same line, or else those right above."""
    place = value.box
    left = [
        i for i, box in enumerate(boxes) if box.left < place.left and place.left - box.right < _NEAR
        and _overlap(box, place)
    ]  # fmt: skip
    if left:
        # In a tall field the first line is the one meant; on a line, the nearest words.
        return min(left, key=lambda i: (round(boxes[i].top / 4), max(0.0, place.left - boxes[i].right), -boxes[i].left))
    above = [
        i for i, box in enumerate(boxes)
        if box.left < place.right and box.right > place.left
        and -2 <= place.top - box.bottom <= _ABOVE * (box.bottom - box.top)
    ]  # fmt: skip
    return max(above, key=lambda i: boxes[i].bottom) if above else None


def _beside_tick(boxes: Sequence[Box], value: Value) -> int | None:
    """Return the words to the right of a box to tick, or else those to its left."""
    place = value.box
    near = [i for i, box in enumerate(boxes) if _overlap(box, place)]
    right = [i for i in near if -2 <= boxes[i].left - place.right < _TOUCHING]
    if right:
        return min(right, key=lambda i: boxes[i].left)
    left = [i for i in near if -2 <= place.left - boxes[i].right < _TOUCHING]
    return max(left, key=lambda i: boxes[i].right) if left else None
