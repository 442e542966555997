import io
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches

from ingest.documents import LoadedDocument
from ingest.loaders import parts_of
from ingest.loaders.errors import LoadError
from ingest.loaders.pptx import load_pptx

MATHS = "http://schemas.openxmlformats.org/officeDocument/2006/math"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"


@pytest.fixture
def slides() -> bytes:
    presentation = pptx.Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[1])
    first.shapes.title.text = "季度报告"
    first.placeholders[1].text = "First point\nSecond point"
    first.notes_slide.notes_text_frame.text = "Say hello."
    second = presentation.slides.add_slide(presentation.slide_layouts[6])
    low = second.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1))
    low.text_frame.text = "Below."
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = "On top, in a group."
    table = second.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for i, row in enumerate((("City", "Sales"), ("苏州", "15"))):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def test_a_slide_is_a_page_with_title_points_tables_and_notes(slides: bytes) -> None:
    document = load_pptx(slides, "stem")
    first, second = (document.text[p.start : p.end] for p in document.pages)
    assert [p.number for p in document.pages] == [1, 2]
    assert first == "季度报告\n\n- First point\n- Second point\n\nSay hello."
    assert second == "On top, in a group.\n\nCity: 苏州; Sales: 15\n\nBelow."
    assert [(h.level, h.title) for h in document.headings] == [(1, "季度报告")]
    assert document.title == "季度报告"


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_presentation_is_refused(slides: bytes, share: float) -> None:
    with pytest.raises(LoadError, match="damaged"):
        load_pptx(slides[: int(len(slides) * share)], "s")


def saved(presentation: pptx.presentation.Presentation) -> bytes:
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def chart_data() -> CategoryChartData:
    data = CategoryChartData()
    data.categories = ["Kiel", "苏州"]
    data.add_series("2025", (1, 2.5))
    data.add_series("2026", (3, None))
    return data


@pytest.fixture
def slide() -> pptx.slide.Slide:
    presentation = pptx.Presentation()
    made = presentation.slides.add_slide(presentation.slide_layouts[6])
    made.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1)).text_frame.text = "Below."
    return made


def load_of(slide: pptx.slide.Slide) -> LoadedDocument:
    return load_pptx(saved(slide.part.package.presentation_part.presentation), "s")


def add_shapes(slide: pptx.slide.Slide, xml: str) -> None:
    slide.shapes._spTree.append(
        parse_xml(
            f'<p:x xmlns:m="{MATHS}" xmlns:mc="{COMPATIBILITY}" xmlns:a14="{MATHS}/a14" '
            f"{nsdecls('p', 'a', 'r')}>{xml}</p:x>"
        )[0]
    )


@pytest.mark.parametrize("kind", [XL_CHART_TYPE.THREE_D_COLUMN, XL_CHART_TYPE.COLUMN_CLUSTERED])
def test_a_chart_is_its_title_and_a_table_in_three_dimensions_too(slide: pptx.slide.Slide, kind: XL_CHART_TYPE) -> None:
    shapes: Any = slide.shapes  # python-pptx's own types are not right here
    frame = shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(3), Inches(3), chart_data())
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Sales"
    if kind == XL_CHART_TYPE.THREE_D_COLUMN:  # which python-pptx does not write
        for plot in frame.chart._chartSpace.iter("{http://schemas.openxmlformats.org/drawingml/2006/chart}barChart"):
            plot.tag = plot.tag.replace("barChart", "bar3DChart")
    document = load_of(slide)
    assert document.text == "Sales\n\nKiel; 2025: 1; 2026: 3\n苏州; 2025: 2.5\n\nBelow."
    assert document.warning is None


def test_a_shape_that_cannot_be_read_costs_that_shape_only(slide: pptx.slide.Slide) -> None:
    shapes: Any = slide.shapes  # python-pptx's own types are not right here
    frame = shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(1), Inches(3), Inches(3), chart_data())
    slide.part.drop_rel(frame._element.chart_rId)
    add_shapes(slide, '<p:sp><p:nvSpPr><p:cNvPr id="90" name="odd"/></p:nvSpPr></p:sp>')
    document = load_of(slide)
    assert document.text == "Below."
    assert document.warning == "a part of slide 1 could not be read"


def test_a_shape_of_no_known_kind_is_read(slide: pptx.slide.Slide) -> None:
    add_shapes(
        slide,
        '<p:sp><p:nvSpPr><p:cNvPr id="90" name="odd"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>'
        "<a:p><a:r><a:t>Odd.</a:t></a:r></a:p></p:txBody></p:sp>",
    )
    assert load_of(slide).text == "Odd.\n\nBelow."


def test_an_equation_is_read_from_the_alternative_that_holds_it(slide: pptx.slide.Slide) -> None:
    squared = "<m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="91" name="x"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody>'
        f"<a:bodyPr/><a:p><a:r><a:t>E = m</a:t></a:r><a14:m><m:oMath>{squared}</m:oMath></a14:m></a:p>"
        "</p:txBody></p:sp>"
    )
    add_shapes(
        slide,
        f"<mc:AlternateContent><mc:Choice Requires='a14'>{shape}</mc:Choice>"
        f"<mc:Fallback>{shape.replace('E = m', 'Never')}</mc:Fallback></mc:AlternateContent>",
    )
    assert load_of(slide).text == "E = mc^2\n\nBelow."


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [
        (".ppsx", "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"),
        (".potx", "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml"),
        (".pptm", "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
        (".ppsm", "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml"),
        (".potm", "application/vnd.ms-powerpoint.template.macroEnabled.main+xml"),
    ],
)
def test_slide_shows_templates_and_files_with_macros_are_read(
    slide: pptx.slide.Slide, extension: str, content_type: str
) -> None:
    part = slide.part.package.presentation_part
    part._content_type = content_type
    (loaded,) = parts_of(f"a{extension}", saved(part.presentation))
    assert loaded.load().text == "Below."
