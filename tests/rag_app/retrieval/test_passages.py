"""Copies are read once, neighbours in one piece, and every passage is a slice of its document."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import LoadedDocument, StoredChunk
from ingest.splitting.splitter import SplitterSettings, split
from rag_app.retrieval.passages import RankedPassage, passages_of

SENTENCES = [f"Sentence number {n} tells of thing {n * 7}." for n in range(30)]
TEXT = "\n\n".join(" ".join(SENTENCES[i : i + 3]) for i in range(0, 30, 3))


def chunk(text: str, start: int = 0, document: str = "d", headings: tuple[str, ...] = ()) -> StoredChunk:
    return StoredChunk(f"{document}-{start:06d}", document, f"{document}.txt", document, text, start,
                       start + len(text), None, headings)  # fmt: skip


def passages(*chunks: StoredChunk, most: int = 8, longest: int = 1000, text: str = TEXT) -> list[RankedPassage]:
    hits = [(c, 1.0 - 0.01 * i) for i, c in enumerate(chunks)]
    return passages_of(hits, most, longest=longest, between=lambda _, a, b: text[a:b])


def cut(start: int, end: int, **more: tuple[str, ...]) -> StoredChunk:
    return chunk(TEXT[start:end], start, **more)


def test_the_same_words_are_read_once() -> None:
    found = passages(
        chunk("The warranty is two years.", document="a"),
        chunk("THE WARRANTY  IS “TWO YEARS”", document="b"),
        chunk("warranty is two", document="c"),
    )
    assert [p.best.document_id for p in found] == ["a"]


def test_what_differs_in_one_word_is_read_too() -> None:
    said = ["A password has 10 characters.", "A password has 14 characters.", "A password has 1 character.",
            "密码至少10位。", "密码至少14位。", "密码不少于10位。"]  # fmt: skip
    assert [p.text for p in passages(*(chunk(t, document=str(i)) for i, t in enumerate(said)))] == said


def test_neighbours_become_one_passage_at_the_place_of_the_better_one() -> None:
    first, gap = TEXT.index("\n\n"), TEXT.index("\n\n") + 2
    other = chunk("Something else.", document="e")
    found = passages(cut(gap, gap + 90), other, cut(0, first), cut(gap + 60, gap + 120))
    assert [(p.start, p.end) for p in found] == [(0, gap + 120), (0, 15)]
    assert found[0].text == TEXT[: gap + 120]
    assert found[0].best.start == gap and found[0].score == 1.0
    assert [c.start for c in found[0].chunks] == [0, gap, gap + 60]


def test_what_is_apart_in_another_section_or_too_long_stays_apart() -> None:
    assert len(passages(cut(0, 50), cut(60, 110))) == 2
    assert len(passages(cut(0, 50, headings=("A",)), cut(50, 110, headings=("B",)))) == 2
    assert len(passages(cut(0, 50), cut(50, 110), longest=100)) == 2
    assert len(passages(cut(0, 50), cut(50, 110), longest=110)) == 1


def test_no_more_passages_than_asked_and_none_lost_for_a_copy() -> None:
    found = passages(cut(0, 40), cut(10, 30), cut(200, 240), cut(30, 60), cut(400, 440), cut(600, 640), most=3)
    assert [(p.start, p.end) for p in found] == [(0, 60), (200, 240), (400, 440)]


words = st.lists(st.sampled_from(["alpha", "beta", "gamma", "密码", "水壶", "12", ".", "\n\n", "。"]), max_size=150)


@given(words, st.randoms(use_true_random=False), st.integers(1, 5), st.integers(0, 400))
def test_every_passage_is_a_slice_of_the_stored_text(drawn: list[str], random: object, most: int, longest: int) -> None:
    text = " ".join(drawn)
    settings = SplitterSettings(chunk_units=12, overlap_units=4, tiny_units=2, max_units=16)
    chunks = [chunk(c.text, c.start) for c in split(LoadedDocument(text, "text/plain", "t"), settings)]
    random.shuffle(chunks)  # type: ignore[attr-defined]
    found = passages(*chunks, most=most, longest=longest, text=text)
    assert len(found) <= most and bool(found) == bool(chunks)
    for p in found:
        assert text[p.start : p.end] == p.text
        assert len(p.chunks) == 1 or len(p.text) <= longest
    assert sorted((p.score for p in found), reverse=True) == [p.score for p in found]
