"""Questions about this program itself: "What can you do?", "你是谁？", "help". No document answers them."""

from __future__ import annotations

import re

from ingest.han import simplified
from rag_app.greeting import without_greeting

# A whole message, never its beginning: "What can you do with a lost receipt?" and "help with the boiler" are for the
# documents, and so is "How does it work?", which goes on with a conversation.
_THIS = r"this (?:app|application|tool|chat|chat ?bot|bot|assistant|page|website)"
_ENGLISH = re.compile(
    r"(?:please |can you |could you |i need )?help(?: me)?(?: please)?|/help|who are you|what are you|"
    r"what(?:'s|’s| is) your name|(?:please )?introduce yourself|tell me (?:something )?about yourself|"
    r"are you (?:an? )?(?:ai|robot|bot|human|person|machine|chat ?bot|chat ?gpt|gpt|llm)|"
    r"what (?:can|do) you do(?: for (?:me|us))?|what are you (?:able to do|for|good (?:at|for))|"
    r"what can (?:i|we) (?:ask|do)(?: you)?(?: here)?|what (?:kinds? of )?questions can (?:i|we) ask(?: you)?|"
    r"how (?:can|could) you help(?: (?:me|us))?|what can you help (?:me |us )?with|how do you work|"
    rf"how (?:do|can|should) (?:i|we) use (?:you|{_THIS})|how does {_THIS} work|"
    rf"what (?:is|does|can) {_THIS}(?: (?:for|do|about))?",
    re.IGNORECASE,
)
_CHINESE_THIS = r"这个?(?:应用|程序|工具|助手|机器人|网页|页面)"
_CHINESE = re.compile(
    r"请?(?:帮助|帮帮我|帮我|帮帮忙|求助)|我(?:需要|要)帮助|[你您](?:到底|究竟)?是(?:谁|什么|做什么的|干什么的|干嘛的)|"
    r"[你您]叫什么(?:名字)?|[你您]是(?:人|真人|机器人|人工智能|AI|ChatGPT|GPT)吗|"
    r"[你您](?:都|还)?(?:能|可以|会)(?:帮我|为我)?(?:做|干|回答)(?:些|点)?(?:什么|啥|哪些事|哪些问题)|"
    r"[你您](?:能|可以)(?:怎么|怎样|如何)帮助?我|[你您]会些?什么|[你您]有(?:什么|哪些)功能|[你您]有什么用|"
    r"我(?:能|可以)问[你您]?些?(?:什么|啥|哪些问题)|请?(?:自我介绍|介绍一下[你您]?自己)(?:一下)?|"
    r"[你您](?:怎么|如何)(?:用|使用|工作)|(?:怎么|如何)(?:用|使用)[你您]|"
    rf"{_CHINESE_THIS}(?:是什么|是做什么的|是干什么的|有什么用|有(?:什么|哪些)功能|(?:怎么|如何)(?:用|使用)|能[做干]些?什么)",
    re.IGNORECASE,
)
_AROUND = re.compile(r"^[\s,，]+|^(?:请问|那么?|嗯)[，, ]*|(?:呢|呀|啊|哪|哦|吧)$|[\s?？!！。.…~～]+$")
_LONGEST = 60  # characters


def asks_about_program(message: str) -> bool:
    """Whether a message asks what this program is, does or how it is used, and nothing else; a greeting may lead."""
    text = without_greeting(message.strip())
    if len(text) > _LONGEST:
        return False
    text = simplified(text)
    before = ""
    while before != text:
        before, text = text, _AROUND.sub("", text)
    return bool(_ENGLISH.fullmatch(text) or _CHINESE.fullmatch(text))
