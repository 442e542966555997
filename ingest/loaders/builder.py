"""The text of a document in the making: blocks go in, offsets of headings, rows and pages come out exact."""

from collections.abc import Iterable, Sequence

from ingest.documents import Heading, LoadedDocument, PageSpan
from ingest.loaders.normalise import normalise
from ingest.loaders.tables import HeaderEvidence, table_lines

_BLOCK = "\n\n"


class DocumentBuilder:
    """Collects blocks in reading order: a blank line parts them, a line end the items of a list and rows of a table."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._atomic: list[tuple[int, int]] = []
        self._pages: list[PageSpan] = []
        self._page: tuple[int, int] | None = None  # number and the length before it

    @property
    def headings(self) -> Sequence[Heading]:
        """The headings so far."""
        return self._headings

    def heading(self, level: int, title: str) -> None:
        """Add a heading; level 1 is the highest. One without words is passed over."""
        title = " ".join(normalise(title).split())
        if title:
            self._headings.append(Heading(level, title, self._append(title, _BLOCK)))

    def paragraph(self, text: str) -> None:
        """Add a paragraph, which may have several lines."""
        text = normalise(text).strip()
        if text:
            self._append(text, _BLOCK)

    def list_item(self, text: str, *, is_first: bool) -> None:
        """Add an item of a list, marked `- `."""
        text = normalise(text).strip()
        if text:
            self._append("- " + text, _BLOCK if is_first else "\n")

    def table(self, rows: Iterable[Sequence[str]], header: HeaderEvidence = "unknown") -> None:
        """Add a table; see `table_lines` for how it is written."""
        self.atomic_lines(table_lines(rows, header))

    def atomic_lines(self, lines: Iterable[str]) -> None:
        """Add a block of lines none of which is to be cut."""
        gap = _BLOCK
        for line in lines:
            text = normalise(line).rstrip()
            if text.strip():
                start = self._append(text, gap)
                self._atomic.append((start, self._length))
                gap = "\n"

    def document(self, part: LoadedDocument, *, deeper: int = 0) -> None:
        """Add the text of a whole document with its headings, `deeper` levels lower."""
        if not part.text.strip():
            return
        start = self._append(part.text.rstrip(), _BLOCK)
        end = self._length
        self._headings += [
            Heading(h.level + deeper, h.title, h.start + start) for h in part.headings if h.start + start < end
        ]
        self._atomic += [(a + start, b + start) for a, b in part.atomic_spans]

    def begin_page(self, number: int) -> None:
        """Start a page or slide; the one before ends here."""
        self._end_page()
        self._page = (number, self._length)

    def build(self, mime: str, title: str, warning: str | None = None, *, fallback: str = "") -> LoadedDocument:
        """Return the document; where `title` is blank, its first heading is its title, and else `fallback`."""
        self._end_page()
        title = " ".join(normalise(title).split())
        return LoadedDocument(
            text="".join(self._pieces),
            mime=mime,
            title=title or next((h.title for h in self._headings), fallback),
            pages=tuple(self._pages),
            headings=tuple(self._headings),
            atomic_spans=tuple(self._atomic),
            warning=warning,
        )

    def _append(self, text: str, gap: str) -> int:
        """Add `text` after `gap` and return its offset."""
        if self._length:
            self._pieces.append(gap)
            self._length += len(gap)
        start = self._length
        self._pieces.append(text)
        self._length += len(text)
        return start

    def _end_page(self) -> None:
        if self._page is not None:
            number, before = self._page
            # The blank line before a page's first block belongs to no page.
            start = min(before + len(_BLOCK), self._length) if before else 0
            self._pages.append(PageSpan(number, start, self._length))
            self._page = None
