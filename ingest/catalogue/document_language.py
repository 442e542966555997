"""The language of a document, as it is stored: English or Chinese."""

from model.text.language import language_of

JUDGED = 20_000  # characters of a document by which its language is told


def document_language(text: str) -> str:
    """Return `zh` or `en` by the beginning of a text, "" if that is empty."""
    beginning = text[:JUDGED]
    return language_of(beginning) if beginning.strip() else ""
