"""Prompt templates, one file a purpose and language; a file of the same name in `<home>/prompts` takes precedence.

A template is plain text with `{question}`-style fields (`str.format`). Only the template is interpreted: what is
put into a field stays text, whatever braces it holds.
"""

from __future__ import annotations

import string
from importlib.resources import files
from pathlib import Path

from model.text.language import Language

_FIELDS: dict[str, set[str]] = {
    "answer": {"passages", "question"},
    "passage": {"number", "title", "text"},
    "not_found": set(),
    "possible": set(),
    "small_talk": set(),
    "about": set(),
    "misquoted": set(),
    "misnumbered": set(),
}


class PromptError(ValueError):
    """A template that cannot be used: which file and why."""


def load_prompt(name: str, lang: Language, home: Path | None = None) -> str:
    """Text of a template, the user's own if there is one.

    Raises:
        PromptError: the file uses a field that this prompt does not have, or its braces do not match.
    """
    file = f"{name}.{lang}.txt"
    own = home / "prompts" / file if home is not None else None
    if own is not None and own.exists():
        where = str(own)
        try:
            text = own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"{where}: cannot be read as UTF-8 text ({error})") from error
    else:
        text, where = files(__name__).joinpath(file).read_text(encoding="utf-8"), file
    try:
        used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        raise PromptError(f"{where}: {error}; write {{{{ and }}}} for a brace") from error
    unknown = used - _FIELDS[name]
    if unknown:
        raise PromptError(f"{where}: unknown fields {sorted(unknown)}; it may use {sorted(_FIELDS[name])}")
    return text.rstrip("\n")
