"""JSON-lines files, plain or xz-compressed: training data and evaluation sets."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class DataError(ValueError):
    """A data file that cannot be used, with the file, the line and what is wrong."""


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a file, one a line; empty lines are passed over.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or a line is not a JSON object.
    """
    number = 0
    try:
        with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError(f"{path}, line {number}: not a JSON object")
                yield row
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {number}: not JSON ({error})") from error
    except (UnicodeDecodeError, lzma.LZMAError) as error:
        raise DataError(f"{path}: not UTF-8 text ({error})") from error
