"""A folder of documents of several formats, English and Chinese, made of public texts."""

from __future__ import annotations

import html
import json
import lzma
import random
from collections.abc import Callable, Iterator
from pathlib import Path

_MAX_CHARACTERS = 15_000  # characters of a document
_MIN_CHARACTERS = 400
# Of a hundred documents.
_SHARES = {".md": 35, ".txt": 20, ".html": 15, ".docx": 15, ".pdf": 10, ".csv": 5}


def make_folder(folder: Path, texts: Path, documents: int) -> dict[str, int]:
    """Write `documents` files below `folder`, the same for the same arguments; return how many of each kind.

    Args:
        folder: is made; a hundred files go into each subfolder.
        texts: folder of JSON lines files, packed by xz or not, whose objects have a `text`.
        documents: how many.
    """
    source = random.Random(documents)
    found = _texts(texts)
    counts = dict.fromkeys(_SHARES, 0)
    kinds = list(_SHARES)
    for number in range(documents):
        text = next(found)
        (kind,) = source.choices(kinds, list(_SHARES.values()))
        if kind == ".pdf" and not text.isascii():
            kind = ".docx"  # the PDF writer has no Chinese font of its own
        path = folder / f"{number // 100:03d}" / f"{number:05d}{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[kind](path, text)
        counts[kind] += 1
    return counts


def _texts(folder: Path) -> Iterator[str]:
    """Yield texts of all files in turn, each file from its beginning."""
    paths = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.xz")])
    if not paths:
        raise FileNotFoundError(f"{folder} has no *.jsonl or *.jsonl.xz")
    streams = [_of_one(path) for path in paths]
    while streams:
        for stream in list(streams):
            text = next(stream, None)
            if text is None:
                streams.remove(stream)
            else:
                yield text
    raise ValueError(f"{folder} has too few texts")


def _of_one(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            text = str(json.loads(line)["text"])[:_MAX_CHARACTERS]
            if len(text) >= _MIN_CHARACTERS:
                yield text


def _plain(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _html(path: Path, text: str) -> None:
    title, *blocks = text.split("\n\n")
    body = "".join(f"<p>{html.escape(block)}</p>\n" for block in blocks)
    path.write_text(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{html.escape(title[:80])}</title></head>'
        f"<body><h1>{html.escape(title)}</h1>\n{body}</body></html>",
        encoding="utf-8",
    )


def _csv(path: Path, text: str) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Line", "Words"])
        writer.writerows([n, line] for n, line in enumerate(text.split("\n"), start=1) if line.strip())


def _docx(path: Path, text: str) -> None:
    import docx

    document = docx.Document()
    for block in text.split("\n\n"):
        words = "".join(c for c in block if c.isprintable() or c == "\n")
        if words.startswith("#"):
            document.add_heading(words.lstrip("# ").split("\n")[0], 1)
        else:
            document.add_paragraph(words)
    document.save(str(path))


def _pdf(path: Path, text: str) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.set_font("Helvetica", size=10)
    pdf.add_page()
    for block in text.split("\n\n"):
        pdf.multi_cell(0, 5, block, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    pdf.output(str(path))


_WRITERS: dict[str, Callable[[Path, str], None]] = {
    ".md": _plain, ".txt": _plain, ".html": _html, ".docx": _docx, ".pdf": _pdf, ".csv": _csv,
}  # fmt: skip
