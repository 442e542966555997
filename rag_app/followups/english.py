"""English words of a question by their kind: enough grammar for follow-up questions, without a tagger.

Function words are closed classes and are listed; common verbs are listed and inflected by rule; a name is a word with
a capital, a digit or a sign inside it. Everything else counts as a noun or adjective.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Kind = Literal["wh", "aux", "pronoun", "determiner", "preposition", "conjunction", "adverb", "verb", "name", "content",
               "mark"]


def words_of(words: str) -> frozenset[str]:
    """A set of words that are written with spaces between."""
    return frozenset(words.split())


WH = words_of("what what's which who whom whose when where why how who's where's how's when's")
AUX = words_of(
    "is are was were be been being am do does did have has had can could will would shall should may might must "
    "isn't aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't"
)
PRONOUN = words_of(
    "i me my mine myself you your yours yourself we us our ours it its itself he him his himself she her hers herself "
    "they them their theirs themselves this that these those there here one ones another other others someone anyone "
    "everyone something anything everything nothing somebody anybody everybody nobody none each both either neither "
    "same former latter such it's that's there's he's she's they're they've he'd she'd they'd else"
)
DETERMINER = words_of("a an the some any no all every many much more most few several enough less least")
PREPOSITION = words_of(
    "of in on at by for from to with without within into onto over under between among against during through about "
    "across after before since until till per than as like via near outside inside behind beyond upon toward towards "
    "out up down off around along despite except regarding concerning besides aside versus vs instead because"
)
CONJUNCTION = words_of("and or but nor so if whether while though although unless because once then than")
ADVERB = words_of(
    "not just only also too even still yet already again ever never now then there here back away very really quite "
    "rather soon later often always usually sometimes once twice instead otherwise first last finally eventually "
    "actually exactly please ok okay well anyway long far away ago together however maybe currently today specifically "
    "originally initially directly manually automatically possible necessary true able allowed"
)
_BASE_VERBS = """
accept access achieve add affect agree allow answer appear apply arrive ask assign attend become begin belong block
break bring build buy call care carry cause change charge check choose claim clean close collect combine come compare
complete consider consist contain continue control convert cost count cover create cut deal decide define delete
depend describe determine develop die differ disable disband discover discuss do draw drop earn eat employ enable end
enter establish exist expect expire explain export fail fall feel fight fill find finish fit fix flow follow form
fund gain get give go grow handle happen have hear help hit hold ignore imply import improve include increase
influence install introduce invent involve join keep kill know lack last launch lead learn leave let lie list live
load locate look lose love make manage marry mean measure meet mention migrate move name need occur offer open operate
organize override own participate pass pay perform pick play point prefer prepare present prevent print produce
protect prove provide publish pull push put raise reach react read receive recommend record reduce refer release
remain remember remove rename replace represent request require reset respond restart restore result retire return
review run save say see seem select sell send serve set share show sign skip solve spend stand start state stay stop
store study succeed suffer suggest support survive switch take talk teach tell think throw train treat try turn
update upgrade use vary verify visit wait walk want warn watch wear win wonder work write
"""
_IRREGULAR = """
became began begun broke broken brought built bought came chose chosen dealt died done drew drawn ate eaten fell
fallen felt fought found gave given got gotten gone went grew grown had heard held kept knew known led left lost made
meant met paid put ran said saw seen sold sent shown sold spent stood took taken taught told thought threw won wore
worn wrote written born
"""
_WORD = re.compile(r"[^\W_]+(?:[-_./:#@&+\\][^\W_]+|['’](?!s\b)[^\W_]+|::[^\W_]+)*(?:\+\+|#)?|\$\w+|['’]s\b|[^\w\s]")
_SHAPED = re.compile(r"\d|[_/\\#@+$]|::|.[A-Z]|\w\.\w")


def _inflected(verb: str) -> list[str]:
    if verb.endswith("ee"):
        return [verb, verb + "s", verb + "ing"]
    if verb.endswith("e"):
        return [verb, verb + "s", verb + "d", verb[:-1] + "ing"]
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"]
    s = "es" if verb.endswith(("s", "x", "ch", "sh", "o")) else "s"
    doubled = verb + verb[-1] if re.search(r"[^aeiou][aeiou][bdgmnprt]$", verb) else verb
    return [verb, verb + s, doubled + "ed", doubled + "ing", verb + "ed", verb + "ing"]


VERB = frozenset(form for verb in _BASE_VERBS.split() for form in _inflected(verb)) | words_of(_IRREGULAR)
_CLASSES: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("wh", WH), ("aux", AUX), ("pronoun", PRONOUN), ("determiner", DETERMINER), ("preposition", PREPOSITION),
    ("conjunction", CONJUNCTION), ("adverb", ADVERB),
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark with its place."""

    text: str
    start: int
    end: int
    kind: Kind

    @property
    def lower(self) -> str:
        """Lower case, with a straight apostrophe."""
        return self.text.lower().replace("’", "'")

    @property
    def telling(self) -> bool:
        """A noun, a name, an adjective or a verb."""
        return self.kind in {"verb", "name", "content"}


def tokens(text: str) -> list[Token]:
    """Words and marks of an English text."""
    found: list[Token] = []
    first = True
    for match in _WORD.finditer(text):
        word = match.group()
        kind = _kind(word, first=first)
        # "the claim", "its use": after a determiner or a possessive comes no verb.
        if kind == "verb" and found and (found[-1].lower in {"a", "an", "the", "this", "that", "its", "their", "his",
                                                             "my", "your", "of", "'s"}):
            kind = "content"
        found.append(Token(word, match.start(), match.end(), kind))
        first = kind == "mark" and word in ".?!:" if kind == "mark" else False
    return found


def _kind(word: str, *, first: bool) -> Kind:
    lower = word.lower().replace("’", "'")
    if not re.search(r"\w", word) or lower == "'s":
        return "mark"
    for kind, words in _CLASSES:
        if lower in words and not (word.isupper() and len(word) > 1 and lower in {"it", "us", "who"}):
            return kind
    if _SHAPED.search(word) or (word[0].isupper() and not first):
        return "name"
    if lower in VERB:
        return "verb"
    if word[0].isupper() and lower not in rank():
        return "name"
    return "content"


@cache
def rank() -> dict[str, int]:
    """Common English words with their place by frequency, 0 first; counted in documentation and encyclopedia text."""
    text = resources.files("rag_app.followups").joinpath("common_words.txt").read_text(encoding="utf-8")
    return {word: i for i, word in enumerate(text.split())}


def is_rare(token: Token) -> bool:
    """Whether the word says something specific: not a common word, nor the plain inflection of one."""
    word = token.lower
    common = rank()
    if word in common or word in VERB or not token.telling:
        return False
    stems = {word.removesuffix(s) for s in ("s", "es", "ed", "ing", "ly", "er", "d")}
    return not any(stem in common or stem + "e" in common or stem in VERB for stem in stems)


def stem(word: str) -> str:
    """A lower-case word without its commonest endings: a rough form to compare by."""
    for suffix in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[:-len(suffix)]
    return word
