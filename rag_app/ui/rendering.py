"""Answers, cards and notices as HTML. Every value goes through `escaped`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag_app.answer import Answer, Passage
from rag_app.ui.evidence import Evidence, Piece
from rag_app.ui.safe_html import element, escaped
from rag_app.ui.strings import Strings
from rag_app.ui.troubles import Trouble

SURE, LIKELY = 0.85, 0.6    # confidence from which an answer is called so
NEAREST = 3                 # passages shown when there is no answer
_HEADINGS_BETWEEN = " › "


def question_html(question: str) -> str:
    """What the person asked."""
    return element("div", "rag-question", escaped(question))


def answer_html(answer: Answer, strings: Strings, *, is_local: bool) -> str:
    """The quotes (or, of a chat model that writes prose, its reply) and how sure they are."""
    quotes = [c.quote for c in answer.citations]
    if "\n".join(quotes) == answer.answer:
        said = "".join(element("blockquote", "rag-quote", escaped(q)) for q in quotes)
    else:
        said = element("div", "rag-prose", escaped(answer.answer))
    return element("div", "rag-answer", said, _confidence(answer.confidence, strings, is_local=is_local))


def _confidence(confidence: float, strings: Strings, *, is_local: bool) -> str:
    if not is_local:    # other chat models give no calibrated probability
        return element("div", "rag-confidence", escaped(strings.no_confidence))
    if confidence >= SURE:
        level, words = "sure", strings.sure
    elif confidence >= LIKELY:
        level, words = "likely", strings.likely
    else:
        level, words = "unsure", strings.unsure
    return element(
        "div", f"rag-confidence rag-{level}",
        element("span", "rag-percent", escaped(strings.confidence.format(f"{confidence:.0%}"))), " · ", escaped(words),
    )


def searched_for_html(answer: Answer, strings: Strings) -> str:
    """The question that was searched for, where it is not the one that was typed; else nothing."""
    if answer.standalone_question in {"", answer.question}:
        return ""
    return element("div", "rag-searched", escaped(strings.searched_for + answer.standalone_question))


def card_html(evidence: Evidence, strings: Strings, *, show_number: bool) -> str:
    """One citation: file, page, section, and the sentence with the quote highlighted in it."""
    place = _place(evidence.source_name, evidence.page, evidence.heading_path, strings)
    number = element("span", "rag-number", str(evidence.number)) if show_number else ""
    gone = "" if evidence.around else element("div", "rag-note", escaped(strings.removed_since))
    sentence = element("div", "rag-sentence", highlighted(evidence.sentence))
    return element("div", "rag-card", element("div", "rag-place", number, place), sentence, gone)


def around_html(evidence: Evidence) -> str:
    """The quote in its wider surroundings."""
    return element("div", "rag-around", highlighted(evidence.around))


def highlighted(pieces: Sequence[Piece]) -> str:
    """A text with its quotes marked."""
    return "".join(
        element("mark", "rag-highlight", escaped(p.text)) if p.is_quote else escaped(p.text) for p in pieces
    )


def not_found_html(answer: Answer, strings: Strings) -> str:
    """The honest absence of an answer."""
    return element(
        "div", "rag-notice rag-not-found", element("strong", "rag-headline", escaped(answer.answer)),
        element("div", "rag-advice", escaped(strings.not_found_hint)),
    )


def nearest_html(passages: Sequence[Passage], strings: Strings) -> str:
    """The passages that came nearest, with nothing highlighted: they are no answer."""
    cards = [
        element(
            "div", "rag-card rag-nearest",
            element("div", "rag-place", _place(Path(p.source).name, p.page, p.heading_path, strings)),
            element("div", "rag-sentence", escaped(p.text)),
        )
        for p in passages[:NEAREST]
    ]
    return element("div", "rag-note", escaped(strings.not_an_answer)) + "".join(cards)


def _place(name: str, page: int | None, heading_path: Sequence[str], strings: Strings) -> str:
    parts = [element("span", "rag-source", escaped(name))]
    if page is not None:
        parts.append(element("span", "rag-page", escaped(strings.page.format(page))))
    if heading_path:
        parts.append(element("span", "rag-headings", escaped(_HEADINGS_BETWEEN.join(heading_path))))
    return "".join(parts)


def trouble_html(trouble: Trouble) -> str:
    """An error in words."""
    return element(
        "div", "rag-notice rag-trouble", element("strong", "rag-headline", escaped(trouble.headline)),
        element("div", "rag-advice", escaped(trouble.advice)),
    )


def progress_html(label: str, seconds: int | None = None) -> str:
    """Something is being done, for so many seconds already."""
    elapsed = "" if not seconds else element("span", "rag-elapsed", f" {seconds} s")
    return element("div", "rag-progress", '<span class="rag-spinner"></span>', escaped(label), elapsed)


def streaming_html(text: str) -> str:
    """The reply so far."""
    return element("div", "rag-answer rag-streaming", element("div", "rag-prose", escaped(text)))
