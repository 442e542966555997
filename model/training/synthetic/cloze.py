"""Reading practice made from raw Chinese text: one phrase of a sentence becomes a question word.

Chinese asks without moving words ("鲁迅出生于1881年" -> "鲁迅出生于哪一年？"), so a sentence with a typed phrase
replaced by its question word is a natural question, answered by that phrase in the paragraph it came from. Clauses are
left out and the title put in front, so that the question is not simply the sentence. Teaches where Chinese words and
names begin and end and which kind of phrase a question word wants. (Cloze questions for reading: arXiv 1906.04980.)
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from model.training.examples import Example

PASSAGE = (110, 380)  # characters of a passage
MAX_ANSWER = 24  # characters
_SENTENCE = re.compile(r"[^。！？\n]+[。！？]?")
_CLAUSE = re.compile(r"[，；：,;]")
_MARKUP = re.compile(r"[|`#*=<>{}\\$_]|https?:")

_DATE = re.compile(
    r"(?:公元前?)?\d{3,4}年(?:代|\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月\d{1,2}[日号]|\d{1,2}世纪(?:\d0年代)?"
)
_NUMBER = re.compile(r"[约近]?\d[\d,.]*(?:%|％|[百千万亿]+)?(?:多|余)?")
_QUOTED = re.compile(r"《[^》]{1,20}》|「[^」]{2,16}」|“[^”]{2,16}”")

# What the last character of a name says about how one asks for it.
_BY_SUFFIX = {
    "河": ("哪条河",),
    "江": ("哪条江",),
    "湖": ("哪个湖",),
    "山": ("哪座山",),
    "岛": ("哪个岛",),
    "国": ("哪个国家", "哪国"),
    "省": ("哪个省",),
    "市": ("哪个城市", "哪个市"),
    "县": ("哪个县",),
    "区": ("哪个区",),
    "镇": ("哪个镇",),
    "州": ("哪个州",),
    "学": ("哪所学校", "哪所大学"),
    "院": ("哪个机构", "哪个学院"),
    "司": ("哪家公司", "哪个公司"),
    "党": ("哪个党", "哪个政党"),
    "语": ("什么语言", "哪种语言"),
    "站": ("哪个车站", "哪一站"),
    "队": ("哪支队伍", "哪个队"),
    "战": ("哪场战争", "哪场战役"),
    "寺": ("哪座寺庙",),
    "桥": ("哪座桥",),
    "族": ("哪个民族",),
    "教": ("什么宗教", "哪个宗教"),
    "病": ("什么疾病", "哪种病"),
    "法": ("什么法", "哪部法律", "什么方法"),
    "会": ("哪个组织", "什么会议"),
    "路": ("哪条路",),
    "城": ("哪座城",),
}


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase that can be asked for, in its clause: [start, end) characters, and ways to ask."""

    start: int
    end: int
    asks: tuple[str, ...]
    weight: float = 1.0  # how worthwhile asking is: names, dates and numbers above plain nouns


def cloze_questions(texts: Iterable[str], count: int, seed: int, source: str, units: float = 0.5) -> list[Example]:
    """Make `count` questions, fewer if the texts run out; the same for the same seed.

    Args:
        texts: simplified Chinese documents, the title on the first line.
        count: how many questions.
        seed: chooses paragraphs and phrases.
        source: stored as the examples' source.
        units: share of numbers that are asked for together with what follows them.

    Raises:
        ModuleNotFoundError: jieba is not installed (extra `train`).
    """
    rng = random.Random(seed)
    made: list[Example] = []
    for text in texts:
        if len(made) >= count:
            break
        title, _, body = text.partition("\n")
        title = re.sub(r" ?[(（].*", "", title.strip("# ")).strip()
        passages = list(_passages(body, rng))
        rng.shuffle(passages)
        for passage in passages[:2]:
            found = _ask(title, passage, rng, units)
            if found is not None:
                question, span = found
                made.append(Example(question, passage, (span,), "zh", source))
    return made[:count]


def _passages(body: str, rng: random.Random) -> Iterator[str]:
    """Runs of paragraphs of a length that a retriever would bring."""
    low, high = PASSAGE
    wanted = rng.randint(low, high)
    held: list[str] = []
    for line in body.split("\n"):
        if not line.strip() or len(_MARKUP.findall(line)) > 2:
            continue
        held.append(line.strip())
        size = sum(map(len, held))
        if size >= wanted:
            text = "\n".join(held)
            if size > high + 60:  # one long paragraph: a stretch of whole sentences
                sentences = [m.group() for m in _SENTENCE.finditer(text)]
                first = rng.randrange(max(1, len(sentences) - 1))
                text = ""
                for sentence in sentences[first:]:
                    if len(text) + len(sentence) > high:
                        break
                    text += sentence
            if len(text) >= low:
                yield text
            held = []
            wanted = rng.randint(low, high)


def _ask(title: str, passage: str, rng: random.Random, units: float) -> tuple[str, tuple[int, int]] | None:
    """A question about one sentence of the passage, and the answer's span in the passage."""
    sentences = [m for m in _SENTENCE.finditer(passage) if 10 <= len(m.group()) <= 120]
    rng.shuffle(sentences)
    for sentence in sentences[:3]:
        clauses = _clauses(sentence.group())
        order = list(range(len(clauses)))
        rng.shuffle(order)
        for i in order[:3]:
            offset, clause = clauses[i]
            phrases = [p for p in _phrases(clause, rng, units) if p.end - p.start < len(clause) - 3]
            if not phrases:
                continue
            phrase = rng.choices(phrases, [p.weight for p in phrases])[0]
            start = sentence.start() + offset + phrase.start
            answer = clause[phrase.start : phrase.end]
            asked = clause[: phrase.start] + rng.choice(phrase.asks) + clause[phrase.end :]
            question = _question(title, [c for _, c in clauses], i, asked, rng)
            if answer in question or asked[0] in "的之、·" or not 6 <= len(question) <= 60:
                continue
            return question, (start, start + len(answer))
    return None


def _clauses(sentence: str) -> list[tuple[int, str]]:
    """Clauses with their offsets, without punctuation at the ends."""
    found, start = [], 0
    bare = sentence.rstrip("。！？ ")
    for cut in [*(m.start() for m in _CLAUSE.finditer(bare)), len(bare)]:
        clause = bare[start:cut]
        left = len(clause) - len(clause.lstrip(" ，；：,;"))
        if clause.strip(" ，；：,;"):
            found.append((start + left, clause[left:].rstrip()))
        start = cut + 1
    return found


def _question(title: str, clauses: Sequence[str], at: int, asked: str, rng: random.Random) -> str:
    """The asked clause with none, one or all of the others, and perhaps the title."""
    draw = rng.random()
    if len(asked) < 9 or draw < 0.3:
        parts = [*clauses[max(0, at - 1) : at], asked]
    elif draw < 0.42:
        parts = [*clauses[max(0, at - 2) : at], asked, *clauses[at + 1 : at + 2]]
    else:
        parts = [asked]
    text = "，".join(_shortened(p, rng) if p != asked else p for p in parts)
    if 1 < len(title) <= 16 and title not in text and rng.random() < (0.75 if len(parts) == 1 else 0.35):
        text = title + rng.choice(("", "，", "的")) + text
    return text + rng.choice(("？", "？", "？", "?", ""))


def _shortened(clause: str, rng: random.Random) -> str:
    """A clause of context may lose its beginning."""
    if len(clause) > 12 and rng.random() < 0.3:
        return clause[rng.randint(2, len(clause) - 8) :]
    return clause


def _phrases(clause: str, rng: random.Random, units: float) -> list[_Phrase]:
    """Everything in a clause that can be asked for: dates, numbers, titles, names, noun phrases."""
    found: list[_Phrase] = []
    for m in _DATE.finditer(clause):
        if m.group().endswith("年"):
            asks: tuple[str, ...] = ("哪一年", "哪年", "何年", "什么时候", "何时")
        else:
            asks = ("什么时候", "何时", "哪一天" if "日" in m.group() else "什么时间")
        found.append(_Phrase(m.start(), m.end(), asks))
    taken = [(p.start, p.end) for p in found]
    for m in _NUMBER.finditer(clause):
        if any(m.start() < b and m.end() > a for a, b in taken):
            continue
        unit = re.match(r"[\u4e00-\u9fff]{0,2}", clause[m.end() :])
        reach = len(unit.group()) if unit and rng.random() < units and "的" not in unit.group() else 0
        if reach:
            found.append(_Phrase(m.start(), m.end() + reach, ("多少" + clause[m.end() : m.end() + reach], "多少")))
        else:
            found.append(_Phrase(m.start(), m.end(), ("多少", "几", "多少")))
    for m in _QUOTED.finditer(clause):
        asks = ("什么", "哪部作品", "什么名字") if m.group()[0] == "《" else ("什么", "什么名称")
        found.append(_Phrase(m.start(), m.end(), asks))
    taken = [(p.start, p.end) for p in found]
    found += [p for p in _noun_phrases(clause) if not any(p.start < b and p.end > a for a, b in taken)]
    return [p for p in found if 0 < p.end - p.start <= MAX_ANSWER]


def _noun_phrases(clause: str) -> Iterator[_Phrase]:
    """Names by their kind, and runs of nouns and adjectives by their last noun, from jieba's tagging."""
    from jieba import posseg

    place = 0
    run: list[tuple[int, str, str]] = []
    for word, tag in [*((p.word, p.flag) for p in posseg.cut(clause)), ("", "x")]:
        if word and (tag[0] in "nbj" or tag in ("vn", "an", "a", "eng")):
            run.append((place, word, tag))
        else:
            yield from _from_run(run)
            run = []
        place += len(word)


def _from_run(run: Sequence[tuple[int, str, str]]) -> Iterator[_Phrase]:
    if not run or run[-1][2][0] not in "nej":
        return
    start, end = run[0][0], run[-1][0] + len(run[-1][1])
    if end - start < 2:
        return
    last, tag = run[-1][1], run[-1][2]
    if tag == "nr":
        yield _Phrase(start, end, ("谁", "哪位", "何人", "什么人", "哪个人"))
    elif last[-1] in _BY_SUFFIX:
        yield _Phrase(start, end, _BY_SUFFIX[last[-1]])
    elif tag == "ns":
        yield _Phrase(start, end, ("哪里", "什么地方", "何地", "哪个地方", "何处"))
    elif tag == "nt":
        yield _Phrase(start, end, ("哪个机构", "哪个组织", "什么单位"))
    elif len(run) > 1 and len(last) >= 2:
        yield _Phrase(start, end, ("什么" + last, "哪种" + last, "哪个" + last, "什么"), 0.7)
    else:
        yield _Phrase(start, end, ("什么",), 0.2)
