"""From an answer to what is shown of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.embedding.embedder import LocalEmbedder
from ingest.library import Library
from rag_app.answers.answer import Answer, Citation, QuotedAnswer
from rag_app.answers.evidence import Evidence, Piece, evidence_of, pieces, shortened
from rag_app.answers.sentence_window import sentence_around
from tests.rag_app.conftest import add

FILLER = "Nothing of interest is said in this sentence, which only fills the page. "


def text_of(parts: tuple[Piece, ...]) -> str:
    return "".join(f"[{p.text}]" if p.is_quote else p.text for p in parts)


def cite(library: Library, source: str, quote: str, chunk_id: str = "c") -> Citation:
    document = next(d for d in library.documents() if d.source == source)
    text = library.text(document.document_id)
    start = text.index(quote)
    first, last = sentence_around(text, start, start + len(quote))
    return Citation(
        f"/far/away/{source}",
        document.document_id,
        chunk_id,
        start,
        start + len(quote),
        quote,
        2,
        0.5,
        text[first:last],
        first,
        last,
    )


def given(*answers: QuotedAnswer) -> Answer:
    return Answer("?", answers[0].text, True, 0.9, answers)


def only(answer: Answer, library: Library) -> Evidence:
    ((place,),) = [e.places for e in evidence_of(answer, library)]
    return place


@pytest.fixture
def library(tmp_path: Path, embedder: LocalEmbedder) -> Library:
    opened = Library.open(tmp_path, embedder)
    add(opened, "a.txt", FILLER * 20 + "The code is 4711, they say. The bell is red. " + FILLER * 20)
    add(opened, "b.txt", "The code is 4711.")
    return opened


def test_a_place_is_the_quote_in_its_sentence_and_its_surroundings(library: Library) -> None:
    place = only(given(QuotedAnswer("4711", 0.9, (cite(library, "a.txt", "4711"),))), library)
    assert (place.number, place.source_name, place.page) == (1, "a.txt", 2)
    assert text_of(place.sentence) == "The code is [4711], they say."
    around = text_of(place.around)
    assert around.startswith("…") and around.endswith("…") and "[4711]" in around
    assert 600 < len(around) < 900
    assert around[1:].split()[0] in FILLER.split(), "no word is cut"


def test_quotes_of_one_passage_are_one_place(library: Library) -> None:
    near = (cite(library, "a.txt", "red"), cite(library, "a.txt", "4711"))
    assert text_of(only(given(QuotedAnswer("red\n4711", 0.9, near)), library).sentence) == (
        "The code is [4711], they say. The bell is [red]."
    )
    far = (cite(library, "a.txt", "interest"), cite(library, "a.txt", "4711"))
    assert text_of(only(given(QuotedAnswer("…", 0.9, far)), library).sentence) == (
        FILLER.replace("interest", "[interest]").strip() + " … The code is [4711], they say."
    )


def test_places_are_numbered_through_all_answers(library: Library) -> None:
    a, b = cite(library, "a.txt", "4711"), cite(library, "b.txt", "4711")
    red = cite(library, "a.txt", "red")
    answer = given(QuotedAnswer("4711", 0.9, (a,), (b,)), QuotedAnswer("red", 0.8, (red,)))
    first, second = evidence_of(answer, library)
    assert [p.number for p in (*first.places, *first.also_in, *second.places)] == [1, 2, 3]


def test_a_removed_document_still_shows_the_sentence(library: Library) -> None:
    citation = cite(library, "a.txt", "4711")
    library.remove(citation.document_id)
    place = only(given(QuotedAnswer("4711", 0.9, (citation,))), library)
    assert text_of(place.sentence) == "The code is [4711], they say."
    assert place.around == ()


def test_long_sentences_are_shortened_around_the_quotes() -> None:
    text = "before " * 60 + "ONE " + "between " * 60 + "TWO " + "after " * 60
    spans = [(text.index(w), text.index(w) + 3) for w in ("ONE", "TWO")]
    short = text_of(shortened(pieces(text, 0, len(text), spans)))
    assert len(short) < 600
    assert short.startswith("…before before") and short.endswith("after after…")
    assert "before [ONE] between" in short and "between … between" in short and "between [TWO] after" in short


def test_chinese_without_spaces_is_shortened_too() -> None:
    text = "前" * 400 + "答案" + "后" * 400
    assert text_of(shortened(pieces(text, 0, len(text), [(400, 402)]))) == f"…{'前' * 160}[答案]{'后' * 160}…"


def test_short_sentences_and_lists_stay_whole() -> None:
    steps = "Do this:\n" + "".join(f"- step {i}, which takes a while and wants some words\n" for i in range(12))
    for text in ("A short sentence.", steps):
        whole = pieces(text, 0, len(text), [(0, 1)])
        assert shortened(whole) == whole
