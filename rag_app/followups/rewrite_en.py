"""English follow-up questions made complete by rule: pronouns, fragments, bare question words, missing topics.

Only words of the conversation and a few function words are used.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from rag_app.followups.antecedent import Kind, antecedent
from rag_app.followups.conversation import Turn
from rag_app.followups.english import AUX, Token, is_rare, tokens, words_of
from rag_app.followups.phrases_en import Phrase, listed, phrases

_OPENING = re.compile(
    r"^((ok(ay)?|so|and|but|or|also|then|well|no|yes|thanks|right|hm+),?\s+)+(?=\S)|,? (then|though|"
    r"as well|too)(?=\?*$)",
    re.IGNORECASE,
)
_WHAT_ABOUT = re.compile(r"^(?:(?:what|how) about|same (?=for|with|in|on)|what if|even)\s*", re.IGNORECASE)
_PREPOSITIONS = words_of(
    "in on at for with without from by after before during under since until via through to into of"
)
_BARE = re.compile(
    r"^(why not|why so|how so|how come|why|how|when|where|who|since when|until when|by whom|for how long|how long|"
    r"how much|how many|how often|which ones?|with whom)\W*$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^(even )?(if|unless|when(?= (the|a|an|i|you|we|it|they)\b))\b", re.IGNORECASE)
_DO_IT = re.compile(r"\b(do|doing) (it|that|this|so)\b", re.IGNORECASE)
_ACTION = re.compile(
    r"\b(?:can|do|could|should|would|must|may) (?:i|you|we|one) (?!get\b)(.+?)[\s?.!]*$", re.IGNORECASE)
_MORE = re.compile(
    r"\b(more|details?|elaborate|go on|continue|explain|example|examples|expand|anything else|what else|"
    r"summari[sz]e)\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\bthe (former|latter|first|second|third|fourth|last)(?: (?:one|ones|option|method|way|kind|"
    r"type))?\b(?! \w*[a-z])",
    re.IGNORECASE,
)
_FORMER = re.compile(
    r"\bthe (former|latter|(?:first|second|third|fourth|last) (?:one|option|kind|type|method|way))\b", re.I)
_PLACES = {"former": 0, "first": 0, "second": 1, "third": 2, "fourth": 3, "latter": -1, "last": -1}
_NUMBER = re.compile(r"v?\d[\d.]*")
_SUBJECTS: dict[str, Kind] = {"it": "thing", "they": "many", "he": "person", "she": "person"}
_SELF = {"article", "section", "page", "document", "text", "passage", "case", "year", "time", "way"}
_HELPERS = {"will", "can", "does", "did", "would", "should", "could", "do", "must", "may", "might"}
_OBJECTS: dict[str, Kind] = {"them": "many", "him": "person", "itself": "thing"}
_POSSESSIVES: dict[str, Kind] = {"its": "thing", "their": "many", "his": "person", "her": "person"}
_NEGATED = {"is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't", "do": "don't", "does": "doesn't",
            "did": "didn't", "can": "can't", "could": "couldn't", "will": "won't", "would": "wouldn't", "has": "hasn't",
            "have": "haven't", "had": "hadn't", "should": "shouldn't"}
_TOPIC_WORDS = 9        # of a topic that is put into a question


def rewrite(question: str, turns: Sequence[Turn]) -> str:
    """`question` complete in itself; `turns` hold standalone questions, oldest first, at least one."""
    text = " ".join(question.split())
    core = _OPENING.sub("", text).strip() or text
    last = turns[-1]
    if match := _BARE.match(core):
        return _bare_question(match.group(1), last) or _with_topic(core, turns)
    if found := _list_item(core, last):
        return found
    if _CONDITION.match(core) and "," not in core:
        return f"{last.question.strip().rstrip(' ?.!')} {core.rstrip(' ?.!')}?"
    fragment = _WHAT_ABOUT.sub("", core) or core
    if _is_fragment(fragment):
        return _exchanged(fragment.strip(" ?.!"), core, last, turns)
    return _pronouns(fragment, turns) or _with_topic(fragment, turns)


def topic(turns: Sequence[Turn], beside: str = "") -> Phrase | None:
    """What was talked about last: the first named phrase of the last question that has one not said in `beside`."""
    said = {t.lower for t in tokens(beside)}
    for turn in reversed(turns):
        found = [p for p in phrases(turn.question) if not {t.lower for t in tokens(p.text) if t.telling} <= said]
        if found:
            return min(found, key=lambda p: (p.asked - p.named, p.start))
    found = phrases(turns[-1].answer) if turns else []
    return found[0] if found else None


def _is_fragment(text: str) -> bool:
    """A phrase without a verb, such as "in Germany?", "the second one"."""
    words = [t for t in tokens(text) if t.kind != "mark"]
    if any(t.lower == "any" for t in words):
        return False
    return bool(words) and len(words) <= 6 and not any(t.kind in {"aux", "wh", "verb"} for t in words) and not any(
        t.lower in {"i", "you", "we", "he", "she", "they"} for t in words
    )


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


def _list_item(text: str, last: Turn) -> str | None:
    """The item of the last answer's or question's enumeration in the place of "the latter", "the second one"."""
    match = _FORMER.search(text)
    if match is None:
        return None
    items = listed(last.answer) or listed(last.question)
    if not items and match.group(1).lower() in {"former", "latter"}:
        items = [p.text for p in phrases(last.answer, linked=False) if p.named][:2]
    place = _PLACES[match.group(1).split()[0].lower()]
    if not items or place >= len(items):
        return None
    return text[:match.start()] + items[place] + text[match.end():]


def _exchanged(fragment: str, core: str, last: Turn, turns: Sequence[Turn]) -> str:
    """The last question with the part that `fragment` is of a kind with put in its place, else with it added."""
    if _MORE.search(core) and len(tokens(core)) <= 6:
        about = topic(turns)
        return f"{core.rstrip(' ?.!')} about {_short(about.text)}?" if about else core
    question = last.question.strip().rstrip(" ?.!")
    first = tokens(fragment)[0]
    placed = first.lower in _PREPOSITIONS
    added = f"{question}{'' if placed else ','} {fragment}?"
    if last.answer.rstrip().endswith("?"):      # they were asked back: this is the reply
        return added
    if placed:
        return _exchanged_after(first.lower, fragment[first.end:].strip(), question) or added
    bare = re.sub(r"^((the|a|an|just|only)\s+)+", "", fragment, flags=re.IGNORECASE)
    if one := re.fullmatch(r"(.+?) ones?", bare):
        return _beside_head(one.group(1), question)
    same = _most_alike(bare, question)
    return _put(bare, same[0], question) if same else added


def _exchanged_after(preposition: str, body: str, question: str) -> str | None:
    """Put "in Germany" in the place of "in France", or of "Paris" where nothing else is "in" anything."""
    for t in reversed(tokens(question)):
        if t.lower == preposition and t.kind == "preposition":
            inside = [p for p in phrases(question, linked=False) if 0 <= p.start - t.end <= 6]
            if inside:
                return _put(body, inside[0], question)
    same = _most_alike(body, question) if preposition in {"in", "for", "on", "at"} else None
    if same is not None and same[1] >= 1 and _sort(tokens(body)) in {"name", "number"}:
        return _put(body, same[0], question)
    return None


def _put(new: str, old: Phrase, question: str) -> str:
    """`new` in the place of `old`; a number takes the place of the number in it ("Python 2.7" and "3")."""
    start, end = old.start, old.end
    if _NUMBER.fullmatch(new) and (number := _NUMBER.search(question, start, end)):
        start, end = number.span()
    return question[:start] + new + question[end:] + "?"


def _beside_head(modifier: str, question: str) -> str:
    """After "How big is the provision thread pool?", "the workflow one" changes the modifier."""
    ordinals = r"\b(first|second|third|last|next|previous|old|new|oldest|newest)\b"
    if re.fullmatch(ordinals, modifier, re.IGNORECASE) and re.search(ordinals, question, re.IGNORECASE):
        return re.sub(ordinals, modifier, question, count=1, flags=re.IGNORECASE) + "?"
    inside = [p for p in phrases(question, linked=False) if not p.asked and " " in p.text]
    if inside:
        old = inside[0]
        return question[:old.start] + modifier + old.text[old.text.index(" "):] + question[old.end:] + "?"
    return f"{question}, {modifier}?"


def _most_alike(fragment: str, question: str) -> tuple[Phrase, float] | None:
    """The phrase of a question that is most of a kind with `fragment`, with how much so."""
    new = [t for t in tokens(fragment) if t.telling]
    if not new:
        return None
    scored: list[tuple[float, int, Phrase]] = []
    for i, old in enumerate(phrases(question, linked=False)):
        words = [t for t in tokens(old.text) if t.telling]
        score = difflib.SequenceMatcher(a=fragment.lower(), b=old.text.lower()).ratio()
        score += 1.0 * (_sort(words) == _sort(new)) + 0.5 * (words[-1].lower == new[-1].lower) - 0.7 * old.asked
        scored.append((score, i, old))
    if not scored:
        return None
    best = max(scored, key=lambda s: s[:2])
    if best[0] < 0.6:       # nothing is alike: what was asked about stands last
        best = max(scored, key=lambda s: (not s[2].asked, s[1]))
    return best[2], best[0]


def _sort(words: Sequence[Token]) -> str:
    """Number, name, rare or common."""
    text = words[-1].text
    if _NUMBER.fullmatch(text):
        return "number"
    if any(t.text[0].isupper() for t in words):
        return "name"
    return "rare" if any(is_rare(t) for t in words) else "common"


def _pronouns(text: str, turns: Sequence[Turn]) -> str | None:
    """The question with its first pronoun of each kind replaced; None: it has none that can be."""
    if (match := _DO_IT.search(text)) and (action := _ACTION.search(turns[-1].question)):
        return text[:match.start()] + action.group(1) + text[match.end():]
    found = tokens(text)
    pieces: list[str] = []
    position, done = 0, set[Kind]()
    for i, t in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        kind, form = pronoun_kind(t, after, found[i - 1] if i else None)
        if kind is None or kind in done:
            continue
        put = antecedent(kind, text, turns, after.lower if after is not None else "")
        if put is None:
            continue
        done.add(kind)
        put = _short(put)
        end = t.end
        if form == "noun" and after is not None:
            head = after.lower.rstrip("s")
            if head in put.lower():
                end = after.end
            else:
                # "in that direction": "in the direction of Camelopardalis"
                noun_end = after.end
                pieces += [text[position:t.start], "the ", text[after.start:noun_end], " of ", put]
                position = noun_end
                continue
        elif form == "possessive":
            put += "'" if put.endswith("s") else "'s"
        elif form == "place":
            put = "in " + put
        pieces += [text[position:t.start], put]
        position = end
    return "".join([*pieces, text[position:]]) if pieces else None


def pronoun_kind(t: Token, after: Token | None, before: Token | None) -> tuple[Kind | None, str]:
    """What a pronoun may stand for and its form (subject, object, possessive, noun, place); None: no pronoun."""
    word = t.lower
    if word in {"this", "that", "these", "those"}:
        return _demonstrative(word, after, before)
    found: tuple[Kind | None, str] = None, ""
    if word == "it" and before is not None and before.lower in {"worth", "takes", "take"}:
        return found
    if word in _SUBJECTS:
        found = _SUBJECTS[word], "subject"
    elif word in _POSSESSIVES:
        found = _POSSESSIVES[word], "object" if word == "her" and (after is None or not after.telling) else "possessive"
    elif word in _OBJECTS:
        found = _OBJECTS[word], "object"
    elif word == "there" and (after is None or after.kind == "mark") and before is not None:
        found = "place", "place"
    return found


def _demonstrative(word: str, after: Token | None, before: Token | None) -> tuple[Kind | None, str]:
    """Whether "that" stands by itself, with a noun, or (no pronoun) before a clause."""
    kind: Kind = "thing" if word in {"this", "that"} else "many"
    if after is None:
        return kind, "subject"
    clause = word == "that" and before is not None and before.telling and not after.telling
    if clause or after.lower in _SELF:
        return None, ""
    helped = before is not None and before.lower in _HELPERS
    if after.kind in {"content", "name"} and not helped:
        return kind, "noun"
    return (kind, "subject") if helped or not after.telling else (None, "")


def _with_topic(text: str, turns: Sequence[Turn]) -> str:
    """The question with the last topic added at its end."""
    about = antecedent("topic", text, turns)
    if about is None:
        return text
    named = _short(about)
    body = text.rstrip(" ?.!")
    last = tokens(body)[-1] if tokens(body) else None
    if _MORE.search(body) and len(tokens(body)) <= 7:
        link = "of" if body.lower().endswith(("example", "examples", "details")) else "about"
    elif last is not None and last.lower in _PREPOSITIONS:
        link = ""
    else:
        link = "of" if last is not None and last.kind == "content" and tokens(body)[0].kind == "wh" and any(
            t.lower in AUX for t in tokens(body)[1:3]) and len(tokens(body)) <= 5 else "for"
    return " ".join(f"{body} {link} {named}".split()) + "?"


def _short(text: str) -> str:
    return " ".join(text.split()[:_TOPIC_WORDS])
