"""Jupyter notebooks: the text cells as Markdown, the code cells line by line, and what they printed."""

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.encoding import decode
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.json import parse_json
from ingest.loaders.markdown import read_markdown
from ingest.loaders.normalise import normalise

_MAX_OUTPUT = 2000  # characters of one output: logs and tables of thousands of rows are no prose
_MAX_BYTES = 200 << 20


def load_notebook(data: bytes, stem: str) -> LoadedDocument:
    """Read a notebook of format 3 or 4; pictures and widgets among its outputs are left out.

    Raises:
        LoadError: when it is no notebook.
    """
    notebook = parse_json(decode(data))
    if not isinstance(notebook, dict):
        raise LoadError("it is named like a Jupyter notebook but is none", FailureKind.MISNAMED)
    cells = notebook.get("cells")
    if cells is None:  # format 3
        sheets = _dicts(notebook.get("worksheets"))
        cells = [cell for sheet in sheets for cell in _dicts(sheet.get("cells"))]
    builder = DocumentBuilder()
    for cell in _dicts(cells):
        source = _joined(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "markdown":
            builder.document(read_markdown(source, ""))
        elif cell.get("cell_type") == "heading":
            builder.heading(1, source)
        elif cell.get("cell_type") == "code":
            builder.atomic_lines(source.split("\n"))
            for output in _outputs(cell):
                builder.atomic_lines(output.split("\n"))
        else:
            builder.paragraph(source)
    return builder.build("", "", fallback=stem)


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    if values is not None and not isinstance(values, list):
        raise LoadError("the notebook is damaged: its cells are not a list", FailureKind.DAMAGED)
    yield from (value for value in values or () if isinstance(value, dict))


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    """Yield what a cell printed or returned as text, each cut to a bounded length at a line's end."""
    for output in _dicts(cell.get("outputs")):
        shown = output.get("data")
        text = _joined(output.get("text") or (shown.get("text/plain") if isinstance(shown, dict) else None))
        if len(text) > _MAX_OUTPUT:
            text = text[:_MAX_OUTPUT].rpartition("\n")[0] or text[:_MAX_OUTPUT]
        if text.strip():
            yield text


def _joined(source: Any) -> str:
    if isinstance(source, Iterable) and not isinstance(source, str):
        source = "".join(line for line in source if isinstance(line, str))
    return normalise(source) if isinstance(source, str) else ""
