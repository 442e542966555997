import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.reader.agreement import same_answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two days", "2 days in advance"),
        ("Martin Keller", "martin keller."),
        ("the blue door", "Blue door"),
        ("€1,500", "1500 euros"),
        ("twenty-five days", "25 days"),
        ("within 30 days", "30 days after the end of the trip"),
        ("31 March of the following year", "31 March of the next year"),
        ("up to 350 euros", "350 euros"),
        ("30天", "三十天内"),
        ("不超过350元", "350元"),
        ("13 天", "婚假13天"),
        ("１２位", "12位"),
    ],
)
def test_the_same_said_in_two_ways(one: str, other: str) -> None:
    assert same_answer(one, other) and same_answer(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("28 days", "30 days"),
        ("3", "13"),
        ("5", "3.5"),
        ("five days", "twenty-five days"),
        ("31 March", "31 May"),
        ("5 Main Street", "5 Oak Street"),
        ("allowed", "not allowed"),
        ("You can park here", "You can't park here"),
        ("Dogs are allowed", "Dogs are never allowed"),
        ("at least 8 characters", "at most 8 characters"),
        ("三天", "十三天"),
        ("1.5 升", "5 升"),
        ("可以携带", "不可以携带"),
        ("至少8位", "不超过8位"),
        ("李建国", "王芳"),
    ],
)
def test_different_answers(one: str, other: str) -> None:
    assert not same_answer(one, other) and not same_answer(other, one)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=40))
def test_every_answer_agrees_with_itself(text: str) -> None:
    assert same_answer(text, text)


@settings(deadline=None)  # the machine may be busy
@given(st.text("ab 不十两3.,-至少", max_size=30), st.text("ab 不十两3.,-至少", max_size=30))
def test_agreement_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert same_answer(one, other) == same_answer(other, one)
