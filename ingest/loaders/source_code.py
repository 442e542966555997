"""Source code as it is written, cut at its definitions: each function or class is a section.

Python is parsed; in other languages a definition is a line that looks like one.
"""

import ast
import re
import warnings
from itertools import accumulate

from ingest.documents import Heading, LoadedDocument
from ingest.loaders.encoding import decode
from ingest.loaders.normalise import normalise

_NAME = r"[\w$.:<>~*&!?-]+"
_DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|inline|"
    r"virtual|override|open|sealed|data|pub(?:\([\w ]+\))?|unsafe|extern|const|local|partial)\s+)*"
    r"(?:(?:class|interface|struct|enum|trait|impl|module|namespace|protocol|object|record|type|union|message|service|"
    r"function|func|fn|def|fun|sub|procedure|defmodule|defp?|resource|variable)\b\s*(?:\([^)]{0,100}\)\s*)?"
    rf"(?P<name>{_NAME})"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|FUNCTION|PROCEDURE|TRIGGER|INDEX)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<table>[\w.\"`\[\]]+)"
    r"|(?:(?:const|let|var)\s+)(?P<arrow>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\([^)]{0,200}\)\s*=>|[\w$]+\s*=>)"
    r"|(?P<shell>[\w-]+)\s*\(\)\s*\{)",
    re.I,
)
# `int main(int argc)` and Java's methods: words, a name, parameters, and no semicolon at the end.
_C_FUNCTION = re.compile(
    r"^(?P<indent>[ \t]{0,8})(?!return\b|else\b|if\b|for\b|while\b|switch\b|new\b|throw\b|case\b)"
    r"[A-Za-z_][\w:<>,*&\[\]]*(?:\s+[\w:<>,*&\[\]]+){0,5}[\s*&]+(?P<name>~?[A-Za-z_][\w:~]*)\s*\([^;{}]{0,300}\)?[^;]{0,80}$"
)
_KEPT_ABOVE = re.compile(r"^\s*(?://|/\*|\*|#|--|;;|@|\[|'''|\"\"\")")
_MAX_LINE = 1000  # characters: a longer one is no definition
_MAX_HEADINGS = 20_000


def load_python(data: bytes, stem: str) -> LoadedDocument:
    """Read Python source; a file with a syntax error is cut like other languages.

    Raises:
        LoadError: for binary content or an unknown encoding.
    """
    text = normalise(decode(data))
    try:
        with warnings.catch_warnings():  # of invalid escapes in somebody else's strings
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _document(text, _by_pattern(text.split("\n")), stem)
    found: list[tuple[int, int, str]] = []
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
                kind = "class" if isinstance(child, ast.ClassDef) else "def"
                found.append((first - 1, level, f"{kind} {child.name}"))
                waiting.append((child, level + 1))
            elif isinstance(child, (ast.If, ast.Try, ast.With)):
                waiting.append((child, level))
    return _document(text, sorted(found), stem)


def load_code(data: bytes, stem: str) -> LoadedDocument:
    """Read source code of any other language; raises LoadError as `load_python` does."""
    text = normalise(decode(data))
    return _document(text, _by_pattern(text.split("\n")), stem)


def _by_pattern(lines: list[str]) -> list[tuple[int, int, str]]:
    """Return `(line, level, name)` of the lines that look like definitions; the indentation gives the level."""
    found: list[tuple[int, int, str]] = []
    open_indents: list[int] = []
    for number, line in enumerate(lines):
        if len(line) > _MAX_LINE or not line.strip():
            continue
        match = _DEFINITION.match(line) or _C_FUNCTION.match(line)
        named = next((g for k, g in match.groupdict().items() if g and k != "indent"), "") if match else ""
        name = named.rstrip(":{*&")
        if match is None or not name:
            continue
        indent = len(match["indent"].expandtabs(4))
        while open_indents and open_indents[-1] >= indent:
            open_indents.pop()
        open_indents.append(indent)
        first = number
        while first > 0 and _KEPT_ABOVE.match(lines[first - 1]) and (not found or first - 1 > found[-1][0]):
            first -= 1  # its comment and its annotations
        found.append((first, len(open_indents), name))
    return found[:_MAX_HEADINGS]


def _document(text: str, definitions: list[tuple[int, int, str]], stem: str) -> LoadedDocument:
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    headings = tuple(Heading(level, name, starts[line]) for line, level, name in definitions)
    atomic = tuple((start, start + len(line)) for start, line in zip(starts, lines, strict=False) if line.strip())
    return LoadedDocument(text=text, mime="", title=stem, headings=headings, atomic_spans=atomic)
