"""The parts of an Office Open XML package (ECMA-376) and the relationships between them."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from ingest.loaders.errors import LoadError
from ingest.loaders.package import DAMAGES, parse_xml

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

# "Strict Open XML" names the same elements by other namespaces. Only declarations are rewritten, never text.
_STRICT = re.compile(rb"""(xmlns(?::[\w.-]+)?\s*=\s*["'])http://purl\.oclc\.org/ooxml/(\w+)/""")
_MAX_NUMBER_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship: the last word of its type (`header`, `styles`, `chart`) and the path of the part it names."""

    kind: str
    target: str


class OfficePackage:
    """Reads the parts of an open package. What cannot be read of the less important ones is kept in `lost`."""

    def __init__(self, package: ZipFile) -> None:
        self._package = package
        self.lost: list[str] = []

    def xml(self, path: str) -> etree._Element:
        """Return the root of a part without which there is no document.

        Raises:
            LoadError: for damaged XML.
            KeyError: when the part is not there, and the other errors of `DAMAGES`.
        """
        data = self._package.read(path)
        return parse_xml(_STRICT.sub(rb"\1http://schemas.openxmlformats.org/\2/2006/", data), recover=False)

    def optional_xml(self, path: str | None, what: str) -> etree._Element | None:
        """Return the root of a part that a document can do without; what it holds is lost when it is damaged."""
        if path is None:
            return None
        try:
            return self.xml(path)
        except (*DAMAGES, LoadError):
            self.lost.append(what)
            return None

    def relations(self, path: str) -> dict[str, Relation]:
        """Return the relationships of a part by id (of the package for ""), without those that lead out of it."""
        folder, name = posixpath.split(path)
        try:
            root = parse_xml(self._package.read(posixpath.join(folder, "_rels", f"{name}.rels")))
        except KeyError:  # a part that refers to no other
            return {}
        found = {}
        for element in root:
            target = element.get("Target")
            if target and element.get("TargetMode") != "External":
                inside = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
                found[element.get("Id") or ""] = Relation((element.get("Type") or "").rpartition("/")[2], inside)
        return found

    def main_path(self, usual: str) -> str:
        """Return the path of the main part, which is `usual` in a package that does not say."""
        return _first(self.relations(""), "officeDocument") or usual

    def title(self) -> str:
        """Return the title that the document's properties state, or ""."""
        root = self.optional_xml(_first(self.relations(""), "core-properties"), "properties")
        title = None if root is None else root.find("{http://purl.org/dc/elements/1.1/}title")
        return "" if title is None else (title.text or "").strip()


def _first(relations: dict[str, Relation], kind: str) -> str | None:
    return next((r.target for r in relations.values() if r.kind == kind), None)


def whole_number(text: str | None, otherwise: int) -> int:
    """Return what an attribute states, or `otherwise` where it is no whole number of a sensible size."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_NUMBER_DIGITS else otherwise
