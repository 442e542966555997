"""Errors in words: what is wrong and what to do. A stack trace goes to the terminal, never to the page."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.embedding.embedder import EmbedderError
from ingest.errors import FilterError, FingerprintMismatch, LibraryError, LibraryLocked
from ingest.loaders import LoadError
from rag_app.prompts import PromptError
from rag_app.question.limit import MAX_QUESTION_CHARACTERS, QuestionTooLong
from rag_app.retrieval.rerank import RerankerError
from rag_app.settings import SettingsError
from rag_app.ui.string_fields import Strings


@dataclass(frozen=True, slots=True)
class Trouble:
    """A headline and what to do about it; both are text, not markup."""

    headline: str
    advice: str


def explain(error: Exception, strings: Strings) -> Trouble:
    """Put an error into words. The messages of our own errors say what to do; others get a general hint."""
    if isinstance(error, QuestionTooLong):
        hint = strings.trouble_too_long_hint.format(error.length, MAX_QUESTION_CHARACTERS)
        return Trouble(strings.trouble_too_long, hint)
    known: tuple[tuple[type[Exception], str], ...] = (
        (LibraryLocked, strings.trouble_locked),
        (FingerprintMismatch, strings.trouble_fingerprint),
        (FilterError, strings.trouble_filter),
        (LibraryError, strings.trouble_library),
        (EmbedderError, strings.trouble_embedder),
        (RerankerError, strings.trouble_reranker),
        (SettingsError, strings.trouble_settings),
        (PromptError, strings.trouble_settings),
        (LoadError, strings.trouble),
    )
    for kind, headline in known:
        if isinstance(error, kind):
            return Trouble(headline, str(error))
    if isinstance(error, FileNotFoundError) or _is_checkpoint_error(error):
        return Trouble(strings.trouble_weights, f"{error}. {strings.trouble_weights_hint}")
    return Trouble(strings.trouble, f"{type(error).__name__}: {error}. {strings.trouble_unknown_hint}")


def _is_checkpoint_error(error: Exception) -> bool:
    from model.checkpoint import CheckpointError  # imports torch, which an error is worth

    return isinstance(error, CheckpointError)
