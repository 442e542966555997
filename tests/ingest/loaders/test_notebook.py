import json
from typing import Any

import pytest

from ingest.loaders.errors import LoadError
from ingest.loaders.notebook import load_notebook

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "source": ["# Sales\n", "| City | Euro |\n|---|---|\n| Kiel | 5 |"]},
    {
        "cell_type": "code",
        "source": "x = 1\nprint(x)",
        "outputs": [
            {"output_type": "stream", "text": ["1\n"]},
            {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
            {"output_type": "stream", "text": "line\n" * 5000},
        ],
    },
]


def test_text_code_and_bounded_output_are_kept() -> None:
    document = load_notebook(json.dumps({"nbformat": 4, "cells": CELLS}).encode(), "stem")
    assert document.text.startswith("# Sales\nCity: Kiel; Euro: 5\n\nx = 1\nprint(x)\n\n1\n\n<Figure>\n\nline")
    assert document.title == "Sales" and document.headings[0].start == 0
    assert "AAAA" not in document.text and len(document.text) < 3000


def test_format_3_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["y = 2"]}]}]}
    assert load_notebook(json.dumps(old).encode(), "stem").text == "y = 2"


@pytest.mark.parametrize("data", [b"[]", b'{"cells": 5}', b"{", b"words"])
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(LoadError):
        load_notebook(data, "s")
