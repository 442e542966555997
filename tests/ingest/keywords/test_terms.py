import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.documents import DocumentRecord
from ingest.keywords.terms import index_identifiers, index_text, query_terms
from ingest.library import Library

TEXTS = {
    "pump": "Pump E-1024 runs firmware v2.3.1; set max_flow_rate in the C++ driver. Cafés like it.",
    "other": "Pump E 2048 runs firmware v23.1 and counts 1024 litres of flow; the max rate is fixed.",
    "chinese": "张三丰教授在北京大学发表了关于机器学习的论文，全文共一百页。",
    "traditional": "圖書館每天早上九點開門，讀者可以借閱五本圖書。",
}


@pytest.fixture
def found(library: Library, commit: Callable[..., DocumentRecord]) -> Callable[[str], list[str]]:
    """Search, and return the sources found, best first."""
    for source, text in TEXTS.items():
        commit(source, text)

    def _found(query: str) -> list[str]:
        ids = [chunk_id for chunk_id, _ in library.search_keywords(query, 10)]
        return [chunk.source for chunk in library.chunks(ids)]

    return _found


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("E-1024", "pump"),
        ("e-1024?", "pump"),
        ("max_flow_rate", "pump"),
        ("v2.3.1", "pump"),
        ("C++", "pump"),
        ("v23.1", "other"),
        ("cafe", "pump"),
        ("ＰＵＭＰ Ｅ－１０２４", "pump"),
        ("what are the drivers?", "pump"),
        ("机器学习", "chinese"),
        ("张三丰是谁？", "chinese"),
        ("北京大学的论文", "chinese"),
        ("圖書館什麼時候開門？", "traditional"),
        ("图书馆什么时候开门？", "traditional"),
        ("機器學習", "chinese"),
        ("E1024", "pump"),
        ("maxFlowRate", "pump"),
        ("version 2.3.1", "pump"),
    ],
)
def test_words_identifiers_and_chinese_are_found(found: Callable[[str], list[str]], query: str, first: str) -> None:
    assert found(query)[0] == first


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'",
        "pump*",
        "NEAR(pump flow)",
        "title : pump",
        "pump AND",
        "(",
        "a OR ^pump",
        "-pump",
        '"pump" "',
        "\0pump",
        "{title}:pump",
    ],
)
def test_no_query_can_be_syntax(found: Callable[[str], list[str]], query: str) -> None:
    assert set(found(query)) <= {"pump", "other"}
    assert bool(found(query)) == ("pump" in query)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet='"*^:(){}+-, NEAROTDtitle泵\0', max_size=40))
def test_whatever_is_asked_is_only_words(library: Library, query: str) -> None:
    assert library.search_keywords(query, 3) == []  # the library is empty; an error of syntax would raise


def test_a_query_without_words_finds_nothing(found: Callable[[str], list[str]]) -> None:
    assert found("") == found(" ?!，。 ") == []


def test_function_words_are_left_out_unless_nothing_is_left() -> None:
    assert query_terms("What is the pump?") == ["pump"]
    assert query_terms("泵是什么") == ["泵"]
    assert query_terms("to be or not to be") == ["to", "be", "or", "not"]


def test_words_that_only_ask_are_left_out() -> None:
    assert query_terms("有没有优惠？") == query_terms("優惠") == ["优惠"]
    assert query_terms("how many pumps?") == ["pumps"]


def test_unknown_chinese_names_are_indexed_in_pairs_too() -> None:
    assert {"图书", "图书馆"} <= set(index_text("图书馆").split())
    assert "魑魁" in index_text("魑魁").split()


def test_identifiers_become_one_token_each() -> None:
    assert index_identifiers("foo_bar and Ｅ－1024, plain") == "foobar e1024"
    assert len(index_identifiers("v2.3.1 (C#) plain").split()) == 2
    assert index_identifiers("no such thing here") == ""


def test_very_long_runs_are_no_words() -> None:
    assert index_text("x" * 5000 + " word") == "word"


def test_a_query_of_any_length_takes_linear_time() -> None:
    started = time.perf_counter()
    assert query_terms("x" * 200_000) == []
    assert query_terms("pump " * 50_000) == ["pump"]
    assert time.perf_counter() - started < 10.0
