import pytest

from rag_app.question.kind import asks_for_list


@pytest.mark.parametrize(
    "question",
    [
        "How do I clean the group with cleaning powder?",
        "I woke up sick this morning, what do I need to do?",
        "In which situations will the company pay for a cab?",
        "What are the steps to descale the machine?",
        "Which documents must I bring?",
        "List the members of the board.",
        "上班时受伤了应该怎么办？",
        "怎么给咖啡机除水垢？",
        "报销需要哪些单据？",
        "如何申请年假？",
    ],
)
def test_steps_and_items(question: str) -> None:
    assert asks_for_list(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do I get?",
        "How long is the warranty?",
        "How high is the deposit?",
        "Who is the safety officer?",
        "What is the deposit?",
        "Which class is booked for trains?",
        "What does the warranty cover?",
        "Is it all right to use vinegar?",
        "When is lunch served?",
        "试用期多长？",
        "公司几号发工资？",
        "安全主管是谁？",
        "可以带宠物吗？",
    ],
)
def test_single_facts(question: str) -> None:
    assert not asks_for_list(question)
