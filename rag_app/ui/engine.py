"""The models of this process: loaded once, in a thread, and shared by all collections and browser tabs."""

from __future__ import annotations

import logging
import threading
from enum import Enum
from typing import TYPE_CHECKING

from rag_app.collection import build_embedder
from rag_app.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_log = logging.getLogger(__name__)


class Stage(Enum):
    """What the engine is doing."""

    IDLE = "idle"
    SEARCH = "loading the search model"
    READER = "loading the reader"
    READY = "ready"


class Engine:
    """Embedder and chat model. Safe to share between threads: one lock serialises the heavy imports.

    Attributes:
        stage: for people.

    Raises:
        EmbedderError: the embedding model is not on this machine.
    """

    def __init__(self, settings: Settings) -> None:
        self.embedder = build_embedder(settings)
        self.stage = Stage.IDLE
        self._settings = settings
        self._lock = threading.RLock()
        self._has_search = False
        self._model: BaseChatModel | None = None

    def warm_up(self) -> None:
        """Begin to load, in the background; a failure is told to whoever asks next."""
        threading.Thread(target=self._load_quietly, name="warm-up", daemon=True).start()

    def load_search(self) -> None:
        """Load what searching and ingesting need; returns at once when that is there.

        Raises:
            EmbedderError: the embedding model cannot be used.
        """
        with self._lock:
            if not self._has_search:
                with self._at(Stage.SEARCH):
                    import chromadb  # noqa: F401 - takes a second, better now than at the first upload

                    from ingest.keywords.terms import segmenter

                    segmenter()  # its Chinese dictionary takes another
                    self.embedder.embed_query("warm up")
                    self._has_search = True

    def load(self) -> BaseChatModel:
        """Load everything, wait for it and return the chat model; after a failure the next call tries again.

        Raises:
            EmbedderError: the embedding model cannot be used.
            CheckpointError, FileNotFoundError: the reader's weights are missing or damaged.
            SettingsError: LangChain cannot build the configured chat model.
        """
        with self._lock:
            self.load_search()
            if self._model is None:
                with self._at(Stage.READER):
                    from rag_app.chat_models.configured import build_chat_model
                    from rag_app.chat_models.local_gpt import ChatLocalGPT

                    model = build_chat_model(self._settings)
                    if isinstance(model, ChatLocalGPT):
                        model.load()
                    elif "streaming" in type(model).model_fields:
                        model.streaming = True  # type: ignore[attr-defined]
                    self._model = model
            self.stage = Stage.READY
            return self._model

    def _at(self, stage: Stage) -> _StageScope:
        return _StageScope(self, stage)

    def _load_quietly(self) -> None:
        try:
            self.load()
        except Exception:  # noqa: BLE001 - the page shows it when a question needs the model
            _log.warning("the models could not be loaded ahead of the first question", exc_info=True)


class _StageScope:
    """Says what is being loaded while it is."""

    def __init__(self, engine: Engine, stage: Stage) -> None:
        self._engine = engine
        self._stage = stage

    def __enter__(self) -> None:
        self._engine.stage = self._stage

    def __exit__(self, *_: object) -> None:
        self._engine.stage = Stage.IDLE
