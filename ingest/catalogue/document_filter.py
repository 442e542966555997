"""Which documents a search may look into: by path, folder, type, language, tag and date.

A filter is compiled to one SQL condition whose values are all bound parameters, so a value can be no SQL, and a
pattern is matched by a regular expression that cannot backtrack.
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ingest.errors import FilterError
from ingest.loaders.formats import BY_EXTENSION, BY_MIME, FORMATS

LANGUAGES = ("en", "zh")
_NAMES_DECIDE = {"text/plain", "text/x-source-code", "image/*"}  # many kinds of files: their extensions tell them apart
_WILDCARD = re.compile(r"[*?\[]")
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_MAX_CHARACTERS = 4096  # characters of a value
_MAX_VALUES = 100  # values of one field
_CHANGED = "COALESCE(s.modified_at, f.ingested_at)"


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """The documents that may answer. Several values of a field are alternatives; all fields must hold.

    A document that has several paths (identical copies) is chosen if one of them fits.

    Attributes:
        source: paths, file names, ends of paths (`contracts/lease.pdf`) or patterns (`*.md`, `*/2024/*`: `*` and `?`
            stand for any characters, `/` too). A file whose very name is a pattern is meant by its name, and by that of
            an archive or an e-mail all that is in it.
        folder: paths of folders, or of archives: everything below.
        type: extensions (`pdf`, `.docx`) or media types (`text/markdown`).
        language: `en` or `zh`, what most of the document is written in.
        tag: as given to `rag ingest --tag`.
        since: first day on which the file was changed last (or, where that is not known, was ingested), local time.
        until: last such day, included.

    Raises:
        FilterError: a value that no document could have: an unknown type or language, an empty or endless text.

    Example:
        >>> DocumentFilter.of(folder="/data/contracts", type=["pdf", "docx"], since="2024-01-01").type
        ('pdf', 'docx')
    """

    source: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        for name in VALUES:
            values: tuple[str, ...] = getattr(self, name)
            if len(values) > _MAX_VALUES:
                raise FilterError(f"{name}: {len(values)} values are too many; give at most {_MAX_VALUES}")
            for value in values:
                if not value.strip() or len(value) > _MAX_CHARACTERS or _UNSTORABLE.search(value):
                    raise FilterError(f"{name} {value[:80]!r}: give 1 to {_MAX_CHARACTERS} characters of text")
        for value in self.type:
            _type_condition(value)
        for value in self.language:
            if value not in LANGUAGES:
                raise FilterError(f"language {value!r} is not known; documents are told apart as 'en' and 'zh'")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise FilterError(f"no day is since {self.since} and until {self.until}; exchange them")

    @classmethod
    def of(cls, **values: Any) -> "DocumentFilter":
        """Make a filter of single values or lists of them; days as `date` or `YYYY-MM-DD`. None means: not given.

        Raises:
            FilterError: an unknown field or an unusable value.
        """
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name not in {*VALUES, *DAYS}:
                raise FilterError(f"a filter has no {name!r}; it has {', '.join((*VALUES, *DAYS))}")
            if value is None:
                continue
            found[name] = _day(name, value) if name in DAYS else _texts(name, value)
        return cls(**found)

    @classmethod
    def from_any(cls, given: "DocumentFilter | Mapping[str, Any] | None") -> "DocumentFilter":
        """Take a filter, the values of one, or None for no filter.

        Raises:
            FilterError: see `of`.
        """
        if given is None:
            return cls()
        return given if isinstance(given, DocumentFilter) else cls.of(**{str(k): v for k, v in given.items()})

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return any(getattr(self, f.name) for f in fields(self))

    def describe(self) -> str:
        """Return it in words, such as `folder /data/contracts, type pdf or docx, since 2024-01-01`."""
        parts = [f"{name} {' or '.join(getattr(self, name))}" for name in VALUES if getattr(self, name)]
        parts += [f"{name} {getattr(self, name)}" for name in DAYS if getattr(self, name)]
        return ", ".join(parts)

    def single_values(self) -> "list[tuple[str, str, DocumentFilter]]":
        """Return `(field, value, the filter of just that value)` for each value but days."""
        return [(name, value, DocumentFilter.of(**{name: value})) for name in VALUES for value in getattr(self, name)]

    def condition(self) -> tuple[str, list[object]]:
        """Return a condition on `sources s` and `documents f`, and its parameters; "" without any value."""
        makers = {"source": _source_condition, "folder": _folder_condition, "type": _type_condition,
                  "language": _language_condition, "tag": _tag_condition}  # fmt: skip
        clauses: list[str] = []
        parameters: list[object] = []
        for name in VALUES:
            made = [makers[name](value) for value in getattr(self, name)]
            if made:
                clauses.append("(" + " OR ".join(clause for clause, _ in made) + ")")
                parameters += [p for _, values in made for p in values]
        if self.since is not None:
            clauses.append(f"{_CHANGED} >= ?")
            parameters.append(_begin_of(self.since))
        if self.until is not None:
            clauses.append(f"{_CHANGED} < ?")
            parameters.append(_begin_of(self.until + timedelta(days=1)))
        return " AND ".join(clauses), parameters


VALUES = ("source", "folder", "type", "language", "tag")
DAYS = ("since", "until")


def type_of(mime: str) -> str:
    """Return the value of `type` that stands for a media type: its usual extension where that says it all."""
    found = BY_MIME.get(mime)
    return mime if found is None or mime in _NAMES_DECIDE or "*" in mime else found.extensions[0].removeprefix(".")


def path_matches(path: str, pattern: str) -> bool:
    """Whether a pattern fits a whole path, or its end after a `/`. SQLite calls it."""
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}")


def _source_condition(value: str) -> tuple[str, list[object]]:
    tail = "/" + value.lstrip("/")
    named = "(s.source = ? OR substr(s.source, ?) = ? OR s.container = ? OR substr(s.container, ?) = ?)"
    parameters: list[object] = [value, -len(tail), tail] * 2
    if not _WILDCARD.search(value):
        return named, parameters
    # The name itself comes first: `notes[1].md` means that file where it is there.
    of_that_name = f"EXISTS (SELECT 1 FROM sources s WHERE {named})"  # noqa: S608
    return f"({named} OR (path_matches(s.source, ?) AND NOT {of_that_name}))", [*parameters, value, *parameters]


def _folder_condition(value: str) -> tuple[str, list[object]]:
    folder = (value.rstrip("/") or "") + "/"
    return "substr(s.source, 1, ?) = ?", [len(folder), folder]


def _type_condition(value: str) -> tuple[str, list[object]]:
    wanted = value.lower()
    if "/" in wanted:
        return "f.mime = ?", [wanted]
    extension = "." + wanted.removeprefix(".")
    found = BY_EXTENSION.get(extension)
    if found is None:
        known = ", ".join(sorted({f.extensions[0].removeprefix(".") for f in FORMATS}))
        raise FilterError(f"type {value!r} is not one that can be read; give an extension ({known}, …) or a media type")
    if found.mime in _NAMES_DECIDE:
        return "(f.mime = ? AND lower(substr(s.source, ?)) = ?)", [found.mime, -len(extension), extension]
    return "f.mime = ?", [found.mime]


def _language_condition(value: str) -> tuple[str, list[object]]:
    return "f.language = ?", [value]


def _tag_condition(value: str) -> tuple[str, list[object]]:
    return "EXISTS (SELECT 1 FROM json_each(s.tags) t WHERE t.value = ?)", [value]


def _texts(name: str, value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(values, Iterable):
        raise FilterError(f"{name} {value!r}: give a text or a list of texts")
    texts = tuple(os.fspath(v) if isinstance(v, os.PathLike) else v for v in values)
    if not all(isinstance(text, str) for text in texts):
        raise FilterError(f"{name} {value!r}: give a text or a list of texts")
    return tuple(dict.fromkeys(texts))


def _day(name: str, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise FilterError(f"{name} {value!r} is no day; write it as 2024-12-31") from error


def _begin_of(day: date) -> str:
    """Return the first moment of a day, as the catalogue writes times."""
    try:
        return datetime.combine(day, time()).astimezone().astimezone(UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError) as error:
        raise FilterError(f"{day} is out of range") from error
