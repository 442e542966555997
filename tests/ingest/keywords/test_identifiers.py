from hypothesis import given
from hypothesis import strategies as st

from ingest.keywords.identifiers import MAX_TOKEN, identifiers


def same(one: str, other: str) -> bool:
    return bool(set(identifiers(one)) & set(identifiers(other)))


def test_a_separator_beside_a_letter_may_be_left_out() -> None:
    assert set(identifiers("e-1024")) == {"e1024"}
    assert set(identifiers("max_flow_rate")) == {"maxflowrate"}


def test_a_separator_between_digits_counts() -> None:
    assert not same("2.3.1", "23.1")
    assert not same("192.168.0.1", "192.16.80.1")


def test_the_v_of_a_version_is_no_part_of_it() -> None:
    assert same("v2.3.1", "version 2.3.1")


def test_the_parts_of_paths_and_dotted_names_are_found() -> None:
    assert same("/etc/nginx/nginx.conf", "nginx.conf")
    assert same(r"c:\users\max_flow.txt", "max_flow")
    assert same("https://example.com/docs/foo_bar.html", "foo_bar.html")
    assert same("max@mail.example.org", "mail.example.org")


def test_numbers_are_found_with_and_without_gaps() -> None:
    assert {"4008208820"} <= set(identifiers("400-820-8820"))
    assert {"4008208820"} <= set(identifiers("call 400 820 8820 now"))
    assert {"5551234567"} <= set(identifiers("(555) 123-4567"))
    assert {"20240501"} <= set(identifiers("on 2024-05-01 12,500 paid"))
    assert {"12500"} <= set(identifiers("on 2024-05-01 12,500 paid"))


def test_plain_text_has_none() -> None:
    assert not list(identifiers("no such thing here, at all. 12 34"))


def test_long_names_are_left_out_but_not_their_parts() -> None:
    assert set(identifiers("/".join(["a" * 60, "b" * 60, "c_d"]))) == {"cd"}


@given(st.text(alphabet="a1-_./:@\\ ,()+#v中", max_size=200))
def test_tokens_are_never_empty_long_or_split(text: str) -> None:
    for token in identifiers(text):
        assert 0 < len(token) <= MAX_TOKEN
        assert not set(token) & set("-_./:@\\ ,()+#")
