"""What was asked and answered in one browser tab, collection by collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag_app.ui.exchange import Exchange
from rag_app.ui.pending import PendingAnswer


@dataclass(slots=True)
class Conversation:
    """The exchanges so far, and the question that is being answered, if any.

    `is_fresh`: the last answer has come and is not drawn yet.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    pending: PendingAnswer | None = None
    is_fresh: bool = False

    def clear(self) -> None:
        """Begin anew; an answer in the making is dropped."""
        self.exchanges.clear()
        self.pending = None
