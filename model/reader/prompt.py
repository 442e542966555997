"""What the reader reads before a passage: the conversation so far, the question, and where the passage stands.

[CLS] earlier question [SEP] its answer [SEP] … question [SEP] title › heading [SEP] passage [SEP]

Conversation and heading are left out where there are none. Each part has a segment of its own. Training and use build
their prompts here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from model.errors import CheckpointError
from model.tokenizer import TextTokenizer

QUESTION, PASSAGE, HISTORY, HEADING = range(4)  # segments; odd ones belong to the passage (match_features.py)

MAX_QUESTION = 64  # tokens; what is longer is cut at the end
MAX_HEADING = 40
MAX_EARLIER_QUESTION = 48
MAX_EARLIER_ANSWER = 40
MAX_TURNS = 2  # earlier questions with their answers, the last ones
HEADING_SEPARATOR = " › "

Turn = tuple[str, str]  # an earlier question and the answer that was given


class Special(NamedTuple):
    """Ids of [CLS], [SEP] and [PAD]."""

    cls: int
    sep: int
    pad: int


def special_of(tokenizer: TextTokenizer) -> Special:
    """The special tokens of a reader's tokenizer.

    Raises:
        CheckpointError: it has no [CLS], [SEP] and [PAD].
    """
    if tokenizer.cls is None or tokenizer.sep is None or tokenizer.pad is None:
        raise CheckpointError("this network's tokenizer has no [CLS], [SEP] and [PAD]: it is not a reader's")
    return Special(tokenizer.cls, tokenizer.sep, tokenizer.pad)


@dataclass(frozen=True, slots=True)
class Opening:
    """Token ids and segments of all that stands before the passage."""

    ids: list[int]
    segments: list[int]

    def __len__(self) -> int:
        return len(self.ids)


def opening(
    tokenizer: TextTokenizer, special: Special, question: str, history: Sequence[Turn] = (), heading: str = ""
) -> Opening:
    """The prompt up to where the passage begins.

    Args:
        tokenizer: of the network.
        special: its special tokens.
        question: as it was typed.
        history: earlier turns, oldest first; the last `MAX_TURNS` are read.
        heading: where the passage stands, such as "Staff handbook › Leave"; its end is kept if it is too long.
    """
    return Openings(tokenizer, special, question, history).before(heading)


class Openings:
    """The openings of one question over several passages: the question and the conversation are encoded once."""

    def __init__(self, tokenizer: TextTokenizer, special: Special, question: str, history: Sequence[Turn] = ()) -> None:
        """The arguments are those of `opening`."""
        self.tokenizer, self.special = tokenizer, special
        self._ids, self._segments = [special.cls], [QUESTION]
        for earlier, answer in history[-MAX_TURNS:]:
            for text, most in ((earlier, MAX_EARLIER_QUESTION), (answer, MAX_EARLIER_ANSWER)):
                self._add(tokenizer.encode(text).ids[:most], HISTORY)
        self._add(tokenizer.encode(question).ids[:MAX_QUESTION], QUESTION)

    def before(self, heading: str = "") -> Opening:
        """The opening before a passage that stands under `heading`."""
        if not heading:
            return Opening(list(self._ids), list(self._segments))
        tokens = self.tokenizer.encode(heading).ids[-MAX_HEADING:]
        return Opening([*self._ids, *tokens, self.special.sep], [*self._segments, *[HEADING] * (len(tokens) + 1)])

    def _add(self, tokens: Sequence[int], segment: int) -> None:
        self._ids += [*tokens, self.special.sep]
        self._segments += [segment] * (len(tokens) + 1)


def heading_of(title: str, path: Sequence[str]) -> str:
    """Title and headings in one line; a first heading that repeats the title is left out."""
    parts = [p.strip() for p in (title, *path) if p.strip()]
    return HEADING_SEPARATOR.join(dict.fromkeys(parts))
