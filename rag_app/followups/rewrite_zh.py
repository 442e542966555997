"""Chinese follow-up questions made complete: pronouns, "…呢？", bare question words, missing topics.

Only words of the conversation and a few function words are used. A topic is put in front, as Chinese does itself:
"租房押金是多少？" … "什么时候退？" becomes "租房押金什么时候退？". What a pronoun stands for, or which topic is
missing, is found by rule unless the caller knows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from model.language import language_of
from rag_app.followups.conversation import LONGEST_REPLY, Turn
from rag_app.followups.exchange_zh import exchanged
from rag_app.followups.patterns_zh import ITEM, ONLY_MORE, ONLY_WHY, OPENING, REPLACEABLE
from rag_app.followups.pronouns_zh import with_antecedent
from rag_app.followups.topic_zh import joined, noun_phrases, topic

_PLACES = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4}


def rewrite(question: str, turns: Sequence[Turn], meant: Sequence[str] = ()) -> str:
    """`question` complete in itself.

    Args:
        question: it depends on what was said.
        turns: standalone questions with their answers, oldest first, at least one.
        meant: words of the turns that it leaves out or means by pronouns, in its order, where they are known.
    """
    core = OPENING.sub("", question.strip())
    last = turns[-1]
    about = topic(last)
    if language_of(last.question) != "zh":
        return _after_english(core, meant[0] if meant else about)
    if (last.asks_back and len(core) <= LONGEST_REPLY) or ONLY_MORE.match(core):
        return f"{last.question.rstrip('？?。 ')}，{core.rstrip('？?。 ')}？"
    if ONLY_WHY.match(core):
        return _why(last, about)
    return (
        _list_item(core, last, about) or exchanged(core, last, about) or with_antecedent(core, turns, about, meant)
        or joined(max(meant, key=len) if meant else about, core)
    )


def _after_english(core: str, about: str) -> str:
    """The conversation changed its language: only what was talked about is carried over."""
    pointer = REPLACEABLE.search(core)
    if about and pointer and pointer.start() <= 4:
        rest = core[pointer.end():]
        return f"{core[:pointer.start()]}{about} {rest}"
    return f"{about} {core}" if about else core


def _why(last: Turn, about: str) -> str:
    question = last.question.rstrip("？?。 ")
    if re.search(r"[吗嗎]$|能不能|可不可以|会不会|是不是|有没有", question):
        stated = re.sub(r"[吗嗎]$", "", question)
        stated = stated.replace("可不可以", "可以").replace("有没有", "有")
        stated = re.sub(r"([能会是])不\1", r"\1", stated)
        if re.match(r"(不|没|沒|否)|.{0,12}不(能|可以|会|行|得)", last.answer) and not re.search(r"不|没", stated):
            stated = re.sub(r"(可以|能|会|會|是|应该|需要|要)", r"不\1", stated, count=1)
        return f"为什么{stated}？"
    short = last.answer.strip().rstrip("。")
    if 0 < len(short) <= 14 and about:
        return f"为什么{about}{'' if about[-1:] != short[:1] else '是'}{short}？"
    return f"为什么{about or question}？"


def _list_item(core: str, last: Turn, about: str) -> str | None:
    """The item of the last answer's or question's enumeration in the place of "后者", "第二个"."""
    match = ITEM.search(core)
    if match is None or match.start() > 6:
        return None
    items = _listed(last.answer) or _listed(last.question)
    told = match.group(1)
    place = _PLACES.get(match.group(2) or "", -1 if told.startswith(("后", "後", "最后")) else 0)
    if place >= len(items) or not items:
        return None
    put = items[place]
    rest = core[match.end(1):]
    if re.fullmatch(r"的?呢?[？?]*", rest):
        rest = "是什么？" if not about else f"，{last.question}"
    lead = f"{about}，" if about and not re.search(re.escape(put), about) and match.start() == 0 else ""
    return lead + core[:match.start()] + put + rest


def _listed(text: str) -> list[str]:
    for sentence in re.split(r"[。；！？\n]", text):
        parts = [p for p in re.split(r"、|和|与|以及|或者?|还是|，再|，然后|；", sentence) if p.strip()]
        if len(parts) >= 2:
            items = [noun_phrases(p) for p in parts]
            named = [i[-1][0] for i in items if i]
            if len(named) >= 2:
                return named
    return []
