"""Data files become examples; evaluation passages never do."""

from __future__ import annotations

import json
import lzma

import pytest

from model.json_lines import DataError, read_lines
from model.training.examples import context_key, for_calibration, held_out, load_examples

CONTEXT = "The library opens at eight. It closes at ten."
ROW = {"context": CONTEXT, "question": "When does it open?", "answers": ["eight"], "answer_start": [21]}


def write(path, *rows):
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)
    return path


def examples(tmp_path, *rows, **options):
    return list(load_examples(write(tmp_path / "train.jsonl", *rows), options.pop("exclude", set()), **options))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.xz"])
def test_plain_and_compressed_files_read_the_same_and_blank_lines_are_skipped(tmp_path, name):
    assert list(read_lines(write(tmp_path / name, ROW, "", {"q": "几点？"}))) == [ROW, {"q": "几点？"}]


@pytest.mark.parametrize("line", ["{oops", "[1]"])
def test_a_broken_line_is_named(tmp_path, line):
    with pytest.raises(DataError, match=r"a\.jsonl, line 2"):
        list(read_lines(write(tmp_path / "a.jsonl", ROW, line)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="absent"):
        list(read_lines(tmp_path / "absent.jsonl"))


def test_an_answer_becomes_its_character_span(tmp_path):
    [example] = examples(tmp_path, ROW | {"lang": "en"})
    [(start, end)] = example.quotes
    assert CONTEXT[start:end] == "eight"
    assert (example.lang, example.source) == ("en", "train.jsonl")


@pytest.mark.parametrize("start", [[3], [-1], [999], [], None])
def test_a_wrong_or_absent_offset_is_found_again(tmp_path, start):
    [example] = examples(tmp_path, ROW | {"answer_start": start})
    assert example.quotes == ((21, 26),)


def test_the_first_answer_that_stands_in_the_context_is_taken(tmp_path):
    [example] = examples(tmp_path, ROW | {"answers": ["noon", " ten. "], "answer_start": []})
    assert [CONTEXT[a:b] for a, b in example.quotes] == ["ten"]


def test_an_answer_that_is_not_in_the_context_gives_no_example(tmp_path):
    assert examples(tmp_path, ROW | {"answers": ["midnight"]}) == []


def test_of_alternatives_one_is_taken_of_needed_answers_all_in_the_order_of_the_text(tmp_path):
    both = ROW | {"answers": ["ten", "eight"], "answer_start": []}
    [one] = examples(tmp_path, both)
    [every] = examples(tmp_path, both | {"all_answers": True})
    assert [CONTEXT[a:b] for a, b in one.quotes] == ["ten"]
    assert [CONTEXT[a:b] for a, b in every.quotes] == ["eight", "ten"]
    assert examples(tmp_path, both | {"all_answers": True, "answers": ["ten", "midnight"]}) == []
    assert len(examples(tmp_path, both | {"answers": ["midnight", "ten"]})) == 1


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Town guide", "Town guide"),
        ("图书馆", "图书馆"),
        (" Guide ", "Guide"),
        ("", ""),
        (None, ""),
        ("4711", ""),
        ("A-1", ""),
    ],
)
def test_a_passage_stands_under_its_title_if_that_is_made_of_words(tmp_path, title, heading):
    [example] = examples(tmp_path, ROW | {"title": title})
    assert example.heading == heading and example.history == ()


def test_an_unanswerable_question_has_no_quotes(tmp_path):
    [example] = examples(tmp_path, ROW | {"is_impossible": True, "answers": [], "answer_start": []})
    assert example.quotes == ()


@pytest.mark.parametrize("change", [{"context": ""}, {"question": None}])
def test_a_row_without_context_or_question_gives_no_example(tmp_path, change):
    assert examples(tmp_path, ROW | change) == []


def test_a_reprint_of_an_evaluation_passage_is_left_out(tmp_path):
    evaluation = write(tmp_path / "dev.jsonl", {"context": CONTEXT.upper().replace(". ", " –\n"), "question": "?"})
    other = ROW | {"context": "The museum opens at eight.", "answer_start": []}
    kept = examples(tmp_path, ROW, other, exclude=held_out([evaluation]))
    assert [e.passage for e in kept] == [other["context"]]


def test_different_passages_have_different_keys():
    assert context_key("图书馆八点开门") != context_key("图书馆九点开门")


def test_contexts_kept_for_calibration_are_never_trained_on(tmp_path):
    rows = [ROW | {"context": f"{CONTEXT} Room {i}."} for i in range(200)]
    trained = {e.passage for e in examples(tmp_path, *rows, calibration_share=0.3)}
    reserved = {r["context"] for r in rows if for_calibration(r["context"], 0.3)}
    assert 30 < len(reserved) < 90
    assert trained == {r["context"] for r in rows} - reserved
