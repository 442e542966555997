"""Examples for completing follow-up questions: the GPT quotes from a conversation what a question leaves out.

From people's rewritings (CANARD's first 80 % of dialogues, TREC CAsT, followup_train) and, in both languages, from
questions on one passage of which the second is shortened by rule (follow_ups_en.py, follow_ups_zh.py) and from KdConv's
conversations, whose facts name what each question is about. As many stand by themselves: nothing is quoted for them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any, Literal

from model.follow_up_prompt import FOLLOW_UP_MARK, conversation_passage
from model.json_lines import DataError, read_lines
from model.training import follow_ups_en, follow_ups_zh
from model.training.examples import Example, context_key, for_calibration
from model.training.rewritings import added_words, is_same

CANARD = "canard_dev.rewrite.en.jsonl.xz"
CAST = "cast_rewrite.en.jsonl.xz"
WRITTEN = "followup_train.jsonl.xz"
KDCONV = "kdconv_grounded_turns.zh.jsonl.xz"
_ENGLISH = ("docqa_train.en.jsonl.xz", "squad_train_44articles.en.jsonl.xz")
_CHINESE = ("docqa_train.zh.jsonl.xz", "cmrc2018_train.zh.jsonl.xz")
FILES = (*_ENGLISH, *_CHINESE, KDCONV, CANARD, CAST, WRITTEN)     # all that is read, in `qa/`
_TRAINED = 0.8              # of CANARD's dialogues; the others measure the product's rewriting (rag_app.followups.rows)
_COMPLETED = 0.75           # of the rows of rewritings see earlier questions as people completed them
_STANDALONE = 0.5           # of the made examples
_TIMES_WRITTEN = 6          # the few rows written for this task, with histories of their own

Row = dict[str, Any]


def follow_up_examples(
    data: Path, count: int, seed: int, exclude: Set[str] = frozenset(), calibration_share: float = 0.0
) -> list[Example]:
    """About `count` examples, half of them in each language; the same for the same seed.

    All rewritings are among them, so that English has more where `count` is small; the rest is made. Fewer where the
    files yield no more.

    Args:
        data: folder that holds `qa/` with the files above.
        count: how many.
        seed: chooses pairs, pronouns and histories.
        exclude: keys of contexts that no made example may stand on (`context_key`).
        calibration_share: of the contexts, kept from training (`for_calibration`).

    Raises:
        DataError: a file cannot be read, or a row lacks a field.
        ModuleNotFoundError: jieba is not installed (extra `train`).
    """
    rng = random.Random(seed)
    folder = data / "qa"
    rewritten = list(_rewritten(folder, rng))
    found = list(rewritten)
    for lang, files, shorten in (
        ("en", _ENGLISH, follow_ups_en.shortened), ("zh", _CHINESE, follow_ups_zh.shortened),
    ):
        wanted = max(0, count // 2 - sum(e.lang == lang for e in rewritten))
        groups = list(_groups(folder, files, exclude, calibration_share))
        dependent = [e for group in groups for e in _made(group, groups, lang, shorten, rng)]
        independent = [e for group in groups for e in _standing_alone(group, groups, lang, rng)]
        if lang == "zh":
            of_talks = list(_talks(folder / KDCONV, exclude))
            dependent += [e for e in of_talks if e.quotes]
            independent += [e for e in of_talks if not e.quotes]
        for pool, share in ((dependent, 1 - _STANDALONE), (independent, _STANDALONE)):
            found += rng.sample(pool, min(len(pool), round(share * wanted)))
    rng.shuffle(found)
    return found


def canard_part(rows: Sequence[Row], part: Literal["first", "last"]) -> list[Row]:
    """Rows of the first 80 % of CANARD's dialogues, or of the last, which measure and never train.

    The same cut as `rag_app.followups.rows.part_of`: dialogues in the file's order, an id without "_q" and number,
    counting those rows that have a history.
    """
    dialogues = list(dict.fromkeys(_dialogue(r) for r in rows if r.get("history")))
    cut = round(len(dialogues) * _TRAINED)
    chosen = set(dialogues[:cut] if part == "first" else dialogues[cut:])
    return [r for r in rows if _dialogue(r) in chosen]


def _dialogue(row: Row) -> str:
    return str(row["id"]).rsplit("_q", 1)[0]


def _rewritten(folder: Path, rng: random.Random) -> Iterator[Example]:
    canard = canard_part(list(read_lines(folder / CANARD)), "first")
    for name, rows, times in (
        (CANARD, canard, 1), (CAST, list(read_lines(folder / CAST)), 1),
        (WRITTEN, list(read_lines(folder / WRITTEN)), _TIMES_WRITTEN),
    ):
        for number, row in enumerate(rows, 1):
            if not isinstance(row.get("question"), str) or not isinstance(_rewriting(row), str):
                raise DataError(f'{folder / name}, row {number}: "question" and "rewrite" are needed')
        completed = {str(r["question"]): str(_rewriting(r)) for r in rows}
        for row in rows:
            for turn in range(times):
                history = _history(row)
                if rng.random() < _COMPLETED:
                    history = [completed.get(m, m) for m in history]
                other = rng.choice(rows)
                if turn % 2 and other.get("lang") == row.get("lang") and other is not row:
                    history = [*_history(other)[-2:], *history]     # something else was talked about first
                example = _example(row, conversation_passage(history), name)
                if example is not None:
                    yield example


def _history(row: Row) -> list[str]:
    return [m if isinstance(m, str) else str(m.get("content", "")) for m in row.get("history") or ()]


def _rewriting(row: Row) -> Any:
    return row.get("standalone", row.get("rewrite"))


def _example(row: Row, passage: str, source: str) -> Example | None:
    """A row of people's rewriting; None where what it adds was not said, or nothing was said at all."""
    question, rewriting = row["question"].strip(), _rewriting(row).strip()
    same = is_same(question, rewriting) or row.get("dependent") is False
    quotes = () if same else added_words(question, rewriting, passage)
    if not passage or not (same or quotes):
        return None
    return Example(FOLLOW_UP_MARK + question, passage, quotes, row.get("lang", "en"), source)


def _groups(
    folder: Path, files: Iterable[str], exclude: Set[str], calibration_share: float
) -> Iterator[list[tuple[str, Row]]]:
    """Rows with the file they are from, a list for each context with two questions or more."""
    for name in files:
        groups: dict[str, list[tuple[str, Row]]] = {}
        for number, row in enumerate(read_lines(folder / name), 1):
            if not isinstance(row.get("question"), str) or not isinstance(row.get("context"), str):
                raise DataError(f'{folder / name}, line {number}: "question" and "context" are needed')
            groups.setdefault(row["context"], []).append((name, row))
        for context, group in groups.items():
            allowed = context_key(context) not in exclude and not for_calibration(context, calibration_share)
            if len(group) > 1 and allowed:
                yield group


def _made(
    group: Sequence[tuple[str, Row]], groups: Sequence[Sequence[tuple[str, Row]]], lang: str,
    shorten: Callable[[str, str, Row, random.Random], tuple[str, str] | None], rng: random.Random,
) -> Iterator[Example]:
    """Each question of a passage shortened after another of the same passage, where they name the same thing."""
    for name, row in group:
        _, first = rng.choice([other for other in group if other[1] is not row])
        history = _messages(first)
        short = shorten(row["question"].strip(), "\n".join(history), row, rng)
        if short is None:
            continue
        question, phrase = short
        passage = conversation_passage([*_before(group, groups, (first, row), rng), *history])
        place = passage.lower().rfind(phrase.lower())
        if place >= 0:
            span = (place, place + len(phrase))
            yield Example(FOLLOW_UP_MARK + question, passage, (span,), lang, name)


def _standing_alone(
    group: Sequence[tuple[str, Row]], groups: Sequence[Sequence[tuple[str, Row]]], lang: str, rng: random.Random
) -> Iterator[Example]:
    """Questions that name what they are about, after others: nothing to quote."""
    for name, row in group:
        if not (name.startswith("docqa") or _names_title(row)):
            continue        # others may lean on their passage
        if rng.random() < 0.6:
            _, first = rng.choice([other for other in group if other[1] is not row])
        else:
            _, first = rng.choice(rng.choice(groups))
        history = [*_before(group, groups, (first, row), rng), *_messages(first)]
        if history and first is not row:
            yield Example(FOLLOW_UP_MARK + row["question"].strip(), conversation_passage(history), (), lang, name)


def _before(
    group: Sequence[tuple[str, Row]], groups: Sequence[Sequence[tuple[str, Row]]], taken: Sequence[Row],
    rng: random.Random,
) -> list[str]:
    """What was said before the last question: mostly nothing, else a question on this passage or on another."""
    draw = rng.random()
    if draw < 0.45:
        return []
    pool = [r for _, r in (group if draw < 0.75 else rng.choice(groups)) if not any(r is t for t in taken)]
    return [m for r in rng.sample(pool, min(len(pool), rng.choice((1, 1, 2)))) for m in _messages(r)]


def _messages(row: Row) -> list[str]:
    """A question and, where the passage answers it, its answer."""
    answers = row.get("answers") or []
    return [row["question"].strip(), *(str(a).strip() for a in answers[:1])]


def _names_title(row: Row) -> bool:
    """Whether a question holds its article's title or a longer word of it."""
    title = str(row.get("title") or "").split("（")[0].split(" (")[0].replace("_", " ").strip().lower()
    question = row["question"].lower()
    return bool(title) and (title in question or any(len(w) > 4 and w in question for w in title.split()))


def _talks(path: Path, exclude: Set[str]) -> Iterator[Example]:
    """KdConv: the fact that answers a question tells what it is about; that was said before or is in the question."""
    seen: Counter[str] = Counter()
    for row in read_lines(path):
        history = [str(m) for m in row.get("history") or ()]
        question = str(row.get("question") or "").strip()
        about = follow_ups_zh.subject(str(row.get("context") or ""))
        if not history or about is None or context_key(str(row["context"])) in exclude:
            continue
        if not follow_ups_zh.asks(question):
            continue
        passage = conversation_passage(history)
        if about in question:
            if not follow_ups_zh.POINTER.search(question):
                yield Example(FOLLOW_UP_MARK + question, passage, (), "zh", path.name)
            continue
        place = passage.rfind(about)
        seen[question] += 1
        if place >= 0 and seen[question] <= 3 and follow_ups_zh.names_nothing(question):
            yield Example(FOLLOW_UP_MARK + question, passage, ((place, place + len(about)),), "zh", path.name)
