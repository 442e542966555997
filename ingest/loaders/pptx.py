"""PowerPoint: each slide is a page; its title, texts, tables and notes in reading order."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.exc import PythonPptxError

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.package import STUMBLES, check_package

_DEEPEST_GROUP = 20
_ROW = 200_000  # EMU, about half a centimetre: shapes that start this close stand side by side


def load_pptx(data: bytes, stem: str) -> LoadedDocument:
    """Read a presentation: a slide's title is a heading, its shapes follow from top to bottom, its notes come last.

    Raises:
        LoadError: for a damaged file or one that unpacks to more than a gigabyte.
    """
    check_package(data, "a PowerPoint file")
    try:
        slides = pptx.Presentation(io.BytesIO(data))
        builder = DocumentBuilder()
        for number, slide in enumerate(slides.slides, start=1):
            builder.begin_page(number)
            _add_slide(builder, slide)
        stated = (slides.core_properties.title or "").strip()
    except (*STUMBLES, etree.XMLSyntaxError, PythonPptxError) as error:
        raise LoadError(
            f"the PowerPoint file is damaged and cannot be opened ({error})", FailureKind.DAMAGED
        ) from error
    # The templates of PowerPoint bear a title that nobody wrote.
    return builder.build("", "" if stated.lower() == "powerpoint presentation" else stated, fallback=stem)


def _add_slide(builder: DocumentBuilder, slide: Any) -> None:
    title = slide.shapes.title
    if title is not None:
        builder.heading(1, title.text_frame.text)
    shapes = (s for s in _flat(slide.shapes, 0) if title is None or s.shape_id != title.shape_id)
    for shape in sorted(shapes, key=lambda s: ((s.top or 0) // _ROW, s.left or 0)):
        if shape.has_text_frame:
            _add_text(builder, shape)
        elif getattr(shape, "has_table", False) and shape.has_table:
            table = shape.table
            rows = ([cell.text for cell in row.cells] for row in table.rows)
            builder.table(rows, "stated" if table.first_row else "unknown")
        elif getattr(shape, "has_chart", False) and shape.has_chart:
            _add_chart(builder, shape.chart)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        builder.paragraph(slide.notes_slide.notes_text_frame.text)


def _flat(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    """Yield the shapes, those of groups too."""
    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            if depth < _DEEPEST_GROUP:
                yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _add_text(builder: DocumentBuilder, shape: Any) -> None:
    """Add a text box; several paragraphs are a slide's bullet points."""
    texts = [p.text.replace("\v", "\n").strip() for p in shape.text_frame.paragraphs]
    texts = [text for text in texts if text]
    if len(texts) == 1:
        builder.paragraph(texts[0])
    for index, text in enumerate(texts if len(texts) > 1 else []):
        builder.list_item(text, is_first=index == 0)


def _add_chart(builder: DocumentBuilder, chart: Any) -> None:
    """Add a chart's numbers as a table: a row for each category, a column for each series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.paragraph(chart.chart_title.text_frame.text)
    plot = next(iter(chart.plots), None)
    if plot is None:
        return
    series = list(plot.series)
    rows = [["", *(str(s.name or "") for s in series)]]
    for index, category in enumerate(plot.categories):
        values = (s.values[index] if index < len(s.values) else None for s in series)
        rows.append([str(category), *("" if v is None else f"{v:.15g}" for v in values)])
    builder.table(rows, "stated")
