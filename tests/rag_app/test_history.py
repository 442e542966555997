import re

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rag_app.followups.conversation import MOST_TURNS, Turn, turns_of
from rag_app.history import depends_on_history, is_small_talk, standalone_question


def said(*messages: str) -> list[BaseMessage]:
    """Questions and answers in turn."""
    return [AIMessage(m) if i % 2 else HumanMessage(m) for i, m in enumerate(messages)]


LEAVE = said("How many days of leave do employees in Hamburg get?", "30 days")
CHINESE_LEAVE = said("汉堡的员工每年有多少天年假？", "30 天")


@pytest.mark.parametrize(
    "question",
    [
        "What about Suzhou?", "And on weekends?", "How long does it last?", "Who approves them?", "why?",
        "the second one?",
    ],
)
def test_english_questions_that_lean_on_the_conversation(question: str) -> None:
    assert depends_on_history(question, LEAVE)


@pytest.mark.parametrize(
    "question", ["那苏州呢？", "它多少钱？", "为什么呢？", "周末也是吗？", "怎么申请？", "第二个呢？", "再详细一点"]
)
def test_chinese_questions_that_lean_on_the_conversation(question: str) -> None:
    assert depends_on_history(question, CHINESE_LEAVE)


@pytest.mark.parametrize(
    "question",
    [
        "How many days of paid leave do employees in Suzhou get?",
        "Why does the Lumo 2 show error code E14 when it heats?",
        "Is there a limit on hotel costs for business trips to China?",
        "How does Botswana import fuel if it has no coast?",
        "苏州办公室的员工每年有多少天年假？",
        "出差住宿费超过标准时由谁来审批？",
        "TiDB 的本地临时表能不能在会话中途手动把它删掉？",
    ],
)
@pytest.mark.parametrize("history", [LEAVE, CHINESE_LEAVE, []])
def test_a_standalone_question_is_never_changed(question: str, history: list[BaseMessage]) -> None:
    assert standalone_question(question, history) == question


@pytest.mark.parametrize("text", ["ok thanks", "Thank you very much!", "hi", "谢谢", "好的，谢谢你", "你好", "明白了"])
def test_thanks_and_greetings_ask_nothing_and_are_left_alone(text: str) -> None:
    assert is_small_talk(text)
    assert standalone_question(text, LEAVE) == text


@pytest.mark.parametrize("text", ["嗯" * 5000 + "x", "谢谢了" * 5000 + "x", "goodbye" * 5000 + "x", "嗯" * 59 + "x"])
def test_a_message_of_any_length_is_judged_at_once(text: str) -> None:
    assert not is_small_talk(text)  # without bounds, trying all ways to take it apart would never end


@pytest.mark.parametrize(
    "text", ["thanks, and in Suzhou?", "谢谢，那苏州呢？", "hi, how long is the warranty?", "好的方案有哪些？"]
)
def test_a_question_after_thanks_is_a_question(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    ("history", "question", "standalone"),
    [
        (LEAVE, "What about Suzhou?", "How many days of leave do employees in Suzhou get?"),
        (LEAVE, "and in Suzhou?", "How many days of leave do employees in Suzhou get?"),
        (
            said("What is kwashiorkor?", "A severe protein malnutrition."),
            "How is it different from marasmus?", "How is kwashiorkor different from marasmus?",
        ),
        (
            said("Who led the design of the Atari ST?", "The lead designer was Shiraz Shivji."),
            "Had he worked at Commodore before?", "Had Shiraz Shivji worked at Commodore before?",
        ),
        (said("Was PEP 582 accepted?", "No, in 2023."), "why?", "Why wasn't PEP 582 accepted?"),
        (
            said("Which caches are there?", "There is an output cache and a BLOB cache."),
            "How do I flush the latter?", "How do I flush BLOB cache?",
        ),
        (
            said("What's the default encoding in Python 2.7?", "ASCII."),
            "And in 3?", "What's the default encoding in Python 3?",
        ),
        (CHINESE_LEAVE, "那苏州呢？", "苏州的员工每年有多少天年假？"),
        (said("个人可以印出版物吗？", "不可以。"), "名片呢？", "个人可以印名片吗？"),
        (said("租房押金是多少？", "两个月的租金。"), "什么时候退？", "租房押金什么时候退？"),
        (said("谁写了《围城》？", "钱钟书。"), "他还写过什么小说？", "钱钟书还写过什么小说？"),
        (
            said("Git 怎么撤销上一次提交？", "…"),
            "已经推送到远程了呢？", "已经推送到远程了，Git 怎么撤销上一次提交？",
        ),
        (
            said("支持哪些存储卡？", "SD 卡和 CFexpress 卡。"),
            "后者最大支持多少 GB？", "存储卡，CFexpress 卡最大支持多少 GB？",
        ),
    ],
)
def test_a_follow_up_is_completed(history: list[BaseMessage], question: str, standalone: str) -> None:
    assert standalone_question(question, history) == standalone


def test_a_chain_of_follow_ups_reaches_back_to_its_subject() -> None:
    history = said("怎么申请年假？", "在系统里填表。", "需要谁批准？", "部门经理。")
    assert "年假" in standalone_question("要提前几天？", history)


def test_thanks_in_between_do_not_become_the_subject() -> None:
    history = [*LEAVE, HumanMessage("thanks"), AIMessage("The documents do not say.")]
    assert standalone_question("What about Suzhou?", history) == "How many days of leave do employees in Suzhou get?"


def test_the_subject_is_kept_when_the_language_changes() -> None:
    history = said("How long is the warranty of the Lumo 2?", "Two years.")
    assert "Lumo 2" in standalone_question("它的水箱有多大？", history)


@pytest.mark.parametrize(
    ("history", "question"),
    [
        (LEAVE, "Who has to approve it?"), (LEAVE, "How is it requested?"), (CHINESE_LEAVE, "怎么申请？"),
        (LEAVE, "那病假呢？"),
    ],
)
def test_no_word_is_made_up(history: list[BaseMessage], question: str) -> None:
    known = " ".join(m.text for m in history).lower() + question.lower()
    added = re.findall(r"[a-z]{4,}|[\u4e00-\u9fff]", standalone_question(question, history).lower())
    assert [w for w in added if w not in known and w not in {"about", "的"}] == []


@pytest.mark.parametrize(
    "question", ["What about it?", "那呢？", "   ", "?", "？", "呢", "the", "its", "它", "前者", "and"]
)
@pytest.mark.parametrize("history", [[], LEAVE, CHINESE_LEAVE, said("?", ""), said("他", "。"), said("why", "no")])
def test_odd_messages_give_one_line(question: str, history: list[BaseMessage]) -> None:
    found = standalone_question(question, history)
    assert found.strip() or not question.strip()
    assert "\n" not in found


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert standalone_question("What about it?", []) == "What about it?"


def test_only_the_last_turns_are_looked_at() -> None:
    history = said(*(f"question {i}" for i in range(40)))
    assert len(turns_of(history)) == MOST_TURNS
    assert turns_of([SystemMessage("be short"), AIMessage("hello"), *LEAVE]) == [
        Turn("How many days of leave do employees in Hamburg get?", "30 days")
    ]
