from rag_app.question.limit import MAX_QUESTION_CHARACTERS, QuestionTooLong
from rag_app.ui.error_messages import explain
from rag_app.ui.strings import CHINESE, ENGLISH


def test_a_question_that_is_too_long_is_explained_in_both_languages() -> None:
    error = QuestionTooLong(1800)
    english, chinese = explain(error, ENGLISH), explain(error, CHINESE)
    assert "1,800" in english.advice and f"{MAX_QUESTION_CHARACTERS:,}" in english.advice
    assert english.headline == "That is too long for a question"
    assert "1,800" in chinese.advice and "提问" in chinese.advice
