"""Answers, their places and notices as HTML. Every value goes through `escaped`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from model.text.language import language_of
from rag_app.answers.answer import Answer, Passage, QuotedAnswer
from rag_app.answers.evidence import AnswerEvidence, Evidence, Piece
from rag_app.ui.error_messages import Trouble
from rag_app.ui.safe_html import element, escaped
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import strings_for

SURE, LIKELY = 0.85, 0.6  # confidence from which an answer is called so
NEAREST = 3  # passages shown when there is no answer
_HEADINGS_BETWEEN = " › "
_SHORT = 120  # characters of an answer that may be marked
_WHOLE = 0.8  # share of a sentence from which the answer is the sentence


def question_html(question: str) -> str:
    """What the person asked."""
    return element("div", "rag-question", escaped(question))


def answer_html(answer: Answer, evidence: Sequence[AnswerEvidence], strings: Strings, *, is_local: bool) -> str:
    """Each answer: the sentence that holds it (or a chat model's prose), how sure it is, and its places."""
    numbered = len(evidence) > 1 or any(len(e.places) + len(e.also_in) > 1 for e in evidence) or not is_local
    every = [
        (one, _item_html(one, found, strings, numbered=numbered))
        for one, found in zip(answer.answers, evidence, strict=True)
    ]
    alternatives = [(one, item) for one, item in every if not one.question]
    parts = [(one, item) for one, item in every if one.question]
    shown = _alternatives_html(alternatives, strings, is_local=is_local) if alternatives else ""
    for one, item in parts:
        shown += element("div", "rag-part", escaped(one.question)) + item
        shown += _confidence(one.confidence, strings, is_local=is_local)
    return element("div", "rag-answer", shown)


def _alternatives_html(answers: Sequence[tuple[QuotedAnswer, str]], strings: Strings, *, is_local: bool) -> str:
    """What was found for one question: an answer, or a list of those that the documents give."""
    if len(answers) == 1:
        ((one, item),) = answers
        return item + _confidence(one.confidence, strings, is_local=is_local)
    # Each may be what its document says, but "very likely right" twice would be no help.
    items = [item + element("div", "rag-confidence", _percent(one.confidence, strings)) for one, item in answers]
    return element("div", "rag-several", escaped(strings.several.format(len(items)))) + element(
        "ol", "rag-answers", *(element("li", "rag-item", item) for item in items)
    )


def _item_html(answer: QuotedAnswer, evidence: AnswerEvidence, strings: Strings, *, numbered: bool) -> str:
    prose = "" if answer.is_quote else _prose_html(answer, strings)
    places = [_sentence_html(place) + _place_html(place, strings, show_number=numbered) for place in evidence.places]
    others = [_place_html(place, strings, show_number=numbered, label=strings.also_in) for place in evidence.also_in]
    return "".join([prose, *places, *others])


def _prose_html(answer: QuotedAnswer, strings: Strings) -> str:
    """What a chat model wrote: its own words grey, and what it only claims to quote called so."""
    flags = {"quotation": strings.misquoted, "number": strings.misnumbered}
    html, at = "", 0
    for run in answer.unproven:
        html += escaped(answer.text[at : run.start])
        html += element("span", f"rag-unproven rag-unproven-{run.kind}", escaped(answer.text[run.start : run.end]))
        html += element("span", "rag-flag", escaped(flags[run.kind])) if run.kind in flags else ""
        at = run.end
    note = element("div", "rag-note", escaped(strings.own_words)) if answer.unproven else ""
    return element("div", "rag-prose", html + escaped(answer.text[at:])) + note


def _sentence_html(evidence: Evidence) -> str:
    """The sentence with the answer emphasised; less so if that is long, several lines, or the whole of it."""
    header = element("div", "rag-table-header", escaped(evidence.table_header)) if evidence.table_header else ""
    quoted = sum(len(p.text) for p in evidence.sentence if p.is_quote)
    whole = quoted >= _WHOLE * sum(len(p.text) for p in evidence.sentence)
    lines = any("\n" in p.text for p in evidence.sentence if p.is_quote)
    weight = "rag-quote rag-long" if whole or lines or quoted > _SHORT else "rag-quote"
    marked = "".join(
        element("strong", "rag-short", escaped(p.text)) if p.is_quote else escaped(p.text) for p in evidence.sentence
    )
    return header + element("blockquote", weight, marked)


def _place_html(evidence: Evidence, strings: Strings, *, show_number: bool, label: str = "") -> str:
    """The citation: file, page, section; opened, it shows the quote in its surroundings."""
    number = element("span", "rag-number", str(evidence.number)) if show_number else ""
    before = element("span", "rag-also", escaped(label)) if label else ""
    place = before + number + _place(evidence.source_name, evidence.page, evidence.heading_path, strings, evidence.date)
    if not evidence.around:
        gone = element("span", "rag-note", escaped(strings.removed_since))
        return element("div", "rag-citation", element("div", "rag-place", place, gone))
    opens = element("span", "rag-open", escaped(strings.in_document))
    return element(
        "details",
        "rag-citation",
        element("summary", "rag-place", place, opens),
        element("div", "rag-around", highlighted(evidence.around)),
    )


def _confidence(confidence: float, strings: Strings, *, is_local: bool) -> str:
    if not is_local:  # other chat models give no calibrated probability
        return element("div", "rag-confidence", escaped(strings.no_confidence))
    if confidence >= SURE:
        return _level("sure", confidence, strings)
    return _level("likely" if confidence >= LIKELY else "unsure", confidence, strings)


def _level(level: Literal["sure", "likely", "unsure"], confidence: float, strings: Strings) -> str:
    words = {"sure": strings.sure, "likely": strings.likely, "unsure": strings.unsure}[level]
    return element("div", f"rag-confidence rag-{level}", _percent(confidence, strings), " · ", escaped(words))


def _percent(confidence: float, strings: Strings) -> str:
    return element("span", "rag-percent", escaped(strings.confidence.format(f"{confidence:.0%}")))


def searched_for_html(answer: Answer, strings: Strings) -> str:
    """The question that was searched for, where it is not the one that was typed; else nothing."""
    if answer.searched_for in {"", answer.question}:
        return ""
    return element("div", "rag-searched", escaped(strings.searched_for + answer.searched_for))


def question_read_html(answer: Answer, strings: Strings) -> str:
    """The part of a long question that was read; nothing where all was."""
    if answer.question_read is None:
        return ""
    return element("div", "rag-searched rag-question-read", escaped(f"{strings.question_read}{answer.question_read}"))


def searched_in_html(words: str, strings: Strings) -> str:
    """Which documents were searched, where not all were; else nothing."""
    return element("div", "rag-searched rag-searched-in", escaped(strings.searched_in + words)) if words else ""


def highlighted(pieces: Sequence[Piece]) -> str:
    """A text with its quotes marked."""
    return "".join(element("mark", "rag-highlight", escaped(p.text)) if p.is_quote else escaped(p.text) for p in pieces)


def not_found_html(answer: Answer) -> str:
    """The honest absence of an answer."""
    return element(
        "div",
        "rag-notice rag-not-found",
        element("strong", "rag-headline", escaped(answer.answer)),
        element("div", "rag-advice", escaped(_strings_of(answer).not_found_hint)),
    )


def _strings_of(answer: Answer) -> Strings:
    """Words in the language of what is said, which is the question's: the page's may be the other one."""
    return strings_for(language_of(answer.answer))


def possible_html(answer: Answer, evidence: Sequence[AnswerEvidence], strings: Strings) -> str:
    """An answer that is less certain: the place first, then quietly that it is to be checked."""
    words = escaped(_strings_of(answer).possible)
    items = [
        _item_html(one, found, strings, numbered=False)
        + element("div", "rag-confidence rag-less-certain", _percent(one.confidence, strings), " · ", words)
        for one, found in zip(answer.shown, evidence, strict=True)
    ]
    return element("div", "rag-possible", *items)


def small_talk_html(answer: Answer) -> str:
    """A friendly sentence, said to be no answer: without the look of a quote or of a notice."""
    note = "" if answer.passages else element("div", "rag-note", escaped(_strings_of(answer).nothing_searched))
    return element("div", "rag-small-talk", element("div", "rag-prose", escaped(answer.answer)), note)


def nearest_html(passages: Sequence[Passage], strings: Strings) -> str:
    """The passages that came nearest, with nothing highlighted: they are no answer."""
    cards = [
        element(
            "div",
            "rag-card rag-nearest",
            element("div", "rag-place", _place(p.source_name, p.page, p.heading_path, strings)),
            element("div", "rag-sentence", escaped(p.text)),
        )
        for p in passages[:NEAREST]
    ]
    return element("div", "rag-note", escaped(strings.not_an_answer)) + "".join(cards)


def _place(name: str, page: int | None, heading_path: Sequence[str], strings: Strings, date: str | None = None) -> str:
    parts = [element("span", "rag-source", escaped(name))]
    if date is not None:
        parts.append(element("span", "rag-date", escaped(date)))
    if page is not None:
        parts.append(element("span", "rag-page", escaped(strings.page.format(page))))
    if heading_path:
        parts.append(element("span", "rag-headings", escaped(_HEADINGS_BETWEEN.join(heading_path))))
    return "".join(parts)


def trouble_html(trouble: Trouble) -> str:
    """An error in words."""
    return element(
        "div",
        "rag-notice rag-trouble",
        element("strong", "rag-headline", escaped(trouble.headline)),
        element("div", "rag-advice", escaped(trouble.advice)),
    )


def progress_html(label: str, seconds: int | None = None) -> str:
    """Something is being done, for so many seconds already."""
    elapsed = "" if not seconds else element("span", "rag-elapsed", f" {seconds} s")
    return element("div", "rag-progress", '<span class="rag-spinner"></span>', escaped(label), elapsed)


def streaming_html(text: str, note: str = "") -> str:
    """The reply so far, with a note below it."""
    below = element("div", "rag-note", escaped(note)) if note else ""
    return element("div", "rag-answer rag-streaming", element("div", "rag-prose", escaped(text)), below)
