import json

import pytest

from ingest.loaders.errors import LoadError
from ingest.loaders.json import load_json, load_jsonl

COMPANY = {
    "company": "威朔",
    "cities": ["Hamburg", "Suzhou"],
    "address": {"city": "Hamburg", "zip": 20539},
    "products": [{"name": "A", "price": 1.1, "maker": {"city": "X"}}, {"name": "B", "sold": False, "note": None}],
    "about": "A long text.\nWith lines.",
}


def test_objects_are_sections_and_lists_of_objects_records() -> None:
    document = load_json(json.dumps(COMPANY).encode(), "stem")
    assert document.text.split("\n\n") == [
        "company: 威朔\ncities: Hamburg, Suzhou", "address", "city: Hamburg\nzip: 20539",
        "products", "name: A; price: 1.1; maker.city: X\nname: B; sold: false", "about", "A long text.\nWith lines.",
    ]  # fmt: skip
    assert [h.title for h in document.headings] == ["address", "products", "about"]


def test_figures_stay_as_they_are_written() -> None:
    text = b'{"price": 1.10, "id": 123456789012345678901234567890, "big": 1e999}'
    assert load_json(text, "s").text == "price: 1.10\nid: 123456789012345678901234567890\nbig: 1e999"


def test_a_lone_surrogate_is_left_out() -> None:
    assert load_json(b'{"a": "x\\ud800y"}', "s").text == "a: xy"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "nest"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "nest"),
        (b'{"a": ', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
    ],
)
def test_what_is_no_json_or_nests_too_deep_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        load_json(data, "s")


def test_each_line_is_a_record_and_bad_lines_are_named() -> None:
    document = load_jsonl(b'{"q": "x", "n": 1}\n\nbroken\n{"q": "y"}\n', "s")
    assert document.text == "q: x; n: 1\nq: y"
    assert document.warning == "1 lines are not JSON and were not read: 3"
    with pytest.raises(LoadError, match="none of its lines"):
        load_jsonl(b"just\nwords\n", "s")
