"""Large JSON is cut between members; each part is valid JSON and nothing is lost."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.loaders.errors import LoadError
from ingest.loaders.large import json as large_json
from ingest.loaders.large import text as large_text
from ingest.loaders.large.json import json_in_parts


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_text, "MIN_BYTES", 2000)
    monkeypatch.setattr(large_text, "MAX_BYTES", 6000)
    monkeypatch.setattr(large_json, "_ONE_IN", 4)


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"泵 {n}", "note": 'a "quoted", [odd] {text} \\ ' * (n % 5)} for n in range(count)]


def pieces(data: bytes) -> list[bytes]:
    members = list(json_in_parts(data, "a.json"))
    found = [member.read() for member in members]
    assert [member.size for member in members] == [len(piece) for piece in found]
    return found


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_list_is_cut_between_its_records(indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(records(500), indent=indent, ensure_ascii=ascii_only)
    found = pieces(text.encode())
    assert len(found) > 5 and max(map(len, found)) <= 6002
    assert [record for piece in found for record in json.loads(piece)] == records(500)


def test_what_is_around_the_records_stays_around_them() -> None:
    whole = {"type": "FeatureCollection", "meta": {"year": 2024}, "features": records(500), "end": True}
    found = [json.loads(piece) for piece in pieces(b"\xef\xbb\xbf \n" + json.dumps(whole).encode() + b"\n")]
    assert found[0] == {"type": "FeatureCollection", "meta": {"year": 2024}} and found[-1] == {"end": True}
    assert all(list(piece) == ["features"] for piece in found[1:-1]) and len(found) > 5
    assert [record for piece in found[1:-1] for record in piece["features"]] == records(500)


def test_an_edit_changes_only_the_parts_around_it() -> None:
    before = pieces(json.dumps(records(2000)).encode())
    after = pieces(json.dumps([*records(900), {"new": 1}, *records(2000)[900:]]).encode())
    assert len(before) > 20 and len(set(after) - set(before)) <= 3


VALUES = st.recursive(
    st.one_of(st.text(max_size=60), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=8), st.dictionaries(st.text(max_size=9), inner, max_size=8)),
    max_leaves=80,
)


def scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [s for v in value.values() for s in scalars(v)]
    if isinstance(value, list):
        return [s for v in value for s in scalars(v)]
    return [value]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(VALUES, max_size=9), st.sampled_from([None, 1]), st.integers(8, 400))
def test_no_value_is_lost_whatever_the_size_of_a_part(values: list[Any], indent: int | None, most: int) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_text, "MIN_BYTES", most // 2)
        patch.setattr(large_text, "MAX_BYTES", most)
        try:
            found = [json.loads(piece) for piece in pieces(data)]
        except LoadError as error:  # a string, or its name, that no part could hold
            assert "larger than" in str(error) or "not valid JSON" in str(error)
            assert max(map(len, json.dumps(values, indent=indent, ensure_ascii=False).split('"'))) * 8 > most
            return
    assert [s for piece in found for s in scalars(piece)] == scalars(json.loads(data))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text[:-100], "damaged"),
        (lambda text: text.replace('"id": 300', '"id" 300'), "damaged"),
        (lambda text: text.replace('}, {"id": 300', '} {"id": 300'), "damaged"),
        (lambda text: text + "\n[1]", "JSON lines"),
        (lambda text: f'["{"x" * 9000}"]', "larger than"),
        (lambda text: '"' + "x" * 9000, "damaged"),
        (lambda text: "[" * 9000, "deep"),
        (lambda text: text.encode("utf-16").decode("latin-1"), "UTF-8"),
    ],
)
def test_what_is_not_json_is_an_error_that_says_so(damage: Any, reason: str) -> None:
    data = damage(json.dumps(records(500)))
    with pytest.raises(LoadError, match=reason):
        pieces(data.encode("latin-1" if "\xff" in data[:2] else "utf-8"))
