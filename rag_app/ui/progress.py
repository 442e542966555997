"""How far a question is that is being answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What is being done for a question."""

    LOADING = "loading"
    SEARCHING = "searching"
    READING = "reading"


@dataclass(slots=True)
class Progress:
    """Written by the thread that answers, read by the page.

    `text` is what the model has said so far; it is not checked against the documents yet.
    """

    phase: Phase = Phase.LOADING
    text: str = ""
