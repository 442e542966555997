from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Heading, LoadedDocument, PageSpan
from ingest.splitting.splitter import SplitterSettings, split
from ingest.splitting.stable_split import keep_boundaries

SETTINGS = SplitterSettings(chunk_units=40, overlap_units=8, tiny_units=10, max_units=60)


def document(text: str) -> LoadedDocument:
    """Lines that begin with # are headings; a form feed begins a page."""
    headings, start = [], 0
    for line in text.split("\n"):
        if line.startswith("#"):
            headings.append(Heading(1, line.strip("# "), start))
        start += len(line) + 1
    return LoadedDocument(text, "text/plain", "t", headings=tuple(headings))


def resplit(old: str, new: str) -> tuple[int, int, int]:
    """Return the numbers of chunks that are new, new to a fresh split, and all, with the usual sizes."""
    before, after = split(document(old)), split(document(new))
    kept = keep_boundaries(old, before, document(new), after)
    known = {(c.heading_path, c.text) for c in before}
    return (
        sum((c.heading_path, c.text) not in known for c in kept),
        sum((c.heading_path, c.text) not in known for c in after),
        len(kept),
    )


SENTENCES = [f"Sentence {n} says {'many ' * (n * 7 % 11)}things about subject {n}." for n in range(600)]


def test_an_edit_in_a_long_text_without_headings_makes_few_new_chunks() -> None:
    inserted = [f"New words number {n} stand here." for n in range(2)]
    for place in (100, 300):
        new, fresh, total = resplit(" ".join(SENTENCES), " ".join([*SENTENCES[:place], *inserted, *SENTENCES[place:]]))
        assert new <= 5 and fresh > 30 and total > 60  # fresh: what it would be without


def test_what_is_added_at_the_end_or_the_beginning_leaves_the_rest() -> None:
    text = " ".join(SENTENCES)
    assert resplit(text, text + " And one more sentence at the end.")[0] <= 5
    assert resplit(text, "A first sentence before all the others. " + text)[0] <= 5
    assert resplit(text, " ".join(SENTENCES[:80] + SENTENCES[95:]))[0] <= 5


def test_chunks_below_a_renamed_heading_get_its_new_name() -> None:
    body = " ".join(SENTENCES[:60])
    old, new = f"# Winter\n\n{body}", f"# Summer time\n\n{body}"
    kept = keep_boundaries(old, split(document(old), SETTINGS), document(new), split(document(new), SETTINGS))
    assert {c.heading_path for c in kept} == {("Summer time",)}


def test_pages_are_those_of_the_new_version() -> None:
    text = " ".join(SENTENCES)
    new = "A new first page. " * 40 + text
    half = len(new) // 2
    paged = LoadedDocument(new, "application/pdf", "t", (PageSpan(1, 0, half), PageSpan(2, half, len(new))))
    kept = keep_boundaries(text, split(document(text), SETTINGS), paged, split(paged, SETTINGS))
    assert all(c.page == (1 if c.start < half else 2) for c in kept)


words = st.sampled_from(["alpha", "beta. ", "gamma ", "水壶。", "\n\n# Head\n\n", "delta; ", "\n", "word " * 9, "😀"])


@given(st.lists(words, max_size=60), st.lists(words, max_size=8), st.integers(0, 60), st.integers(0, 20))
def test_every_character_is_in_a_chunk_and_every_chunk_is_where_it_says(
    old: list[str], inserted: list[str], place: int, deleted: int
) -> None:
    new = "".join([*old[:place], *inserted, *old[place + deleted :]])
    before = "".join(old)
    fresh = split(document(new), SETTINGS)
    kept = keep_boundaries(before, split(document(before), SETTINGS), document(new), fresh)
    covered = set()
    for chunk in kept:
        assert chunk.text == new[chunk.start : chunk.end] and chunk.text.strip() == chunk.text != ""
        covered.update(range(chunk.start, chunk.end))
    assert {n for n, character in enumerate(new) if not character.isspace()} <= covered
    assert [c.start for c in kept] == sorted(c.start for c in kept)
