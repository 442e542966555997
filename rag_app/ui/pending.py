"""A question being answered in a thread of its own, so that a click elsewhere on the page does not lose it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from ingest.catalogue.document_filter import DocumentFilter
from ingest.library import Library
from rag_app.answers.evidence import evidence_of
from rag_app.settings import Settings
from rag_app.ui.engine import Engine
from rag_app.ui.exchange import Exchange, chat_history
from rag_app.ui.progress import Phase, Progress

_log = logging.getLogger(__name__)


class PendingAnswer:
    """Runs the chain; the page looks at `progress` until `finished`, then takes `exchange`.

    Attributes:
        exchange: what came of it, set before `finished` is.
    """

    def __init__(
        self,
        question: str,
        before: Sequence[Exchange],
        *,
        settings: Settings,
        library: Library,
        engine: Engine,
        chosen: DocumentFilter,
        searched_in: str,
    ) -> None:
        self.question = question
        self.progress = Progress()
        self.finished = threading.Event()
        self.exchange = Exchange(question)
        self._before = tuple(before)
        self._settings = settings
        self._library = library
        self._engine = engine
        self._chosen = chosen
        self._searched_in = searched_in
        threading.Thread(target=self._run, name="answer", daemon=True).start()

    def _run(self) -> None:
        try:
            self.exchange = self._answer()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told in words, not by a silent thread
            _log.exception("a question could not be answered")
            self.exchange = Exchange(self.question, error=error, searched_in=self._searched_in)
        finally:
            self.finished.set()

    def _answer(self) -> Exchange:
        model = self._engine.load()
        from rag_app.chain import build_chain
        from rag_app.ui.chain_progress import ChainProgress

        self.progress.phase = Phase.SEARCHING
        chain = build_chain(self._settings, library=self._library, model=model)
        answer = chain.invoke(
            {"question": self.question, "chat_history": chat_history(self._before), "filter": self._chosen},
            config={"callbacks": [ChainProgress(self.progress)]},
        )
        is_local = self._settings.chat_model == "local"
        evidence = evidence_of(answer, self._library, numbered_by_passage=not is_local)
        return Exchange(self.question, answer, evidence, searched_in=self._searched_in)
