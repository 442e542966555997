import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.catalogue.document_language import document_language
from model.text.language import language_of


@given(st.text(alphabet="ab 中文字,.1", min_size=1).filter(str.strip))
def test_the_rule_is_that_of_the_questions(text: str) -> None:
    assert document_language(text) == language_of(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [("A kettle.", "en"), ("一把水壶。", "zh"), ("请在 Settings 里打开蓝牙", "zh"), ("", ""), (" \n", "")],
)
def test_a_document_is_in_the_language_of_most_of_it(text: str, language: str) -> None:
    assert document_language(text) == language
