"""A Chinese fragment ("名片呢？") put into the last question."""

from __future__ import annotations

import difflib
import re

from rag_app.followups.chinese import words
from rag_app.followups.conversation import Turn
from rag_app.followups.patterns_zh import ITEM, QUESTION_WORD, REPLACEABLE
from rag_app.followups.topic_zh import noun_phrases

_NE = re.compile(r"^(.{1,16}?)(的)?(呢|怎么样|怎麼樣|如何|也一样吗|也是吗|也是|也行吗)?[？?。]*$")
PERSON_WORD = re.compile(r"([人员員生者方商户戶师師长長客工主])$")
_TIME = re.compile(r"(周末|週末|平时|平時|晚上|白天|节假日|假日|工作日|今年|明年|去年|冬天|夏天|淡季|旺季)$")
_WHEN = re.compile(r"(内|里|裡|时|時|后|後|前|期间|时候|時候|的话|情况下|以上|以下|情況下)$")


def exchanged(core: str, last: Turn, about: str) -> str | None:
    """After "个人可以印出版物吗？", "名片呢？" takes the place of what is of a kind with it; a clause goes in front."""
    match = _NE.match(core)
    if match is None or (match.group(3) or "") in {"怎么样", "怎麼樣"}:
        return None
    new, of, mark = match.groups()
    found = words(new)
    nouns = any(w.noun for w in found)
    marked = bool(mark) and mark != "如何"
    unmarked_clause = QUESTION_WORD.search(core) or any(w.verb for w in found) or len(new) > 10
    if REPLACEABLE.match(new) or ITEM.match(new) or (not marked and (unmarked_clause or not nouns)):
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
    if PERSON_WORD.search(text):
        return "person"
    names = {"nr", "ns", "nt", "nz", "nrt", "name"}
    nouns = [w for w in found if w.noun]
    return "name" if nouns and all(w.flag in names for w in nouns) else "noun"
