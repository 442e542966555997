import pytest

from rag_app.question.greeting import without_greeting


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Thanks! What is the access code?", "What is the access code?"),
        ("Hi there, ok, thank you very much. And for guests?", "And for guests?"),
        ("你好，请问保修期多久？", "请问保修期多久？"),
        ("好的，谢谢！那苏州呢？", "那苏州呢？"),
    ],
)
def test_a_greeting_before_a_question_is_dropped(message: str, question: str) -> None:
    assert without_greeting(message) == question


@pytest.mark.parametrize(
    "message",
    [
        "What does hi, mean?",
        "Hello, world: which file prints it?",
        "Thanks",
        "hi!",
        "谢谢！",
        "OK button colour?",
        "好的方案有哪些？",
        "Thanksgiving, is it a holiday?",
        "Hierarchy, what is it?",
        "",
    ],
)
def test_nothing_else_is_touched(message: str) -> None:
    assert without_greeting(message) == message
