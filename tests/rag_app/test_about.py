import pytest

from rag_app.about import asks_about_program


@pytest.mark.parametrize(
    "message",
    [
        "What can you do?", "Who are you?", "help", "HELP!", "Can you help me?", "Hi! What can you do for me?",
        "What is this app?", "How does this chat work?", "are you ChatGPT?", "What can I ask you?", "what’s your name",
        "你是谁", "你是谁？", "你能做什么", "您好，请问您可以做些什么？", "你会什么呢", "帮助", "你有哪些功能？",
        "你是機器人嗎？", "這個應用怎麼用？", "怎么用你呢", "介绍一下你自己吧",
    ],
)
def test_a_question_about_the_program_is_recognised(message: str) -> None:
    assert asks_about_program(message)


@pytest.mark.parametrize(
    "message",
    [
        "What can you do with a lost receipt?", "Who are you allowed to invite?", "help desk number",
        "Help with the boiler", "How does it work?", "What is this app store policy?", "Who are the owners?",
        "What is the help desk's extension?", "What does the program cost?",
        "你能做什么来除垢？", "帮助台的分机号是多少？", "谁是负责人？", "你是谁的负责人？", "怎么用？",
        "这个机器怎么用？", "系统怎么用？", "", "?", "？？", "help " * 5000,
    ],
)
def test_a_question_about_the_documents_is_none(message: str) -> None:
    assert not asks_about_program(message)
