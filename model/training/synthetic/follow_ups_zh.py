"""Chinese questions shortened as people do in a conversation: 它, 他, 该校, 这种…, or nothing where the name stood."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

POINTER = re.compile(r"[它他她牠]|[这那这該该此]|其中|前者|后者")
_TITLE = re.compile(r"《[^》]+》|「[^」]+」|“[^”]+”")
_INNER = "·•-－— "
_NAME_TAGS = {"nr", "ns", "nt", "nz", "nrt", "nrfg", "eng"}
_WHOLE = re.compile(_TITLE.pattern + r"|[A-Za-z0-9.][\w.#+:/@-]*(?: [A-Za-z0-9][\w.#+:/@-]*)*", re.ASCII)
_DROPPED = 0.45  # of the phrases at the beginning leave nothing behind
_LEFT_OVER = re.compile(r"^(里面?|上面?|中|时|的|，|、|：|\s)+")
# How one points at a thing by the last character of its name.
_CLASS = {
    "学": ("该校", "这所学校"),
    "院": ("该院", "那里"),
    "司": ("该公司", "这家公司"),
    "站": ("该站", "这个车站"),
    "岛": ("该岛", "这座岛"),
    "山": ("该山", "这座山"),
    "河": ("该河", "这条河"),
    "江": ("这条江",),
    "湖": ("这个湖",),
    "市": ("该市", "这座城市"),
    "县": ("该县", "当地"),
    "区": ("该区", "当地"),
    "镇": ("该镇", "当地"),
    "省": ("该省", "当地"),
    "国": ("该国", "这个国家"),
    "队": ("该队", "这支球队"),
    "桥": ("这座桥", "该桥"),
    "寺": ("该寺", "这座寺庙"),
    "城": ("该城", "这座城"),
    "馆": ("该馆", "这座馆"),
    "线": ("该线", "这条线"),
    "路": ("这条路", "该路"),
    "党": ("该党", "这个党"),
    "军": ("该军", "这支军队"),
    "战": ("这场战争",),
    "病": ("这种病", "该病"),
    "法": ("这种方法",),
    "语": ("这种语言",),
    "族": ("这个民族", "该族"),
    "机": ("它", "这种机型"),
    "船": ("这艘船", "该船"),
    "车": ("这种车", "该车"),
    "鱼": ("这种鱼",),
    "鸟": ("这种鸟",),
    "虫": ("这种虫",),
    "树": ("这种树",),
    "草": ("这种草",),
    "花": ("这种花",),
    "社": ("该社",),
    "会": ("该组织", "它"),
    "剧": ("这部剧", "该剧"),
    "片": ("这部片子", "该片"),
}
_FUNCTION = frozenset("的是在于有被由与跟对从为中里上时，。？?、：《》 （）()")
_WORK = ("它", "这部作品", "该作品", "这本书", "这部片子")


def shortened(question: str, said: str, row: dict[str, Any], rng: random.Random) -> tuple[str, str] | None:
    """The question with a pronoun or nothing for the longest phrase that was said, and that phrase.

    Args:
        question: stands by itself.
        said: the messages before it.
        row: where the question is from, with its `context`.
        rng: chooses the form.
    """
    spans = [
        (s, e, tag)
        for s, e, tag in _phrases(question, _title(row))
        if question[s:e] in said
        and (e - s > 2 or tag in _NAME_TAGS)  # 银行 and 时间 are seldom what one means
        and not _goes_on(question, s, e, said)
    ]
    if not spans or POINTER.search(question.replace("其他", "").replace("应该", "")):
        return None
    start, end, tag = max(spans, key=lambda s: (s[1] - s[0], -s[0]))
    end -= len(question[start:end]) - len(question[start:end].rstrip())
    phrase = question[start:end]
    before, rest = question[:start].rstrip(" "), question[end:].lstrip(" ")
    if question.count(phrase) != 1:
        return None
    if not before.strip("，“”《 ") and rng.random() < _DROPPED:
        short = _LEFT_OVER.sub("", rest)
        fits = len(short) >= 4 and not short.startswith("人")
    else:
        pronoun = _pronoun(phrase, tag, row, rng)
        last = _tagged(before)[-1:] if before else []
        # "大连" of "大连龙卷风" would stay behind, "1路" of "武汉公交1路" would go on
        fits = not re.match(r"[\dA-Za-z·]", rest) and not (last and last[0][1][0] == "n")
        fits = fits and not before.endswith(("“", "《", "「"))
        short = before + pronoun + rest
    return (short, phrase.strip("《》「」“”")) if fits else None


def _title(row: dict[str, Any]) -> str:
    """The title of a row's article as one speaks of it."""
    return re.split(r"[（(]", str(row.get("title") or ""))[0].strip()


def _goes_on(question: str, start: int, end: int, said: str) -> bool:
    """Whether what was said goes on as the question does: jieba cut "陈中和" in two."""
    behind = question[end : end + 1]
    ahead = question[start - 1 : start] if start else ""
    longer = behind and behind not in _FUNCTION and question[start:end] + behind in said
    earlier = ahead and ahead not in _FUNCTION and ahead + question[start:end] in said
    return bool(longer or earlier)


def _pronoun(phrase: str, tag: str, row: dict[str, Any], rng: random.Random) -> str:
    """What points at a phrase."""
    context = str(row.get("context") or "")
    if phrase[0] in "《":
        return rng.choice(_WORK[:3])
    lives = re.search("[他她](?!们)|出生|生于|逝世|去世|担任|曾任|卒", context)
    if lives and (tag in {"nr", "nrt", "nrfg"} or _is_person(phrase, context)):
        she = context.count("她") > context.count("他")
        return rng.choice(("她", "她", "这个人") if she else ("他", "他", "他", "这个人", "此人"))
    if len(phrase) > 2 and phrase[-1] in _CLASS:
        return rng.choice((*_CLASS[phrase[-1]], "它"))
    last = _tagged(phrase)[-1]
    if tag == "n" and len(phrase) > len(last[0]) >= 2:
        return rng.choice(("它", f"这种{last[0]}", f"该{last[0]}", f"这个{last[0]}"))
    return rng.choice(("那里", "当地")) if tag == "ns" else "它"


def _is_person(phrase: str, context: str) -> bool:
    """A foreign name with dots, or what the passage calls 他 or 她 often."""
    dotted = any(c in phrase for c in "·•") and not re.search(r"[学院司站山城国会党赛奖]$", phrase)
    pronouns = len(re.findall(r"[他她](?!们)", context))
    return (dotted and pronouns > 0) or (len(phrase) <= 4 and pronouns >= 3 and context.startswith(phrase))


def _phrases(text: str, title: str) -> Iterator[tuple[int, int, str]]:
    """Noun phrases [start, end) with the kind of their last word: whole runs, and runs without their first words."""
    run: list[tuple[str, str, int]] = []
    for word, tag, place in [*_tagged(text, title), ("", "x", len(text))]:
        inner = word in _INNER or word == "的"
        if word and (tag[0] in "nj" or tag in _NAME_TAGS | {"vn", "b", "title"} or (inner and run)):
            run.append((word, tag, place))
            continue
        while run and (run[-1][0] in _INNER or run[-1][0] == "的"):
            run.pop()
        if run and run[-1][1] not in {"b", "nd", "f"}:
            end = run[-1][2] + len(run[-1][0])
            yield from _sub_runs(run, end)
        run = []


def _sub_runs(run: list[tuple[str, str, int]], end: int) -> Iterator[tuple[int, int, str]]:
    """The run, and its beginnings before a 的: of "范廷颂的职务" also "范廷颂"."""
    kinds = [tag for _, tag, _ in run]
    whole = run[0][2]
    tag = "nr" if any(w in "·•" for w, _, _ in run) and kinds[-1] in _NAME_TAGS | {"n", "x"} else kinds[-1]
    if end - whole >= 2:
        yield whole, end, tag
    for i, (word, _, place) in enumerate(run):
        if word == "的" and i and place - whole >= 2:
            yield whole, place, kinds[i - 1]


def _tagged(text: str, title: str = "") -> list[tuple[str, str, int]]:
    """Words with jieba's tags and places; an article's title and what stands in title marks are one word."""
    from jieba import posseg

    found: list[tuple[str, str, int]] = []
    position = 0
    whole = re.compile(f"{re.escape(title)}|{_WHOLE.pattern}", re.ASCII) if len(title) > 1 else _WHOLE
    for piece in [*whole.finditer(text), None]:
        end = piece.start() if piece else len(text)
        place = position
        for pair in posseg.cut(text[position:end]):
            found.append((pair.word, pair.flag or "x", place))
            place += len(pair.word)
        if piece:
            latin = "m" if piece.group().isdigit() else "eng"
            kind = _kind(title) if piece.group() == title else "title" if _TITLE.match(piece.group()) else latin
            found.append((piece.group(), kind, end))
            position = piece.end()
    return found


def _kind(title: str) -> str:
    """The tag that jieba gives a title: a person's name where it takes all or most of it for one."""
    from jieba import posseg

    found = [(p.word, p.flag) for p in posseg.cut(title)]
    if "·" in title or (len(title) <= 4 and found[0][1] in {"nr", "nrt", "nrfg"} and title[-1] not in _CLASS):
        return "nr"
    return "nz" if len(found) > 1 else found[0][1]
