"""Signs by which the gate tells questions that stand alone from others, and the verdicts that they lead to."""

import pytest

from rag_app.followups.conversation import Turn
from rag_app.followups.gate import judge, named_signs

OTHER = (Turn("How do I reset my password?", "Click on the link on the login page."),)
OTHER_ZH = (Turn("年假一共有几天？", "工作满一年的员工有十天年假。"),)


@pytest.mark.parametrize(
    "question",
    [
        "how do i list open ports on ubuntu", "what is a symbolic link", "who wrote the grapes of wrath",
        "is botswana a landlocked country", "What is a merge join?",
        "Who felt that Criminal Minds had confusing characters?", "Iceland's most common cheese is what?",
    ],
)
def test_short_and_lower_case_questions_stand_alone(question: str) -> None:
    assert not judge(question, OTHER).dependent


@pytest.mark.parametrize(
    "question",
    ["how long is it valid", "and if i have none", "what are the main steps", "Why does that matter?", "Who sends it?",
     "for how many days", "What are the disadvantages?"],
)
def test_lower_case_follow_ups_are_found(question: str) -> None:
    assert judge(question, OTHER).dependent


@pytest.mark.parametrize("question", ["什么是分布式锁？", "MySQL 支持哪些事务隔离级别？", "磷化铟是怎么合成的？"])
def test_chinese_questions_that_stand_alone(question: str) -> None:
    assert not judge(question, OTHER_ZH).dependent


@pytest.mark.parametrize(
    "question", ["那病假呢，一年几天？", "那跟病假相比有什么不同？", "那跟病假相比有什麼不同？", "超过了呢？"],
)
def test_chinese_follow_ups_are_found(question: str) -> None:
    assert judge(question, OTHER_ZH).dependent


@pytest.mark.parametrize("question", ["Does it snow often in Reykjavik?", "Is it possible to pay by card?"])
def test_a_question_asks_although_its_first_words_point_at_nothing(question: str) -> None:
    signs = named_signs(question, OTHER)
    assert not {"no question word", "no verb", "pronoun"} & set(signs)


@pytest.mark.parametrize(
    ("asked_back", "message", "dependent"),
    [
        ("Which city?", "Berlin", True), ("请问是在哪个城市？", "北京", True), ("In Berlin.", "Who wrote Emma?", False),
        ("Which city?", "Who wrote Emma?", False), ("请问是在哪个城市？", "MySQL 支持哪些事务隔离级别", False),
        ("Which city?", "thanks", False),
    ],
)
def test_a_reply_to_what_was_asked_back_depends_on_it(asked_back: str, message: str, dependent: bool) -> None:
    turns = (Turn("Where do I register a company?", asked_back),)
    assert (judge(message, turns).probability == 1) is dependent


def test_without_capitals_names_cannot_be_seen() -> None:
    assert "names cannot be seen" in named_signs("who painted guernica", OTHER)
    assert "names cannot be seen" not in named_signs("Who painted murals?", OTHER)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What do files hold?", "bare plural"), ("What is a catalyst?", "special"), ("What is a file?", "indefinite"),
        ("Why is the file missing?", "definite"), ("How does insulin work?", "special"),
    ],
)
def test_how_the_subject_is_introduced(question: str, kind: str) -> None:
    assert f"subject {kind}, no pronoun" in named_signs(question, OTHER)


def test_what_is_asked_for_is_not_the_subject() -> None:
    assert "subject definite, no pronoun" in named_signs("Which formats does the importer read?", OTHER)


def test_a_question_without_a_noun_has_no_subject() -> None:
    assert "no subject" in named_signs("how long?", OTHER)


def test_traditional_and_simplified_questions_have_the_same_signs() -> None:
    simplified, traditional = "这和蓝绿部署相比有什么缺点？", "這和藍綠部署相比有什麼缺點？"
    turns = (Turn("金絲雀部署適合什麼情況？", "適合小流量驗證。"),)
    assert named_signs(simplified, turns) == named_signs(traditional, turns)
