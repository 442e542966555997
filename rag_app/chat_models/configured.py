"""The chat model that the settings name."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from ingest.resources import shipped
from rag_app.chat_models.local_gpt import ChatLocalGPT
from rag_app.settings import Settings, SettingsError


def build_chat_model(settings: Settings) -> BaseChatModel:
    """The configured chat model.

    Raises:
        SettingsError: LangChain cannot build `chat_model`, for example because its provider's package is missing.
    """
    if settings.chat_model == "local":
        checkpoint = settings.reader or shipped("models/reader")
        return ChatLocalGPT(checkpoint=checkpoint, min_confidence=settings.min_confidence)
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(settings.chat_model)
    except (ImportError, ValueError) as error:
        raise SettingsError(f"chat_model {settings.chat_model!r}: {error}") from error
