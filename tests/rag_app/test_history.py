import pytest
from langchain_core.messages import AIMessage, HumanMessage

from rag_app.history import depends_on_history, standalone_question


@pytest.mark.parametrize(
    "question",
    [
        "What about Suzhou?",
        "And on weekends?",
        "How long does it last?",
        "Who approves them?",
        "那苏州呢？",
        "它多少钱？",
        "为什么呢？",
        "周末也是吗？",
    ],
)
def test_questions_that_lean_on_the_conversation(question: str) -> None:
    assert depends_on_history(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many days of paid leave do employees in Hamburg get?",
        "Why does the Lumo 2 show error code E14 when it heats?",
        "Is there a limit on hotel costs for business trips to China?",
        "苏州办公室的员工每年有多少天年假？",
        "出差住宿费超过标准时由谁来审批？",
    ],
)
def test_questions_that_stand_alone(question: str) -> None:
    assert not depends_on_history(question)


def test_a_standalone_question_is_never_changed() -> None:
    history = [HumanMessage("How do I descale the machine?"), AIMessage("…")]
    question = "How many days of paid leave do employees in Hamburg get?"
    assert standalone_question(question, history) == question


def test_a_follow_up_takes_in_the_question_before_it() -> None:
    history = [HumanMessage("How many days of leave do employees in Hamburg get?"), AIMessage("30 days")]
    assert standalone_question("What about Suzhou?", history) == (
        "How many days of leave do employees in Hamburg get? What about Suzhou?"
    )


def test_a_chain_of_follow_ups_reaches_back_to_its_subject() -> None:
    history = [
        HumanMessage("年假怎么申请？需要提前多少天提交给部门经理？"),
        AIMessage("…"),
        HumanMessage("那病假呢？"),
        AIMessage("…"),
    ]
    found = standalone_question("它要医院证明吗？", history)
    assert found.startswith("年假怎么申请") and found.endswith("它要医院证明吗？")


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert standalone_question("What about it?", []) == "What about it?"
