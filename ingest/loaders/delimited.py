"""Tables as text, CSV and TSV: each row a record."""

import csv
import io
from collections.abc import Iterator

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.encoding import decode
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.normalise import normalise

_DELIMITERS = ",;\t|"
_JUDGED = 50  # lines
_MAX_FIELD = 1 << 20  # characters


def load_csv(data: bytes, stem: str) -> LoadedDocument:
    """Read a CSV file with any usual delimiter (comma, semicolon, tab, bar).

    Raises:
        LoadError: for binary content, an unknown encoding, or a field longer than a million characters.
    """
    text = normalise(decode(data))
    return _load(text, _delimiter(text), "text/csv", stem)


def load_tsv(data: bytes, stem: str) -> LoadedDocument:
    """Read a file of tab-separated values; raises LoadError as `load_csv` does."""
    return _load(normalise(decode(data)), "\t", "text/tab-separated-values", stem)


def _load(text: str, delimiter: str, mime: str, stem: str) -> LoadedDocument:
    builder = DocumentBuilder()
    builder.table(_rows(text, delimiter), "likely")
    return builder.build(mime, stem)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_MAX_FIELD)
    # Excel writes the delimiter into a first line of its own.
    lines = io.StringIO(text.split("\n", 1)[1] if text[:4].lower() == "sep=" and "\n" in text else text, newline="")
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=False)
    except csv.Error as error:
        raise LoadError(f"its rows cannot be told apart ({error}); is it a table?", FailureKind.INVALID) from error


def _delimiter(text: str) -> str:
    """Return the character that cuts the first lines into the same number of fields, more than one, most often."""
    if text[:4].lower() == "sep=" and text[4:5] in _DELIMITERS:
        return text[4:5]
    lines = [line for line in text[:100_000].split("\n")[:_JUDGED] if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            return 0, 0
        return sum(count == counts[0] for count in counts) if counts and counts[0] > 1 else 0, counts[0]

    return max(_DELIMITERS, key=agreement) if lines else ","
