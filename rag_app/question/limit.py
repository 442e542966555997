"""How long a question may be."""

from __future__ import annotations

# Characters. A reader with a window reads fifty words or so of a question anyway; what is longer than this is a text.
MAX_QUESTION_CHARACTERS = 1000


class QuestionTooLong(ValueError):  # noqa: N818 - says what is the case
    """A text was given for a question; `length` counts its characters."""

    def __init__(self, length: int) -> None:
        self.length = length
        super().__init__(
            f"this is too long for a question: {length:,} characters, and {MAX_QUESTION_CHARACTERS:,} are the most; "
            "ask in a sentence or two, and add a longer text as a document"
        )
