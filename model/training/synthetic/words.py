"""A word of a text with its place, and whether it says anything by itself."""

from __future__ import annotations

from dataclasses import dataclass

# Words that say nothing by themselves.
_FUNCTION_WORDS = """
a an the of in on at by for from to with without into onto over under between among against during through about
across after before since until till per than as like via near and or but nor so if whether while because is are was
were be been being am do does did have has had can could will would shall should may might must not 's ’s that which
who whom whose what when where why how there then it its he him his she her hers they them their this these those i you
we me my your our us one also other any some all more else besides aside up out off down
"""
FUNCTION = frozenset(_FUNCTION_WORDS.split())
_FUNCTION_ZH = frozenset("的了呢吗么是在有和与或也都就还又被把对从到为吧啊呀之")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a Chinese character or a mark, with its place."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """Lower case, with a straight apostrophe."""
        return self.text.lower().replace("’", "'")

    @property
    def telling(self) -> bool:
        """Says something by itself; a mark does too, see `content`."""
        return self.lower not in FUNCTION and self.text not in _FUNCTION_ZH

    @property
    def content(self) -> bool:
        """Telling, and no mark."""
        return self.text[0].isalnum() and self.telling

    @property
    def capitalised(self) -> bool:
        """Perhaps a name."""
        return self.text[0].isupper() and self.telling
