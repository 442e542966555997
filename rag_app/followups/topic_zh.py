"""What a Chinese question is about, and its noun phrases."""

from __future__ import annotations

import re

from model.language import language_of
from rag_app.followups.chinese import words
from rag_app.followups.conversation import Turn
from rag_app.followups.english import words_of
from rag_app.followups.patterns_zh import OPENING, QUESTION_WORD
from rag_app.followups.phrases_en import phrases

_HOW = re.compile(r"怎么(?!样|办)|怎麼(?!樣|辦)|怎样|怎樣|如何")
_CUT = re.compile(
    r"(最早|最长|最多|最大|最少|最高|一共|总共|大概|大约|一般|通常|具体|目前|现在|主要|都|还|也|要|是|有|"
    r"由|在|会|会在|能|可以|应该|应当|"

                  r"需要|应|得|被|把|叫|属于|跟|和|用|算|分|占|支持|的|，|、|\s)+$")
_FILLERS = words_of("可以 能够 能 应该 应当 需要 是否 吗 嗎 ？ ? 。 呢 会 會 怎么 怎麼 怎样 怎樣 如何")
_LONGEST_TOPIC = 24


def topic(turn: Turn) -> str:
    """What a question is about: its subject, with the action when it asks how or whether."""
    text = re.sub(r"[？?。！\s]+$", "", turn.question)
    text = OPENING.sub("", text)
    if language_of(text) != "zh":
        named = [p for p in phrases(text, linked=False) if p.named]
        return max(named, key=lambda p: p.proper).text if named else ""
    if _HOW.search(text) or re.search(r"[吗嗎]$", text):
        action = _CUT.sub("", _without_fillers(text)).strip()
        if len(action) <= _LONGEST_TOPIC and not action.startswith(("把", "被")):
            return re.sub(r"(办|辦)$", "", action) if "办" in action[-1:] and "怎么办" in text else action
    asked = QUESTION_WORD.search(text)
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
        if not (found[i].noun or found[i].flag in {"a", "b", "m"}) or QUESTION_WORD.fullmatch(found[i].text):
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
