"""What a chat model wrote in its own prose, held against the passages that it read: which runs of it stand there.

Any chat model but ours can make up a sentence, and put it into quotation marks. It was asked to write
`"copied words" [2]`; whether it copied is looked up here, word for word. A run is proven when it stands in a passage,
white space, case and the form of quotation marks aside: a string in quotation marks that names its passage, and, where
none is named, strings and sentences of some length. All else is the model's own, and said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.text.han import HAN
from model.text.sentences import sentence_spans
from rag_app.answers.answer import Unproven

_MARK = r"[\[【［]\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*\s*[\]】］]"
_STRING = r'(?:["“„]([^"“”„]{2,2000})["”“]|「([^」]{2,2000})」|『([^』]{2,2000})』|«([^»]{2,2000})»)'
_NUMBERED = re.compile(rf"{_STRING}[.,;。，；]?(?P<marks>(?:\s*{_MARK})+)")
_UNNUMBERED = re.compile(_STRING)
_MARKS = re.compile(rf"(?:\s*{_MARK})+")
_TRAILING_MARKS = re.compile(rf"(?:\s*{_MARK})+[\s.。]*\Z")
_LEADING = re.compile(r"\s*(?:[-*+•#>]+\s+|\d{1,2}[.)]\s+|[*_]+)?")  # a bullet, a number or emphasis
_WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+")
_HAN = re.compile(f"[{HAN}]")
_END_MARKS = ".,;:!?。，；：！？…"
_MIN_WORDS = 4  # of a run that proves something without naming its passage; a Chinese character is half a word
_FOUND_NOTHING = "NOT IN THE DOCUMENTS"  # what the prompt asks for then
_LETTER = "0-9A-Za-z\u00c0-\u024f"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the text and the place that proves it: `passages[passage][first:last]`."""

    start: int
    end: int
    passage: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CheckedProse:
    """A text's runs: those that stand in a passage, in the order of the text, and those that do not."""

    proven: tuple[Run, ...]
    unproven: tuple[Unproven, ...]


def checked_prose(text: str, passages: Sequence[str], question: str = "") -> CheckedProse:
    """Look up everything that a chat model wrote.

    Args:
        text: its reply.
        passages: what it read; `[1]` is the first.
        question: words in quotation marks that stand in it are no claim about the documents.
    """
    if text.strip().strip("\"'.") == _FOUND_NOTHING:
        return CheckedProse((), ())
    found = list(_strings(text, passages, question))
    at = 0
    for start, end in [*((r.start, r.end) for r in found), (len(text), len(text))]:
        found += _sentences(text, at, start, passages)
        at = max(at, end)
    found.sort(key=lambda r: r.start)
    return CheckedProse(
        tuple(r for r in found if isinstance(r, Run)), tuple(r for r in found if isinstance(r, Unproven))
    )


def _strings(text: str, passages: Sequence[str], question: str) -> Iterator[Run | Unproven]:
    """What stands in quotation marks, in the order of the text."""
    numbered = list(_NUMBERED.finditer(text))
    taken = [m.span() for m in numbered]
    # An odd quotation mark (12") pairs with the next one: what names its passage is found first.
    gaps = zip([0, *(end for _, end in taken)], [*(start for start, _ in taken), len(text)], strict=True)
    others = [m for a, z in gaps for m in _UNNUMBERED.finditer(text, a, z)]
    for match in sorted([*numbered, *others], key=lambda m: m.start()):
        quote = next(g for g in match.groups()[:4] if g is not None)
        marks = match.start("marks") if match.re is _NUMBERED else match.end()
        named = _numbers(text[marks : match.end()])
        place = _place(quote, passages, named)
        if place is None:
            if named or find_quote(quote, question) is None:
                yield Unproven(match.start(), match.end(), "quotation")
        elif named or _is_telling(quote):
            yield from _proven(match.start(), marks, match.end(), place, named)


def _sentences(text: str, start: int, end: int, passages: Sequence[str]) -> Iterator[Run | Unproven]:
    """What stands outside of quotation marks: whole sentences of a passage, or the model's own words."""
    done = start
    for a, z in sentence_spans(text[start:end]):
        if start + a < done:
            continue
        numbers = _MARKS.match(text, start + z, end)  # those behind a full stop belong to its sentence
        done = numbers.end() if numbers else start + z
        marker = _LEADING.match(text, start + a, done)
        first = marker.end() if marker else start + a
        found = _TRAILING_MARKS.search(text, first, done)
        marks = found.start() if found else done
        body = text[first:marks].strip("*_ \n")
        if not _WORD.search(body):
            continue
        named = _numbers(text[marks:done])
        place = _place(body, passages, named) if _is_telling(body) else None
        if place is None:
            yield Unproven(first, done, "words")
        else:
            yield from _proven(first, marks, done, place, named)


def _proven(
    start: int, marks: int, end: int, place: tuple[int, int, int], named: Sequence[int]
) -> Iterator[Run | Unproven]:
    """Words up to `marks` that stand at a place, and whether the passages that are named up to `end` hold it."""
    if not named or place[0] in named:
        yield Run(start, end, *place)
    else:
        yield Run(start, marks, *place)
        yield Unproven(marks, end, "number")


def _numbers(marks: str) -> list[int]:
    """Indices of the passages that are named; `[1]` is the first."""
    return [int(n) - 1 for n in re.findall(r"\d+", marks)]


def _is_telling(text: str) -> bool:
    words = _WORD.findall(text)
    return sum(0.5 if _HAN.match(w) else 1.0 for w in words) >= _MIN_WORDS


def _place(quote: str, passages: Sequence[str], named: Sequence[int]) -> tuple[int, int, int] | None:
    """(passage, first, last) of the first passage that has the quote, its end mark aside; those named come first."""
    order = dict.fromkeys([*(i for i in named if 0 <= i < len(passages)), *range(len(passages))])
    for words in dict.fromkeys((quote, quote.rstrip(_END_MARKS + " "))):
        for index in order:
            span = find_quote(words, passages[index])
            if span is not None:
                return index, *span
    return None


def find_quote(quote: str, passage: str) -> tuple[int, int] | None:
    """Where a quote stands in a passage, however its white space is broken; None if it does not.

    It must begin and end between words and figures: "10 days" does not stand in "110 days".
    """
    words = quote.split()
    if not words:
        return None
    pattern = r"\s+".join(_escaped(w) for w in words)
    if re.match(f"[{_LETTER}]", words[0]):
        pattern = rf"(?<![{_LETTER}])" + (r"(?<!\d[.,])" if words[0][0].isdigit() else "") + pattern
    if re.match(f"[{_LETTER}]", words[-1][-1]):
        pattern += rf"(?![{_LETTER}])" + (r"(?![.,]\d)" if words[-1][-1].isdigit() else "")
    found = re.search(pattern, passage, re.IGNORECASE)
    return found.span() if found else None


def _escaped(word: str) -> str:
    """A word as a pattern; its quotation marks and apostrophes may have another form."""
    escaped = re.escape(word)
    escaped = re.sub("['‘’]", "['‘’]", escaped)
    return re.sub('["“”]', '["“”]', escaped)
