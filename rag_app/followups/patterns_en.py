"""English words that go on, point back, ask for more or define: one list for the gate's signs and for the rewriting."""

from __future__ import annotations

import re

from rag_app.followups.english import words_of

_ABOUT = "(?:what|how) about"
_SAME = r"same (?=(?:for|with|in|on)\b)"
_ORDINALS = "first|second|third|fourth|last"
_GO_ON = "ok(?:ay)?|so|and|but|or|also|then|no|yes"
_MORE = "more|elaborate|details?|examples?|explain|continue"
_NO_DEFINITION = "the"      # "what are the causes" asks for those of something
_AFTER_WHEN = "is|are|was|were|do|does|did|can|could|will|would|has|have|had|should|must|may|might"

BEGINNING = re.compile(
    r"^(and|or|but|so|then|also|even|with|without|why not|how so|what if|what else|who else|where else|"
    r"anything else|any (others?|more|other)|for|by whom|since when|until when|which ones?|in that case|"
    r"if so|if not|just|only|ok(ay)?,? (and|but|so)|back to|no,|yes,|other than)\b",
    re.IGNORECASE,
)
# What may be left out in front of a question or behind it.
OPENING = re.compile(
    rf"^((?:{_GO_ON}|well|thanks|right|hm+),?\s+)+(?=\S)|,? (then|though|as well|too)(?=\?*$)", re.IGNORECASE)
WHAT_ABOUT = re.compile(rf"\b{_ABOUT}\b|^{_SAME}|\bthe same\b", re.IGNORECASE)
BEGINS_WHAT_ABOUT = re.compile(rf"^(?:{_ABOUT}|{_SAME}|what if|even)\s*", re.IGNORECASE)
DEFINITION = re.compile(
    rf"^(what|who|where)('s| is| are| was| were) (?!{_NO_DEFINITION}\b)(an? )?\S+( \S+)?( \S+)?\??$"
    r"|^(define|describe|explain)\b"
    r"|\b(stands? for|short for|define[ds]?|mean|meant by|definition|the word|the term)\b"
    r"|^what (does|do|did) \S+( \S+)? do\b",
    re.IGNORECASE,
)
INDEFINITE = re.compile(r"^what(?:'s| is) an? |^define\b", re.IGNORECASE)
SUBORDINATE = re.compile(
    rf"^(if|after|before|while|once|given|when(?! ({_AFTER_WHEN})\b)(?= \w+ ))\b", re.IGNORECASE)
MORE = re.compile(rf"\b({_MORE}|tell|say|give|know|need)\b", re.IGNORECASE)
ONLY_MORE = re.compile(rf"\b({_MORE}|go on|expand|anything else|what else|summari[sz]e)\b", re.IGNORECASE)
# "is there a …", "does it take …", "the fact that is …": words that look like pronouns and point at nothing
EXPLETIVE = re.compile(
    r"\b(?:is|was|are|were|be|does|did|do|will|would|can|could|isn't|doesn't) it (?:really |still |even )?"
    r"(?:ok|okay|possible|necessary|true|allowed|mandatory|required|better|best|enough|safe|legal|worth|important|"
    r"all right|take|mean|matter|happen|cost|been|so|hard|easy|rain|"
    r"snow|freeze|get (?:dark|cold|hot))\b(?= (?:to|that|for|if|when)\b|.{12})"
    r"|\bthere\b(?= (?:is|are|was|were|be|been|any|a|an|no|other|some|going|more|enough|such|still|so)\b)"
    r"|(?<=\bis )there\b|(?<=\bare )there\b|(?<=\bwas )there\b|(?<=\bwere )there\b|(?<=\bbe )there\b"
    r"|\b(?:does|did|will) it (?:rain|snow|freeze)\b"
    r"|\b(?:has|have|had) it (?:always |ever )?been (?:so |that )?\w+ to\b"
    r"|\bit takes?\b|\bthere's\b|\bthis (?:year|month|week|morning|evening)\b",
    re.IGNORECASE,
)
# Words before which "that" opens a clause.
THAT_CLAUSE = words_of(
    "is are was were has have had can could will would do does did may might must should don't doesn't isn't aren't "
    "aren won't can't it they he she you i we the a an"
)
ITEM = re.compile(
    rf"\b(the ({_ORDINALS}|next|previous|two|three|new|old)"
    r"(?=\W*$|[,;]| (ones?|two|is|are|was|were|do|does|did|can|has|have|will|would|to|in|on|for|at|with|from|or|"
    r"and)\b)|"
    r"the (former|latter|others?|rest|one|ones|same(?!\W*$))|"
    r"(another|other|each|either|neither|both|which|any|this|that|newer|older|new) ones?|the \w+ ones?|"
    r"another|others|neither|either|both|"
    r"else(?! (is|are|was|were|do|does|did|can|has|have)\b)|instead(?! of)|otherwise|such|one of (them|those|these))\b",
    re.IGNORECASE,
)
# One of several things that were said.
LISTED_ITEM = re.compile(
    rf"\bthe (former|latter|(?:{_ORDINALS}) (?:one|option|kind|type|method|way))\b", re.IGNORECASE)
ORDINAL = re.compile(rf"\b({_ORDINALS}|next|previous|old|new|oldest|newest)\b", re.IGNORECASE)
