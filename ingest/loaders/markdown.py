"""Markdown, kept as its author wrote it; only the headings are read out."""

import re
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.encoding import decode
from ingest.loaders.normalise import normalise

# CommonMark would read the end of YAML front matter as the underline of a heading.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.M | re.I)


def load_markdown(data: bytes, stem: str) -> LoadedDocument:
    """Read Markdown; the title is the front matter's, else the first heading, else the file's name.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    text = normalise(decode(data))
    front = _FRONT_MATTER.match(text)
    body_start = front.end() if front else 0
    headings = _headings(text, body_start)
    stated = _FRONT_TITLE.search(front.group()) if front else None
    first = next((h.title for h in headings if h.title), stem)
    title = stated.group(1) if stated else first
    return LoadedDocument(text=text, mime="text/markdown", title=title, headings=headings)


def _headings(text: str, body_start: int) -> tuple[Heading, ...]:
    lines = text[body_start:].split("\n")
    line_starts = list(accumulate((len(line) + 1 for line in lines), initial=body_start))
    tokens = MarkdownIt("commonmark").parse(text[body_start:])
    return tuple(
        Heading(level=int(opening.tag[1:]), title=_plain(inline), start=line_starts[opening.map[0]])
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.map is not None
    )


def _plain(inline: Token) -> str:
    """Return a heading's words without its markup."""
    kept = {"text", "code_inline", "softbreak", "hardbreak"}
    words = "".join(child.content or " " for child in inline.children or () if child.type in kept)
    return " ".join(words.split())
