"""Chinese follow-up questions made complete by rule: pronouns, "…呢？", bare question words, missing topics.

Only words of the conversation and a few function words are used. A topic is put in front, as Chinese does itself:
"租房押金是多少？" … "什么时候退？" becomes "租房押金什么时候退？".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from model.language import language_of
from rag_app.followups.chinese import words
from rag_app.followups.conversation import Turn
from rag_app.followups.english import words_of
from rag_app.followups.phrases_en import phrases

_OPENING = re.compile(
    r"^(好的?|嗯+|哦|噢|谢谢|謝謝|明白了?|那么|那麼|"
    r"那(?![些种種个個边邊里裡年天时時家位本部条條场場之以])|还有|還有|另外|然后|然後|"
    r"所以|但是|可是|不过|不過)[，,、\s]*(?=.{2})"
)
_NE = re.compile(r"^(.{1,16}?)(的)?(呢|怎么样|怎麼樣|如何|也一样吗|也是吗|也是|也行吗)?[？?。]*$")
_WHY = re.compile(
    r"^(为什么|為什麼|为啥|为何|怎么会|怎么回事|原因呢?|原因是什么|什么原因)(呢|啊|这样|会这样|不行|"
    r"不能)?[？?。]*$"
)
_MORE = re.compile(
    r"^(请|能|能不能|可以|再|麻烦)*(再)?(说|讲|介绍|解释)?(得)?(详细|具体|多|清楚|展开|仔细)(说|讲|介绍|"
    r"解释|一点|一些|点|一下|说说|讲讲|吗|呢|的|[，,？?。!！])*$"

                   r"|^(还有(吗|呢|什么|别的吗|其他的吗)?|举个?例子?.{0,4}|比如(说)?(呢)?|例如(呢)?|继续(说)?|然后呢|"
                   r"还有呢)[？?。]*$")
_WH = re.compile(
    r"怎么样|怎麼樣|怎么办|怎麼辦|怎么|怎麼|怎样|怎樣|如何|为什么|為什麼|为啥|为何|什么时候|什麼時候|什么|"
    r"什麼|多长时间|多久|多少|多长|多大|"
    r"多高|多远|多重|多[^个種]|几[^个乎]?|幾|哪[一个個些里裡儿年种種位家天部本款]*|谁|誰|何时|何|啥|是否|"
    r"是不是|有没有|有沒有|能不能|可不可以|会不会|要不要|吗|嗎|呢"
)
_HOW = re.compile(r"怎么(?!样|办)|怎麼(?!樣|辦)|怎样|怎樣|如何")
_CUT = re.compile(
    r"(最早|最长|最多|最大|最少|最高|一共|总共|大概|大约|一般|通常|具体|目前|现在|主要|都|还|也|要|是|有|"
    r"由|在|会|会在|能|可以|应该|应当|"

                  r"需要|应|得|被|把|叫|属于|跟|和|用|算|分|占|支持|的|，|、|\s)+$")
_FILLERS = words_of("可以 能够 能 应该 应当 需要 是否 吗 嗎 ？ ? 。 呢 会 會 怎么 怎麼 怎样 怎樣 如何")
_POINTER = re.compile(
    r"它们|它們|它|牠|他们|他們|她们|她們|他|她(?!们)|对方|"
    r"(?:这|這|那|该|該|此|上述)(?:一?[个個些种種次样樣家本部座项項类類款条條位份场場篇台只支件套段]|"
    r")(?=[^，。？是就也有])|这|這|那(?=是|会|要|还|也|有|能)"
)
_NOT_POINTER = re.compile(r"其他|其它|吉他|应该|應該|因此|此外|彼此|如此|那么|那麼")
_PLACE = re.compile(
    r"^(里面|裡面|其中|那里|那裡|这里|這裡|当地|當地|之后|之後|之前|后来|後來|当时|當時|那时候?|以后|以前|"
    r"期间)"
)
_ITEM = re.compile(
    r"(前者|后者|後者|第([一二三四五])(?:个人|[个個种種条項项类類步点]|)(?!.*第)|最后一?[个個种種条项]|"
    r"前一[个個种類类]|后一[个個种類类])(的?)"
)
_PLACES = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4}
_PERSON = re.compile(r"([人员員生者方商户戶师師长長客工主])$")
_TIME = re.compile(r"(周末|週末|平时|平時|晚上|白天|节假日|假日|工作日|今年|明年|去年|冬天|夏天|淡季|旺季)$")
_WHEN = re.compile(r"(内|里|裡|时|時|后|後|前|期间|时候|時候|的话|情况下|以上|以下|情況下)$")
_LONGEST_TOPIC = 24


def rewrite(question: str, turns: Sequence[Turn]) -> str:
    """`question` complete in itself; `turns` hold standalone questions, oldest first, at least one."""
    text = question.strip()
    core = _OPENING.sub("", text)
    last = turns[-1]
    about = topic(last)
    if language_of(last.question) != "zh":
        return _after_english(core, last)
    if re.search(r"[？?]$", last.answer) and len(core) <= 24:      # they were asked back: this is the reply
        return f"{last.question.rstrip('？?。 ')}，{core.rstrip('？?。 ')}？"
    if _WHY.match(core):
        return _why(last, about)
    if _MORE.match(core):
        return f"{last.question.rstrip('？?。 ')}，{core.rstrip('？?。 ')}？"
    return (
        _list_item(core, last, about) or _exchanged(core, last, about) or _pronoun(core, turns, about)
        or joined(about, core)
    )


def topic(turn: Turn) -> str:
    """What a question is about: its subject, with the action when it asks how or whether."""
    text = re.sub(r"[？?。！\s]+$", "", turn.question)
    text = _OPENING.sub("", text)
    if language_of(text) != "zh":
        named = [p for p in phrases(text, linked=False) if p.named]
        return max(named, key=lambda p: p.proper).text if named else ""
    if _HOW.search(text) or re.search(r"[吗嗎]$", text):
        action = _CUT.sub("", _without_fillers(text)).strip()
        if len(action) <= _LONGEST_TOPIC and not action.startswith(("把", "被")):
            return re.sub(r"(办|辦)$", "", action) if "办" in action[-1:] and "怎么办" in text else action
    asked = _WH.search(text)
    before = text[:asked.start()] if asked else text
    subject = _without_last_verb(_CUT.sub("", before).rstrip("，,"))
    if "，" in subject:
        subject = subject if len(subject) <= _LONGEST_TOPIC else subject.rsplit("，", 1)[0]
    found = words(subject)
    verb = next((w for w in found if w.verb and len(w.text) > 1 and w.start > 0), None)
    if verb is not None and len(subject) > 12 and any(w.noun for w in found if w.start < verb.start):
        shorter = _CUT.sub("", subject[:verb.start])
        subject = shorter if len(shorter) >= 2 else subject
    if any(w.noun or w.flag[0] in "nv" for w in words(subject)):
        return subject[-_LONGEST_TOPIC:] if len(subject) > 2 * _LONGEST_TOPIC else subject
    chunks = noun_phrases(text)
    return chunks[-1][0] if chunks else subject


def _without_fillers(text: str) -> str:
    """Without words that only ask; "能" stays in "太阳能"."""
    kept, position = "", 0
    for w in words(text):
        kept += text[position:w.start] + ("" if w.text in _FILLERS else w.text)
        position = w.end
    return " ".join(kept.split())


def _without_last_verb(subject: str) -> str:
    """Leave off the verb of what was asked: of "水箱能装多少水", "水箱能装" becomes "水箱"."""
    found = words(subject)
    while len(found) > 1 and ((found[-1].verb and len(found[-1].text) == 1) or found[-1].flag[0] in "dpcu") and any(
        w.noun for w in found[:-1]
    ):
        found.pop()
        subject = _CUT.sub("", subject[:found[-1].end])
        found = words(subject)
    return subject


def noun_phrases(text: str) -> list[tuple[str, int]]:
    """Runs of nouns with "的" between them, and where each starts."""
    found = words(text)
    runs: list[tuple[str, int]] = []
    i = 0
    while i < len(found):
        if not (found[i].noun or found[i].flag in {"a", "b", "m"}) or _WH.fullmatch(found[i].text):
            i += 1
            continue
        j, last_noun = i, -1
        while j < len(found) and (found[j].noun or found[j].flag in {"a", "b", "m", "q"} or found[j].text == "的"):
            if found[j].noun:
                last_noun = j
            j += 1
        if last_noun >= i:
            runs.append((text[found[i].start:found[last_noun].end], found[i].start))
        i = max(j, i + 1)
    return runs


def joined(about: str, question: str) -> str:
    """A topic in front of a question, with "的" between two nouns."""
    if not about or about in question:
        return question
    # What both say is said once: "报销单交给谁" + "报销单要几天" does not happen, "押金" + "押金什么时候退" does.
    for n in range(min(len(about), len(question)), 1, -1):
        if about.endswith(question[:n]):
            return about + question[n:]
    start = words(question)[:1]
    clause = "，" in question or re.match(r"(如果|要是|没|沒|不|超|逾|违|打不|已经|已經)", question)
    if clause:
        return f"{about}，{question}"
    ends = words(about)[-1:]
    possessive = start and ends and ends[0].noun and start[0].noun and start[0].flag not in {"t", "s", "vn"}
    gap = " " if re.search(r"[A-Za-z0-9]$", about) and re.match(r"[A-Za-z0-9]", question) else ""
    return about + ("的" if possessive else gap) + question


def _after_english(core: str, last: Turn) -> str:
    """The conversation changed its language: only what was talked about is carried over."""
    about = topic(last)
    pointer = _POINTER.search(core)
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
    match = _ITEM.search(core)
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


def _exchanged(core: str, last: Turn, about: str) -> str | None:
    """After "个人可以印出版物吗？", "名片呢？" takes the place of what is of a kind with it; a clause goes in front."""
    match = _NE.match(core)
    if match is None or (match.group(3) or "") in {"怎么样", "怎麼樣"}:
        return None
    new, of, mark = match.groups()
    found = words(new)
    nouns = any(w.noun for w in found)
    marked = bool(mark) and mark != "如何"
    unmarked_clause = _WH.search(core) or any(w.verb for w in found) or len(new) > 10
    if _POINTER.match(new) or _ITEM.match(new) or (not marked and (unmarked_clause or not nouns)):
        return None
    question = last.question.rstrip("？?。 ")
    timed = all(w.flag == "t" for w in found) or _TIME.match(new)
    clause = timed or _WHEN.search(new) or any(w.verb and len(w.text) > 1 for w in found)
    if clause or not (nouns or any(w.flag[0] in "mtf" for w in found)):
        return f"{new}{of or ''}，{question}？"
    old = _most_alike(new, question)
    if old is None:
        chunks = noun_phrases(question)
        return f"{new}{'的' if chunks and about == chunks[0][0] else '，'}{question}？"
    text, start = old
    rest = question[start + len(text):]
    return question[:start].rstrip() + (" " if start and re.match(r"\w", new, re.ASCII) else "") + new + rest + "？"


def _most_alike(new: str, question: str) -> tuple[str, int] | None:
    """The noun phrase of a question that is of a kind with `new`."""
    best: tuple[float, int, str] | None = None
    chunks: list[tuple[str, int]] = []
    for chunk, start in noun_phrases(question):
        chunks.append((chunk, start))
        place = start
        for part in chunk.split("的"):
            if part and part != chunk:
                chunks.append((part, place))
            place += len(part) + 1
    for chunk, start in chunks:
        score = difflib.SequenceMatcher(a=new, b=chunk).ratio()
        score += 0.5 * (new[-1] == chunk[-1]) + 0.6 * _same_kind(new, chunk)
        score -= 0.2 * ("的" in chunk and "的" not in new)
        if best is None or score > best[0]:
            best = (score, start, chunk)
    if best is None or best[0] < 0.55:
        return None
    return best[2], best[1]


def _same_kind(a: str, b: str) -> bool:
    return _kind(a) == _kind(b)


def _kind(text: str) -> str:
    found = words(text)
    if re.search(r"[A-Za-z]", text):
        return "latin"
    if re.match(r"\d|[一二三四五六七八九十]", text):
        return "number"
    if _PERSON.search(text):
        return "person"
    names = {"nr", "ns", "nt", "nz", "nrt", "name"}
    nouns = [w for w in found if w.noun]
    return "name" if nouns and all(w.flag in names for w in nouns) else "noun"


def _pronoun(core: str, turns: Sequence[Turn], about: str) -> str | None:
    """The first pronoun replaced by what it most likely stands for; one of place or time gets the topic before it."""
    if _PLACE.match(core) and not re.search("[他她]", core):
        gap = "" if not re.match(r"(其中|后来|後來|当时|當時)", core) else "，"
        return f"{about}{gap}{core}" if about else None
    masked = _NOT_POINTER.sub(lambda m: "一" * len(m.group()), core)
    match = re.search("[他她]们?|[他她]們", masked) or _POINTER.search(masked)
    if match is None:
        return None
    told, rest = match.group(), core[match.end():]
    put = _person(turns) if told[0] in "他她对" else about
    put = put or about
    if not put:
        return None
    if told[0] in "这這那该該此上" and rest:
        noun = noun_phrases(rest)
        head = noun[0][0] if noun and noun[0][1] == 0 else ""
        if head and head[-1] in put:
            cut = put.rfind(head) + len(head) if head in put else put.rfind(head[-1]) + 1
            return core[:match.start()] + put[:cut] + rest[len(head):]
        if head:
            return f"{core[:match.start()]}{put}{told}{rest}"     # "《镇魂》这部剧"
    gap = " " if re.search(r"[A-Za-z0-9]$", put) else ""
    return core[:match.start()] + put + gap + rest


def _person(turns: Sequence[Turn]) -> str:
    """The person last talked about: the answer to "谁", else a name in a question, else in an answer."""
    last = turns[-1]
    if re.search(r"谁|誰|哪位", last.question) and (found := _names(last.answer)):
        return found[0]
    for turn in reversed(turns[-3:]):
        if found := _names(turn.question):
            return found[0]
    for turn in reversed(turns[-3:]):
        if found := _names(turn.answer):
            return found[0]
    return ""


def _names(text: str) -> list[str]:
    """Names of persons, with the parts of foreign ones joined, and words for persons such as 值班工程师."""
    persons = [part for p, _ in noun_phrases(text) for part in p.split("的") if _PERSON.search(part) and len(part) > 2]
    if persons:
        return persons
    found = words(text)
    names: list[str] = []
    end = -1
    for w in found:
        joined_on = names and w.start == end + 1 and text[end] in "·•."
        if w.flag in {"nr", "nrt", "nrfg", "name"} and not re.search(r"[a-z]{2}[A-Z]|\d|《", w.text):
            if joined_on:
                names[-1] += text[end] + w.text
            else:
                names.append(w.text)
            end = w.end
        elif joined_on:
            names[-1] += text[end] + w.text
            end = w.end
    return names or [p for p, _ in noun_phrases(text) if _PERSON.search(p)]
