"""JSON and JSON lines: lists of objects become records, nested objects become sections."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.encoding import decode
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.normalise import normalise
from ingest.loaders.tables import clean_cell, record_lines

_MAX_BYTES = 50 << 20  # bytes of one JSON value: in memory it takes about ten times as much
_DEEPEST = 50
_PROSE = 300  # characters: a longer string stands in a paragraph of its own


def load_json(data: bytes, stem: str) -> LoadedDocument:
    """Read a JSON file; figures stay as they are written.

    Raises:
        LoadError: for anything but JSON, for more than 50 MB and for values nested more than 50 deep.
    """
    if len(data) > _MAX_BYTES:
        raise LoadError(
            f"it is larger than {_MAX_BYTES >> 20} MB; save its records as JSON lines (.jsonl)", FailureKind.TOO_LARGE
        )
    builder = DocumentBuilder()
    _add(builder, parse_json(decode(data)), 1)
    return builder.build("", stem)


def load_jsonl(data: bytes, stem: str) -> LoadedDocument:
    """Read one JSON value a line.

    Raises:
        LoadError: when no line holds JSON; lines that do not are named in the warning.
    """
    builder = DocumentBuilder()
    bad: list[int] = []
    good = 0
    builder.atomic_lines(_lines_of(decode(data), bad))
    document = builder.build("", stem)
    good = len(document.atomic_spans)
    if not good:
        raise LoadError("none of its lines is JSON; the file may be damaged", FailureKind.INVALID)
    shown = ", ".join(map(str, bad[:10])) + (", …" if len(bad) > 10 else "")
    warning = f"{len(bad)} lines are not JSON and were not read: {shown}" if bad else None
    return builder.build("", stem, warning)


def parse_json(text: str) -> Any:
    """Return a JSON value with its figures as strings, or raise LoadError."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError as error:
        raise LoadError(f"its values nest more than {_DEEPEST} deep", FailureKind.TOO_DEEP) from error
    except ValueError as error:
        raise LoadError(f"it is not valid JSON ({error}); the file may be damaged", FailureKind.INVALID) from error


def _lines_of(text: str, bad: list[int]) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
        except LoadError:
            bad.append(number)
            continue
        yield from record_lines(_pairs(value, "", 1))


def _add(builder: DocumentBuilder, value: Any, level: int) -> None:
    """Add one value: scalars of an object first, then its objects and lists as sections."""
    if level > _DEEPEST:
        raise LoadError(f"its values nest more than {_DEEPEST} deep", FailureKind.TOO_DEEP)
    if isinstance(value, dict):
        builder.atomic_lines(
            f"{clean_cell(key)}: {clean_cell(text)}" for key, text in _scalars(value) if not _is_prose(text)
        )
        for key, inner in value.items():
            if isinstance(inner, str) and _is_prose(inner):
                builder.heading(level, key)
                builder.paragraph(inner)
            elif isinstance(inner, (dict, list)) and inner and not _is_flat(inner):
                builder.heading(level, key)
                _add(builder, inner, level + 1)
    elif isinstance(value, list):
        for few in _runs(value):
            if isinstance(few, list):
                builder.atomic_lines(line for record in few for line in record_lines(_pairs(record, "", level)))
            else:
                _add(builder, few, level + 1)
    else:
        builder.paragraph(_scalar(value))


def _runs(values: list[Any]) -> Iterator[Any]:
    """Yield lists of neighbouring records, and each value with long texts in it by itself."""
    run: list[Any] = []
    for value in values:
        if isinstance(value, dict) and any(isinstance(v, str) and _is_prose(v) for v in value.values()):
            if run:
                yield run
            run = []
            yield value
        else:
            run.append(value)
    if run:
        yield run


def _pairs(value: Any, name: str, level: int) -> Iterator[tuple[str, str]]:
    """Yield the scalars inside a record with their dotted names."""
    if level > _DEEPEST:
        raise LoadError(f"its values nest more than {_DEEPEST} deep", FailureKind.TOO_DEEP)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(inner, f"{name}.{key}" if name else str(key), level + 1)
    elif isinstance(value, list) and not _is_flat(value):
        for inner in value:
            yield from _pairs(inner, name, level + 1)
    else:
        yield clean_cell(name), clean_cell(_scalar(value))


def _scalars(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if not isinstance(inner, (dict, list)) or _is_flat(inner):
            yield key, _scalar(inner)


def _is_flat(value: Any) -> bool:
    """Say whether a value is a list of short scalars, which fits on a line."""
    return isinstance(value, list) and not any(
        isinstance(v, (dict, list)) or (isinstance(v, str) and _is_prose(v)) for v in value
    )


def _is_prose(text: str) -> bool:
    return len(text) > _PROSE or "\n" in text.strip()


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(filter(None, map(_scalar, value)))
    return normalise(str(value))
