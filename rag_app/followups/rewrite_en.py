"""English follow-up questions made complete: pronouns, fragments, bare question words, missing topics.

Only words of the conversation and a few function words are used. What a pronoun stands for, or which topic is missing,
is found by rule unless the caller knows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_app.followups.antecedent import antecedent
from rag_app.followups.conversation import Turn
from rag_app.followups.english import AUX, tokens
from rag_app.followups.exchange_en import PREPOSITIONS, exchanged, is_fragment
from rag_app.followups.patterns_en import BEGINS_WHAT_ABOUT, LISTED_ITEM, ONLY_MORE, OPENING
from rag_app.followups.phrases_en import Phrase, listed, phrases
from rag_app.followups.pronouns_en import short, with_antecedents

_BARE = re.compile(
    r"^(why not|why so|how so|how come|why|how|when|where|who|since when|until when|by whom|for how long|how long|"
    r"how much|how many|how often|which ones?|with whom)\W*$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^(even )?(if|unless|when(?= (the|a|an|i|you|we|it|they)\b))\b", re.IGNORECASE)
_PLACES = {"former": 0, "first": 0, "second": 1, "third": 2, "fourth": 3, "latter": -1, "last": -1}
_NEGATED = {"is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't", "do": "don't", "does": "doesn't",
            "did": "didn't", "can": "can't", "could": "couldn't", "will": "won't", "would": "wouldn't", "has": "hasn't",
            "have": "haven't", "had": "hadn't", "should": "shouldn't"}


def rewrite(question: str, turns: Sequence[Turn], meant: Sequence[str] = ()) -> str:
    """`question` complete in itself.

    Args:
        question: it depends on what was said.
        turns: standalone questions with their answers, oldest first, at least one.
        meant: words of the turns that it leaves out or means by pronouns, in its order, where they are known.
    """
    text = " ".join(question.split())
    core = OPENING.sub("", text).strip() or text
    last = turns[-1]
    if match := _BARE.match(core):
        return _bare_question(match.group(1), last) or _with_topic(core, turns, meant)
    if found := _list_item(core, last, meant):
        return found
    if _CONDITION.match(core) and "," not in core:
        return f"{last.question.strip().rstrip(' ?.!')} {core.rstrip(' ?.!')}?"
    fragment = BEGINS_WHAT_ABOUT.sub("", core) or core
    if is_fragment(fragment):
        fragment = fragment.strip(" ?.!")
        if ONLY_MORE.search(core) and len(tokens(core)) <= 6:
            about = meant[0] if meant else named.text if (named := topic(turns)) else ""
            return f"{core.rstrip(' ?.!')} about {short(about)}?" if about else core
        return exchanged(fragment, last)
    return with_antecedents(fragment, turns, meant) or _with_topic(fragment, turns, meant)


def topic(turns: Sequence[Turn], beside: str = "") -> Phrase | None:
    """What was talked about last: the first named phrase of the last question that has one not said in `beside`."""
    said = {t.lower for t in tokens(beside)}
    for turn in reversed(turns):
        found = [p for p in phrases(turn.question) if not {t.lower for t in tokens(p.text) if t.telling} <= said]
        if found:
            return min(found, key=lambda p: (p.asked - p.named, p.start))
    found = phrases(turns[-1].answer) if turns else []
    return found[0] if found else None


def _bare_question(asked: str, last: Turn) -> str | None:
    """After "Was it accepted?" - "No", "why?" becomes "Why wasn't it accepted?"."""
    found = tokens(last.question)
    aux = next((i for i, t in enumerate(found) if t.kind == "aux"), None)
    if aux is None or aux > 6:
        return None
    rest = last.question[found[aux].end:].strip(" ?.!")
    verb = found[aux].text.lower()
    lowered = asked.lower()
    if lowered in {"why", "why so", "how so", "how come", "why not"} and aux == 0 and (
        lowered == "why not" or re.match(r"no\b|not\b", last.answer, re.IGNORECASE)
    ):
        verb = _NEGATED.get(verb, verb)
    lead = "Why" if lowered in {"why", "why not", "why so", "how so", "how come"} else asked[0].upper() + asked[1:]
    return f"{lead} {verb} {rest}?"


def _list_item(text: str, last: Turn, meant: Sequence[str]) -> str | None:
    """The item of the last answer's or question's enumeration in the place of "the latter", "the second one"."""
    match = LISTED_ITEM.search(text)
    if match is None:
        return None
    items = listed(last.answer) or listed(last.question)
    if not items and match.group(1).lower() in {"former", "latter"}:
        items = [p.text for p in phrases(last.answer, linked=False) if p.named][:2]
    place = _PLACES[match.group(1).split()[0].lower()]
    item = items[place] if items and place < len(items) else meant[0] if meant else None
    return text[:match.start()] + item + text[match.end():] if item else None


def _with_topic(text: str, turns: Sequence[Turn], meant: Sequence[str]) -> str:
    """The question with the last topic added at its end."""
    about = max(meant, key=len) if meant else antecedent("topic", text, turns)
    if about is None:
        return text
    named = short(about)
    body = text.rstrip(" ?.!")
    last = tokens(body)[-1] if tokens(body) else None
    if ONLY_MORE.search(body) and len(tokens(body)) <= 7:
        link = "of" if body.lower().endswith(("example", "examples", "details")) else "about"
    elif last is not None and last.lower in PREPOSITIONS:
        link = ""
    else:
        link = "of" if last is not None and last.kind == "content" and tokens(body)[0].kind == "wh" and any(
            t.lower in AUX for t in tokens(body)[1:3]) and len(tokens(body)) <= 5 else "for"
    return " ".join(f"{body} {link} {named}".split()) + "?"
