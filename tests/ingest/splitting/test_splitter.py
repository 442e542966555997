import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Chunk, Heading, LoadedDocument, PageSpan
from ingest.splitting.splitter import SplitterSettings, split

PIECES = st.sampled_from(
    [
        *(
            "The cat sat. ",
            "今天下雨，",
            "我们回家了。",
            "\n",
            "\n\n",
            "\r\n",
            "# Title\n",
            "- item\n",
            "| a | b |\n",
            "👩‍👩‍👧 ",
        ),
        *("x" * 90, "字" * 70, " " * 50, "Mr. Fox, who ran, ", "...", "\u3000", "\u200b", "a", "！", "\t", "e\u0301"),
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))
SMALL = SplitterSettings(chunk_units=40, overlap_units=10, tiny_units=10, max_units=60)


def document(text: str, headings: tuple[Heading, ...] = (), pages: tuple[PageSpan, ...] = ()) -> LoadedDocument:
    return LoadedDocument(text=text, mime="text/plain", title="t", headings=headings, pages=pages)


def units(text: str) -> float:
    return sum(1 if "\u2e80" <= c <= "\uffef" or c >= "\U0001f000" else 0.25 for c in text)


def check_exact(text: str, chunks: list[Chunk]) -> None:
    covered = [False] * len(text)
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text and chunk.text == chunk.text.strip()
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    assert all(covered[i] for i, c in enumerate(text) if not c.isspace())
    assert [c.start for c in chunks] == sorted({c.start for c in chunks})


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data())
def test_offsets_are_exact_nothing_is_lost_and_no_chunk_is_too_large(text: str, data: st.DataObject) -> None:
    text = "".join(c for c in text if not "\ud800" <= c <= "\udfff")
    starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
    chosen = data.draw(st.lists(st.sampled_from(starts), unique=True, max_size=5).map(sorted))
    headings = tuple(Heading(1 + i % 3, f"h{i}", s) for i, s in enumerate(chosen) if s < len(text))
    chunks = split(document(text, headings), SMALL)
    check_exact(text, chunks)
    assert all(units(c.text) <= SMALL.max_units for c in chunks)


def test_the_same_document_gives_the_same_chunks() -> None:
    text = "今天下雨。We stay in. " * 200
    assert split(document(text)) == split(document(text))


@pytest.mark.parametrize(
    "sentence", ["The river rose by two metres in a night. ", "这条河一夜之间上涨了两米，淹没了村庄。"]
)
def test_chunks_end_at_sentences_and_overlap_by_whole_ones(sentence: str) -> None:
    text = sentence * 100
    chunks = split(document(text))
    assert len(chunks) > 5
    for before, after in pairwise(chunks):
        assert before.text.endswith((".", "。"))
        assert after.start < before.end  # they overlap
        assert (after.start % len(sentence)) == 0  # by whole sentences


def test_english_and_chinese_chunks_take_about_the_same_room_in_an_embedder() -> None:
    english = split(document("A short sentence about the weather today. " * 100))[2]
    chinese = split(document("这是一个关于今天天气的简短句子，仅供测试。" * 100))[2]
    assert 0.7 < units(english.text) / units(chinese.text) < 1.4


def test_an_overlong_sentence_is_cut_at_commas_before_white_space_before_characters() -> None:
    commas = split(document("我们走了很远很远的路，" * 100), SMALL)
    spaces = split(document("word " * 500), SMALL)
    characters = split(document("字" * 500), SMALL)
    assert all(c.text.endswith("，") for c in commas)
    assert all(set(c.text.split()) == {"word"} for c in spaces)
    assert all(30 <= len(c.text) <= 40 for c in characters[:-1])


def test_a_cut_does_not_tear_a_joined_emoji_or_an_accent_apart() -> None:
    chunks = split(document("👩‍👩‍👧" * 200), SMALL)
    assert len(chunks) > 3
    assert all(not c.text.startswith(("\u200d", "\ufe0f")) and not c.text.endswith("\u200d") for c in chunks)


def headed(*sections: tuple[int, str, str]) -> LoadedDocument:
    text, headings = "", []
    for level, title, body in sections:
        headings.append(Heading(level, title, len(text)))
        text += f"{title}\n\n{body}\n\n"
    return document(text, tuple(headings))


LONG = "This section has something to say about its subject. " * 8


def test_a_heading_opens_a_chunk_and_names_it() -> None:
    doc = headed((1, "Engine", LONG), (2, "Oil", LONG), (1, "Brakes", LONG))
    chunks = split(doc)
    assert [c.text.split("\n")[0] for c in chunks] == ["Engine", "Oil", "Brakes"]
    assert [c.heading_path for c in chunks] == [("Engine",), ("Engine", "Oil"), ("Brakes",)]


def test_a_heading_is_never_the_last_line_of_a_chunk() -> None:
    doc = headed((1, "A", "Tiny."), (2, "B", LONG * 3), (2, "C", "Tiny."), (2, "D", ""), (3, "E", LONG * 2))
    for chunk in split(doc):
        assert chunk.text.split("\n")[-1] not in {"A", "B", "C", "D", "E"}


def test_tiny_sections_are_merged_and_take_the_path_of_the_larger_part() -> None:
    doc = headed((1, "Title", ""), (2, "Intro", "Short."), (2, "Body", LONG))
    (chunk,) = split(doc)
    assert chunk.heading_path == ("Title", "Body")


def test_the_page_of_a_chunk_is_the_one_it_starts_on() -> None:
    first, second = LONG.strip(), LONG.strip()
    text = f"{first}\n\n{second}"
    pages = (PageSpan(1, 0, len(first)), PageSpan(2, len(first) + 2, len(text)))
    chunks = split(document(text, pages=pages), SMALL)
    assert {c.page for c in chunks} == {1, 2}
    assert all(c.page == (1 if c.start < len(first) + 2 else 2) for c in chunks)
    assert split(document("no pages"))[0].page is None


@pytest.mark.parametrize("unit", ["a", "字", "👩‍👩‍👧", "a\n\n", "\u0301", "a." + " " * 1000])
def test_megabytes_without_a_place_to_cut_take_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    chunks = split(document(text))
    assert time.perf_counter() - started < 15.0
    assert chunks and max(units(c.text) for c in chunks) <= SplitterSettings().max_units


@pytest.mark.parametrize(
    "bad", [{"chunk_units": 1}, {"overlap_units": 150}, {"overlap_units": -1}, {"tiny_units": 999}, {"max_units": 10}]
)
def test_sizes_that_cannot_be_met_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        SplitterSettings(**bad)
