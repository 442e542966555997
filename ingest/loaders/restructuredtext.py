"""reStructuredText, parsed by docutils with includes, raw markup and settings files switched off."""

import re
from collections.abc import Iterator
from typing import cast

from docutils import nodes
from docutils.core import publish_doctree

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.encoding import decode
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.normalise import normalise

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,  # what Sphinx adds to the language is no error to tell of
    "halt_level": 6,
    "doctitle_xform": False,
    "smart_quotes": False,
    "line_length_limit": 1 << 30,  # looked at here
    "syntax_highlight": "none",
}
_UNREAD = (nodes.comment, nodes.substitution_definition, nodes.target, nodes.raw, nodes.pending, nodes.meta)
_ROLE = re.compile(r"^:[\w.:+-]+:`~?!?(?:([^`<]*?)\s*<[^`>]*>|([^`]*))`$|^`([^`]*)`:[\w.:+-]+:$")
_DIRECTIVE = re.compile(r"^\.\. [\w:.+-]+::[ \t]*(.*)\n?(?:[ \t]+:[\w-]+:.*\n?)*")
_MAX_BYTES = 20 << 20  # bytes: docutils takes about a second for 100 kB
_MAX_LINE = 10_000  # characters: docutils takes time that grows with the square of a line of marks
_DEEPEST = 60  # sections, lists and quotes inside one another


def load_restructuredtext(data: bytes, stem: str) -> LoadedDocument:
    """Read a document: sections give headings, tables become records, markup is taken off the words.

    Roles and directives that only Sphinx knows keep their words.

    Raises:
        LoadError: for binary content, an unknown encoding, or a document that docutils cannot take.
    """
    if len(data) > _MAX_BYTES:
        raise LoadError(
            f"it is larger than {_MAX_BYTES >> 20} MB, too much for reStructuredText; save it as .txt",
            FailureKind.TOO_LARGE,
        )
    text = normalise(decode(data))
    if max(map(len, text.split("\n"))) > _MAX_LINE:
        too_long = f"it has lines of more than {_MAX_LINE:,} characters and was read as plain text"
        return LoadedDocument(text=text, mime="", title=stem, warning=too_long)
    try:
        tree = publish_doctree(text, settings_overrides=_SETTINGS)
    except RecursionError as error:
        raise LoadError("it nests too deep for reStructuredText; save it as .txt", FailureKind.TOO_DEEP) from error
    except Exception as error:  # docutils lets out whatever its directives stumble over
        raise LoadError(
            f"it is not valid reStructuredText ({type(error).__name__}: {error})", FailureKind.INVALID
        ) from error
    builder = DocumentBuilder()
    _add(builder, tree, 0, 0)
    return builder.build("", "", fallback=stem)


def _add(builder: DocumentBuilder, parent: nodes.Element, level: int, depth: int) -> None:
    """Add the blocks in `parent`; `level` is that of the section around."""
    if depth > _DEEPEST:
        raise LoadError(f"it nests more than {_DEEPEST} deep; save it as .txt", FailureKind.TOO_DEEP)
    for index, node in enumerate(parent.children):
        if isinstance(node, _UNREAD):
            continue
        if isinstance(node, nodes.section):
            _add(builder, node, level + 1, depth + 1)
        elif isinstance(node, nodes.title):
            title = _words(node)
            builder.heading(max(1, level), title) if isinstance(parent, nodes.section) else builder.paragraph(title)
        elif isinstance(node, nodes.system_message):
            _add_unknown(builder, node)
        elif isinstance(node, nodes.table):
            _add_table(builder, node)
        elif isinstance(node, nodes.literal_block):
            builder.atomic_lines(node.astext().split("\n"))
        elif isinstance(node, (nodes.list_item, nodes.definition_list_item, nodes.field)) and _is_simple(node):
            builder.list_item(_item(node), is_first=index == 0)
        elif isinstance(node, nodes.TextElement):
            builder.paragraph(_words(node))
        elif isinstance(node, nodes.Element):
            _add(builder, node, level, depth + 1)


def _is_simple(item: nodes.Element) -> bool:
    """Say whether an item is one line with nothing below it but its definition."""
    blocks = [b for c in item.children for b in ([c] if isinstance(c, nodes.TextElement) else c.children)]
    return all(isinstance(b, nodes.TextElement) and not isinstance(b, nodes.literal_block) for b in blocks)


def _item(item: nodes.Element) -> str:
    parts = [_words(b) for c in item.children for b in ([c] if isinstance(c, nodes.TextElement) else c.children)]
    named = isinstance(item, (nodes.definition_list_item, nodes.field)) and len(parts) > 1
    return f"{parts[0]}: {' '.join(parts[1:])}" if named else " ".join(parts)


def _words(node: nodes.Element) -> str:
    """Return the words of a paragraph; a role that only Sphinx knows leaves its text."""
    parts: list[str] = []
    for leaf in node.findall(nodes.Text):
        if any(isinstance(parent, _UNREAD) for parent in _up_to(leaf, node)):
            continue
        role = _ROLE.match(leaf.astext()) if isinstance(leaf.parent, nodes.problematic) else None
        parts.append(next((g for g in role.groups() if g), "") if role else leaf.astext())
    text = "".join(parts)
    return text if isinstance(node, nodes.FixedTextElement) else " ".join(text.split())


def _up_to(leaf: nodes.Text, top: nodes.Element) -> Iterator[nodes.Element]:
    node = leaf.parent
    while node is not None and node is not top:
        yield node
        node = node.parent


def _add_unknown(builder: DocumentBuilder, message: nodes.system_message) -> None:
    """Add the words inside a directive that docutils does not know, without its name and options."""
    if "Unknown directive type" not in message.astext():
        return  # an include, which is switched off, or a mistake
    for block in message.findall(nodes.literal_block):
        source = block.astext()
        if match := _DIRECTIVE.match(source):
            builder.paragraph(match.group(1))
            lines = source[match.end() :].split("\n")
            builder.paragraph("\n".join(line.strip() for line in lines))


def _add_table(builder: DocumentBuilder, table: nodes.table) -> None:
    for title in table.findall(nodes.title):
        builder.paragraph(_words(title))
    head = [_cells(cast(nodes.row, row)) for part in table.findall(nodes.thead) for row in part.findall(nodes.row)]
    body = [_cells(cast(nodes.row, row)) for part in table.findall(nodes.tbody) for row in part.findall(nodes.row)]
    if head:  # a header of several rows is one name for each column
        names = [" ".join(filter(None, column)) for column in zip(*head, strict=False)]
        builder.table([names, *body], "stated")
    else:
        builder.table(body, "unknown")


def _cells(row: nodes.row) -> list[str]:
    cells: list[str] = []
    for entry in row.children:
        element = cast(nodes.Element, entry)
        words = " ".join(_words(cast(nodes.Element, b)) for b in element.children if isinstance(b, nodes.Element))
        cells += [words, *[""] * min(int(element.get("morecols", 0)), 100)]
    return cells
