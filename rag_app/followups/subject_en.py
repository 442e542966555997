"""What an English question is about and how that is introduced, as signs for the gate.

"insulin", "bicycles" and "a merge join" need no introduction; "the fee" mostly was introduced before.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from rag_app.followups.english import Token, is_rare, stem

_POINTING = {"the", "any", "this", "that", "these", "those", "other", "some"}


def subject_signs(words: Sequence[Token], pointer: str, said: Set[str]) -> dict[str, float]:
    """Signs of the first noun phrase that is not itself asked for.

    Args:
        words: of the question.
        pointer: what points back in it: "pronoun", "item" or "no pronoun".
        said: stems of the words that were said.
    """
    runs = _noun_runs(words)
    about = [r for r in runs if not r[2]] or runs
    if not about:
        return {"no subject": 1.0}
    first, last, _ = about[0]
    kind = _introduced(words, first, last)
    new = "said" if stem(words[last - 1].lower) in said else "new"
    size = "more words" if last - first > 1 else "one word"
    place = "only phrase" if len(runs) == 1 else "asked for" if about is runs else "one of several"
    verb = "with a verb" if any(t.kind == "verb" for t in words) else "without a verb"
    more = ("", f", {new}", f", {size}", f", {place}", f", {verb}")
    return {f"subject {kind}{m}, {pointer}": 1.0 for m in more}


def _introduced(words: Sequence[Token], first: int, last: int) -> str:
    before = words[first - 1].lower if first else ""
    head = words[last - 1].lower
    if any(t.kind == "name" or is_rare(t) for t in words[first:last]):
        return "special"
    if before in _POINTING:
        return "definite"
    if before in {"a", "an"}:
        return "indefinite"
    return "bare plural" if head.endswith("s") and not head.endswith("ss") else "bare"


def _noun_runs(words: Sequence[Token]) -> list[tuple[int, int, bool]]:
    """Indices [first, last) of runs of nouns and names, and whether each is asked for ("which printers")."""
    found: list[tuple[int, int, bool]] = []
    i = 0
    while i < len(words):
        j = i
        while j < len(words) and words[j].kind in {"content", "name"}:
            j += 1
        if j > i:
            before = [t.lower for t in words[max(0, i - 2):i]]
            asked = before[-1:] in (["what"], ["which"], ["whose"]) or before in (["how", "many"], ["how", "much"])
            found.append((i, j, asked))
        i = max(j, i + 1)
    return found
