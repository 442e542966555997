import io

import pptx
import pytest
from pptx.util import Inches

from ingest.loaders.errors import LoadError
from ingest.loaders.pptx import load_pptx


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
