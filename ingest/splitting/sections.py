"""In which section of a document a place lies, by the document's headings."""

from bisect import bisect_right
from collections.abc import Sequence

from ingest.documents import Heading


def section_paths(headings: Sequence[Heading]) -> list[tuple[str, ...]]:
    """Return the heading path of each section; section 0 is what stands before the first heading."""
    paths: list[tuple[str, ...]] = [()]
    open_headings: list[Heading] = []
    for heading in headings:
        while open_headings and open_headings[-1].level >= heading.level:
            open_headings.pop()
        open_headings.append(heading)
        paths.append(tuple(h.title for h in open_headings))
    return paths


def section_at(headings: Sequence[Heading], offset: int) -> tuple[str, ...]:
    """Return the titles of the headings that a place stands under, outermost first.

    Args:
        headings: a document's, in the order of its text.
        offset: a character of that text; one of a heading's own line stands under it.
    """
    return section_paths(headings)[bisect_right([h.start for h in headings], offset)]
