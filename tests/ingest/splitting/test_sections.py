"""Places and the headings that they stand under."""

import pytest

from ingest.documents import Heading
from ingest.splitting.sections import section_at

HEADINGS = (Heading(1, "One", 5), Heading(2, "One a", 20), Heading(3, "Deep", 30), Heading(1, "Two", 40))


@pytest.mark.parametrize(
    ("offset", "path"),
    [(0, ()), (5, ("One",)), (19, ("One",)), (25, ("One", "One a")), (39, ("One", "One a", "Deep")), (99, ("Two",))],
)
def test_a_place_stands_under_the_headings_that_are_open_there(offset: int, path: tuple[str, ...]) -> None:
    assert section_at(HEADINGS, offset) == path


def test_a_document_without_headings_has_no_sections() -> None:
    assert section_at((), 3) == ()
