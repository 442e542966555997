"""Signs that a Chinese question leans on what was said before, as named numbers 0..1 for the gate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_app.followups.chinese import Word, words
from rag_app.followups.conversation import Turn

_START = re.compile(
    r"^(还有|還有|另外|此外|除此|除了|然后|然後|后来|後來|所以|但是|但|可是|不过|不過|如果|要是|假如|万一|"
    r"而且|而|并且|再|也|具体|具體|又|同样|同樣|反过来|反之|换成|換成|只|就|之后|之後|之前|以前|以后|以後|"
    r"当时|當時|接着|其次|最后|"
    r"最後|前[一两几]|后[一两几]|結果|结果|否则|否則|不然|比如|例如|有没有别|"
    r"还|還|仍|违反|超过|超出|逾期|到期|过期)"
)
_THEN = re.compile(r"^(那么?|那麼)(?![些种種个個边邊里裡年天时時家位本部条條场場])|^(好的?|嗯|哦)[，,]")
_ASKING = re.compile(
    r"怎么|怎麼|怎样|如何|为什么|什么|什麼|哪里|哪个|哪些|哪|谁|誰|多少|多久|多长|几|吗|嗎|呢|可以|需要|"
    r"是否|有没有|[，。？?、\s]"
)
_WHICH_ONE = re.compile(r"哪一?[个個种種些款项項位家][？?]?$|哪一?[个個种種]更")
_ASKS = re.compile(r"[吗嗎呢？?]$|怎|什|啥|谁|誰|哪|几|幾|多|如何|何|是否|是不是|有没有|能不能|吧")
_CLAUSE = 4     # characters of an earlier clause that may hold what a pronoun stands for
_REPEATED = 4   # characters in a row that are no chance repetition
_QUOTED = re.compile(r"《[^》]*》|「[^」]*」|“[^”]*”")
_POINTERS = (
    ("it", re.compile(r"它们?|牠|它們|本身")),
    ("he", re.compile(r"[他她]们?|[他她]們|对方|對方|本人")),
    ("this", re.compile(
        r"[这這][个個些种種次样樣家本部座项項类類款条條位份场場篇句话話几两]?|该|該|此(?!外)|上述|上面|前述|"
        r"刚才|剛才"
    )),
    ("that", re.compile(
        r"那(?:之|以|个|個|些|种|種|次|样|樣|家|本|部|座|项|类|款|条|位|份|场|篇|年|时|時|天|边|邊|里|裡|儿)"
    )),
    ("there", re.compile(r"这里|這裡|那里|那裡|里面|裡面|其中|当地|當地|这儿|那儿")),
    ("item", re.compile(
        r"前者|后者|後者|两者|兩者|二者|其他|其它|其餘|其余|另一|另外|别的|別的|剩下|余下|前[一两几二]|"
        r"后[一两几]|上一|下一|"
        r"第[一二三四五六七八九十两][个個种種步条條项次点點类]?(?=[的呢？?是能会要有在怎什叫做不说，]|$)|"
        r"最后[一]|哪[一]?[个個种]更|一样|相同|同样"
    )),
)
_NO_POINTER = re.compile(r"其他他|应该|應該|因此|此外|彼此|吉他|其他人|他人|其它人|从此|如此|由此|活该|当该")
_QUESTION_WORD = re.compile(
    r"^(怎么|怎麼|怎样|怎樣|如何|为什么|為什麼|为啥|为何|为何|什么|什麼|啥|哪|谁|誰|多|几|幾|何|是否|"
    r"是不是|有没有|有沒有|能不能|可不可以|要不要)"
)
_AUXILIARY = re.compile(
    r"^(能|可以|会|會|要|需要|有|是|没有?|沒有?|不|应|應|得|用|算|最|在|由|被|从|從|对|對|给|給|向|按|到|"
    r"写|找|支持)"
)
_MORE = re.compile(
    r"详细|詳細|具体|具體|多说|展开|說說|说说|举例|舉例|例子|还有(吗|嗎|什么|哪些|别的)|更多|继续|"
    r"為什麼呢|为什么呢|什么意思|讲讲"
)
_DEFINITION = re.compile(
    r"(^什么是|^什麼是|^介绍|是什么|是什麼|是啥|指什么|指的是|定义|定義|什么意思|是谁|是誰|是做什么|"
    r"干什么|有什么用|学名|简称|全称)"
)


def signs(question: str, turns: Sequence[Turn]) -> dict[str, float]:
    """Named signs of one question after some turns."""
    text = question.strip()
    plain = _QUOTED.sub(lambda m: "人" * len(m.group()), text)
    plain = _NO_POINTER.sub(lambda m: "人" * len(m.group()), plain)
    found = [w for w in words(text) if w.flag != "x"]
    nouns = [w for w in found if w.noun]
    names = [w for w in nouns if w.flag in {"name", "nr", "ns", "nt", "nz", "nrt", "nrfg", "eng"}]
    rare = [w for w in nouns if w.rare]
    telling = [w for w in found if w.noun or (w.verb and len(w.text) > 1) or w.flag in {"m", "t"}]
    signs: dict[str, float] = {}
    first: int | None = None
    for sort, pattern in _POINTERS:
        match = pattern.search(plain)
        if match is None:
            continue
        own = _antecedents(match.start(), found)
        signs[sort] = 1
        signs[f"{sort} after {min(own, 2)}"] = 1
        first = match.start() if first is None else min(first, match.start())
    pointer = "no pronoun"
    if first is not None:
        own = _antecedents(first, found)
        pointer = "early pronoun" if own == 0 else "pronoun"
        signs[f"pronoun after {min(own, 3)}"] = 1
        signs["pronoun after a name"] = float(any(w.start < first for w in rare))
        signs["pronoun in a later clause"] = float(text[:first].rfind("，") >= _CLAUSE)
    asks = bool(_ASKS.search(text))
    signs["asks nothing"] = float(not asks)
    signs["only a name"] = float(not asks and bool(names) and not any(w.verb for w in found))
    start = found[0] if found else None
    signs["start"] = float(bool(_START.search(text)))
    signs["then"] = float(bool(_THEN.search(text)))
    signs["which one"] = float(bool(_WHICH_ONE.search(text)))
    asked = re.search(r"什么|怎么|哪|谁|几|多", text)
    signs["asks with 呢"] = float(bool(re.search(r"呢[？?。！]?$", text)) and not asked)
    signs["condition only"] = float(bool(re.search(
        r"(的话|的時候|的时候|也是|也行|呢|没有)[？?]?$", text)) and len(text) < 14)
    signs["more"] = float(bool(_MORE.search(text)) and len(nouns) <= 1)
    signs["begins with a question word"] = float(bool(_QUESTION_WORD.search(text)))
    signs["begins with a verb"] = float(bool(_AUXILIARY.search(text)) or (start is not None and start.verb))
    signs["begins with a noun"] = float(start is not None and start.noun)
    signs["begins with a rare word"] = float(start is not None and start.rare)
    size = len(re.findall(r"[\u3400-\u9fff]|[A-Za-z0-9.]+", text))
    told = "named" if names else "rare word" if rare else "common words"
    for sign in (
        f"characters {_bucket(size)}", f"nouns {min(len(nouns), 5)}", f"telling words {min(len(telling), 7)}",
        f"names {min(len(names), 2)}", f"rare words {min(len(rare), 3)}", f"{pointer}, {told}",
        f"{pointer}, {told}, {min(len(telling), 5)} telling words", f"{pointer}, {min(len(nouns), 3)} nouns, {told}",
    ):
        signs[sign] = 1
    signs["asks what it is"] = float(bool(_DEFINITION.search(text)) and bool(names or rare) and first is None)
    signs["one clause after another"] = float("，" in text)
    signs["specified"] = min(text.count("的"), 2) / 2
    _relation(text, nouns, names, rare, pointer, turns, signs)
    return {k: v for k, v in signs.items() if v}


def _antecedents(position: int, found: Sequence[Word]) -> int:
    """How many nouns (and verbs: 值班, 加班) before a pronoun could be what it stands for."""
    return sum(w.end <= position and (w.noun or (w.verb and len(w.text) > 1)) for w in found)


def _relation(
    question: str, nouns: Sequence[Word], names: Sequence[Word], rare: Sequence[Word], pointer: str,
    turns: Sequence[Turn], signs: dict[str, float],
) -> None:
    """What the question shares with what was said: a name in full speaks for itself, a common word takes it up."""
    if not turns:
        return
    last = (turns[-1].question + " " + turns[-1].answer).lower()
    said = " ".join(t.question + " " + t.answer for t in turns).lower()
    special = {w.text.lower() for w in (*names, *rare)}
    common = {w.text.lower() for w in nouns if len(w.text) > 1} - special
    known = {w for w in special if w in said}
    repeats = _longest_common(question.lower(), said) >= _REPEATED
    taken = {w for w in common if w in last}
    for sign, true in (
        ("names what was said", bool(known)), ("names something new", bool(special - known)),
        ("takes up a word", bool(taken) and not known), ("all words are new", not known and not taken),
        ("repeats a phrase", repeats),
    ):
        signs[sign] = float(true)
        signs[f"{sign}, {pointer}"] = float(true)


def _longest_common(question: str, said: str) -> int:
    """Length of the longest run of characters, none a question word, that both hold."""
    best = 0
    for run in _ASKING.split(question):
        for i in range(len(run)):
            while i + best < len(run) and run[i:i + best + 1] in said:
                best += 1
    return best


def _bucket(size: int) -> str:
    return next((f"up to {n}" for n in (4, 6, 8, 11, 15, 20) if size <= n), "more")
