"""PowerPoint: each slide is a page; its title, texts, tables and notes in reading order."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree
from pptx.exc import PythonPptxError
from pptx.opc.package import PartFactory
from pptx.package import Package
from pptx.parts.presentation import PresentationPart
from pptx.shapes.group import GroupShape

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.charts import add_chart
from ingest.loaders.equations import linear
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.office_package import COMPATIBILITY, DRAWING, MATHS, RELATION
from ingest.loaders.package import STUMBLES, check_package, local_name, parse_xml

_DEEPEST_GROUP = 20
_ROW = 200_000  # EMU, about half a centimetre: shapes that start this close stand side by side
_STUMBLES = (*STUMBLES, etree.LxmlError, PythonPptxError)
_MAX_NAMED = 10  # slides that a warning names
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_NOT_WORDS = frozenset({f"{DRAWING}pPr", f"{DRAWING}rPr", f"{DRAWING}endParaRPr", f"{COMPATIBILITY}Fallback"})
# python-pptx opens presentations by their type and does not know these two.
_MACRO_TYPES = (
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)
PartFactory.part_type_for.update(dict.fromkeys(_MACRO_TYPES, PresentationPart))


def load_pptx(data: bytes, stem: str) -> LoadedDocument:
    """Read a presentation: a slide's title is a heading, its shapes follow from top to bottom, its notes come last.

    A shape that cannot be read costs that shape only; the document's warning names its slide.

    Raises:
        LoadError: for a damaged file or one that unpacks to more than a gigabyte.
    """
    check_package(data, "a PowerPoint file")
    try:
        part = Package.open(io.BytesIO(data)).main_document_part
        if not isinstance(part, PresentationPart):
            raise LoadError("it holds no presentation", FailureKind.DAMAGED)
        slides = part.presentation
        reader = _Reader()
        for number in range(1, len(slides.slides) + 1):
            reader.read(number, slides.slides)
        stated = (slides.core_properties.title or "").strip()
    except _STUMBLES as error:
        raise LoadError(
            f"the PowerPoint file is damaged and cannot be opened ({error})", FailureKind.DAMAGED
        ) from error
    # The templates of PowerPoint bear a title that nobody wrote.
    title = "" if stated.lower() == "powerpoint presentation" else stated
    return reader.builder.build("", title, reader.warning(), fallback=stem)


class _Reader:
    """Adds slide after slide; what cannot be read of one is noted and passed over."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._lost: dict[int, None] = {}  # numbers of slides, in order

    def read(self, number: int, slides: Any) -> None:
        """Add the slide of this number, counted from 1."""
        self.builder.begin_page(number)
        title = None
        try:
            slide = slides[number - 1]
            _unwrap(slide)
            title = slide.shapes.title
            if title is not None:
                self.builder.heading(1, "\n".join(_texts(title._element)))
            # python-pptx makes a new object whenever a shape is asked for.
            shapes = [s for s in _flat(slide.shapes, 0) if title is None or s._element is not title._element]
        except _STUMBLES:
            self._lost[number] = None
            return
        for shape in sorted(shapes, key=_position):
            try:
                _add_shape(self.builder, shape)
            except (*_STUMBLES, LoadError):
                self._lost[number] = None
        try:
            if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
                self.builder.paragraph(slide.notes_slide.notes_text_frame.text)
        except _STUMBLES:
            self._lost[number] = None

    def warning(self) -> str | None:
        """Say on which slides something could not be read."""
        if not self._lost:
            return None
        named = ", ".join(map(str, list(self._lost)[:_MAX_NAMED])) + (", …" if len(self._lost) > _MAX_NAMED else "")
        return f"a part of slide {named} could not be read"


def _unwrap(slide: Any) -> None:
    """Take shapes out of alternatives: one with an equation is in there, beside a picture of it for old programs."""
    for wrapper in list(slide.shapes._spTree.iter(f"{COMPATIBILITY}AlternateContent")):
        parent = wrapper.getparent()
        choice = wrapper.find(f"{COMPATIBILITY}Choice")
        if parent is not None and choice is not None and local_name(parent) in {"spTree", "grpSp"}:
            for shape in list(choice):
                wrapper.addprevious(shape)
            parent.remove(wrapper)


def _flat(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    """Yield the shapes, those of groups too."""
    for shape in shapes:
        if isinstance(shape, GroupShape):
            if depth < _DEEPEST_GROUP:
                yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _position(shape: Any) -> tuple[int, int]:
    try:
        return (shape.top or 0) // _ROW, shape.left or 0
    except _STUMBLES:
        return 0, 0


def _add_shape(builder: DocumentBuilder, shape: Any) -> None:
    if shape.has_text_frame:
        _add_text(builder, _texts(shape._element))
    elif shape.has_table:
        table = shape.table
        rows = [["\n".join(_texts(cell._tc)) for cell in row.cells] for row in table.rows]
        builder.table(rows, "stated" if table.first_row else "unknown")
    elif shape.has_chart:
        add_chart(builder, shape.chart_part._element)
    else:
        for reference in shape._element.iter(f"{_DIAGRAM}relIds"):
            data = parse_xml(shape.part.related_part(reference.get(f"{RELATION}dm")).blob)
            _add_text(builder, _texts(data))


def _texts(element: Any) -> list[str]:
    """Return the paragraphs inside an element that have words."""
    texts = ("".join(_words(p)).strip() for p in element.iter(f"{DRAWING}p"))
    return [text for text in texts if text]


def _words(paragraph: Any) -> Iterator[str]:
    """Yield the words of a paragraph; python-pptx's own `text` passes over equations."""
    waiting = [paragraph]
    while waiting:
        element = waiting.pop()
        if element.tag == f"{DRAWING}t":
            yield element.text or ""
        elif element.tag == f"{DRAWING}br":
            yield "\n"
        elif element.tag == f"{MATHS}oMath":
            yield linear(element)
        elif element.tag not in _NOT_WORDS:
            waiting.extend(reversed(element))


def _add_text(builder: DocumentBuilder, texts: list[str]) -> None:
    """Add a text box; several paragraphs are a slide's bullet points."""
    if len(texts) == 1:
        builder.paragraph(texts[0])
    for index, text in enumerate(texts if len(texts) > 1 else []):
        builder.list_item(text, is_first=index == 0)
