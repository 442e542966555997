"""Talk and questions about the program are told from what is for the documents; in doubt it is for them."""

from __future__ import annotations

import pytest

from rag_app.question.messages.kind import LIKELY, MAX_CHARACTERS, SURE, kind_of, probabilities
from rag_app.question.messages.ngrams import MAX_NGRAM, ngrams_of


@pytest.mark.parametrize(
    "message",
    [
        "Thanks a lot!",
        "thank you so much",
        "ok thanks",
        "great, thanks!",
        "Thanks, that answers my question.",
        "hello",
        "Hi there",
        "good morning",
        "bye",
        "got it",
        "ok",
        "never mind",
        "谢谢",
        "好的，谢谢你",
        "谢谢你的帮助！",
        "多谢",
        "你好",
        "早上好",
        "再见",
        "明白了",
        "收到",
        "辛苦了",
    ],
)
def test_thanks_greetings_and_partings_are_talk(message: str) -> None:
    assert kind_of(message) == "talk"


@pytest.mark.parametrize(
    "message",
    [
        "You are amazing",
        "great answer, well done",
        "that was really helpful",
        "回答得真好",
        "太棒了",
        "你真厉害",
        "that is wrong",
        "this is not what I asked",
        "your answer makes no sense",
        "terrible answer",
        "No, that's not right",
        "不对",
        "你答错了",
        "答非所问",
    ],
)
def test_praise_and_complaints_are_talk(message: str) -> None:
    assert kind_of(message) == "talk"


@pytest.mark.parametrize(
    "message",
    [
        "What can you do?",
        "Who are you?",
        "help",
        "HELP!",
        "Hi! What can you do for me?",
        "are you ChatGPT?",
        "What can I ask you?",
        "what’s your name",
        "how do you find answers",
        "can you read PDF files?",
        "你是谁",
        "你是谁？",
        "你能做什么",
        "你会什么呢",
        "怎么用你呢",
        "你支持哪些格式？",
        "你是人工智能吗？",
    ],
)
def test_questions_about_the_program_are_recognised(message: str) -> None:
    assert kind_of(message) == "about"


@pytest.mark.parametrize(
    "message",
    [
        "thanks, and in Suzhou?",
        "hi, how long is the warranty?",
        "Is the garage open? thanks",
        "Do we thank donors in writing?",
        "Who says hello to new employees?",
        "When is Thanksgiving?",
        "What does 'OK' on the display mean?",
        "What happens if I say no?",
        "what is the thank you page?",
        "How are complaints handled?",
        "Who handles praise from customers?",
        "What is the greeting on the phone?",
        "who wrote Goodbye to Berlin?",
        "谢谢，那苏州呢？",
        "感谢信由谁来写？",
        "电话里怎么问候客户？",
        "投诉怎么处理？",
        "好评如何回复？",
        "好的方案有哪些？",
        "你好银行的客服电话是多少？",
    ],
)
def test_questions_with_words_of_talk_are_for_the_documents(message: str) -> None:
    assert kind_of(message) == "documents"
    assert kind_of(message, least=LIKELY) == "documents"


@pytest.mark.parametrize(
    "message",
    [
        "Who are you allowed to invite?",
        "help desk number",
        "Help with the boiler",
        "How does it work?",
        "What is the help desk's extension?",
        "What does the program cost?",
        "what does the help button do?",
        "can you help me find the warranty period?",
        "what can you tell me about the lease?",
        "Who are the owners?",
        "你能做什么来除垢？",
        "帮助台的分机号是多少？",
        "谁是负责人？",
        "你是谁的负责人？",
        "怎么用？",
        "这个机器怎么用？",
    ],
)
def test_questions_with_words_of_the_program_are_for_the_documents(message: str) -> None:
    assert kind_of(message) == "documents"


@pytest.mark.parametrize(
    "message",
    [
        "And for guests?",
        "why?",
        "the second one?",
        "What about dogs?",
        "And on weekends?",
        "yes and the price?",
        "那苏州呢？",
        "为什么呢？",
        "它多少钱？",
        "再详细一点",
    ],
)
def test_short_follow_ups_are_for_the_documents(message: str) -> None:
    assert kind_of(message) == "documents"


@pytest.mark.parametrize("message", ["", " ", "?", "？？", "4711", "ኢትዮጵያ"])
def test_what_says_nothing_known_is_for_the_documents(message: str) -> None:
    assert kind_of(message) == "documents"


@pytest.mark.parametrize("message", ["Thanks a lot! ", "谢谢你！", "help "])
def test_a_long_message_has_a_matter_whatever_it_is_made_of(message: str) -> None:
    assert kind_of(message.strip()) != "documents"
    long = message * (MAX_CHARACTERS // len(message) + 1)
    assert kind_of(long) == kind_of(message * 100_000) == "documents", "and it is judged at once"
    assert kind_of("h" * MAX_CHARACTERS + "i") == "documents"


@pytest.mark.parametrize("message", ["THANKS A LOT!", "  thanks a lot!\n", "Thanks\t a  lot!"])
def test_case_and_spaces_do_not_matter(message: str) -> None:
    assert probabilities(message) == probabilities("thanks a lot!")


@pytest.mark.parametrize(
    "message", ["perfect", "well done!", "怎么添加文档？", "When is the bin emptied?", "谢谢", "help"]
)
def test_the_kind_is_the_likelier_one_if_both_together_are_likely_enough(message: str) -> None:
    talk, about = probabilities(message)
    assert min(talk, about) >= 0 and talk + about <= 1
    for least in (0.0, LIKELY, SURE, 1.1):
        expected = "documents" if talk + about < least else "talk" if talk >= about else "about"
        assert kind_of(message, least=least) == expected
    assert kind_of(message) == kind_of(message, least=SURE)


def test_some_messages_are_likely_but_not_surely_talk() -> None:
    """The documents are asked first for these (chain.py)."""
    assert kind_of("perfect") == "documents" and kind_of("perfect", least=LIKELY) == "talk"


def test_ngrams_are_runs_of_characters_within_words() -> None:
    assert ngrams_of("Ab c") == {"a", "b", "c", " a", "ab", "b ", " c", "c ", " ab", "ab ", " c ", " ab "}
    assert max(map(len, ngrams_of("谢谢你的帮助"))) == MAX_NGRAM
    assert " " not in ngrams_of("谢谢 你")
