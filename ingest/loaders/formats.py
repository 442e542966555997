"""The formats that can be read: names, extensions and where each one's loader is.

A loader is imported when its first file comes: some take half a second. A loader is `(data, stem) -> LoadedDocument`;
it raises `LoadError`. A format whose files hold other files also has `members`, `(data) -> Iterator[Member]`.

Other packages add formats by entry points of the group `quoted_rag.loaders`, each of them a `Format`. Such a package is
code that somebody installed; one that cannot be used is passed over with a warning.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from ingest.documents import LoadedDocument
from ingest.loaders.large.text import Content
from ingest.loaders.members import Member

GROUP = "quoted_rag.loaders"
_log = logging.getLogger(__name__)

Loader = Callable[[Content, str], LoadedDocument]
MembersOf = Callable[[Content], Iterator[Member]]
PartsOf = Callable[[Content, str], Iterator[Member]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        mime: media type of its documents.
        name: completes "it is …".
        extensions: with their dots.
        loader: `module:function`.
        members: the same, where files hold other files.
        is_text: any text may be a file of this format, so that its name alone decides.
        parts: `module:function` that cuts large files into parts, `(data, name) -> Iterator[Member]`.
        package: in which the modules are; "" where they are named in full, as in other packages. Of such a format a
            file's name alone decides, too.
    """

    mime: str
    name: str
    extensions: tuple[str, ...]
    loader: str
    members: str | None = None
    is_text: bool = False
    parts: str | None = None
    package: str = "ingest.loaders"

    def load(self, data: Content, stem: str) -> LoadedDocument:
        """Read one file of this format; raises LoadError."""
        return cast(Loader, self._function(self.loader))(data, stem)

    def open_members(self, data: Content) -> Iterator[Member]:
        """Yield the files inside; raises LoadError. Only for formats that have `members`."""
        return cast(MembersOf, self._function(self.members or ""))(data)

    def open_parts(self, data: Content, name: str) -> Iterator[Member]:
        """Yield the parts of a large file; only for formats that have `parts`."""
        return cast(PartsOf, self._function(self.parts or ""))(data, name)

    def _function(self, name: str) -> object:
        module, function = name.split(":")
        return getattr(import_module(f"{self.package}.{module}" if self.package else module), function)


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_CODE = (
    *(".c .h .cc .cpp .cxx .hpp .hh .cs .java .kt .kts .scala .groovy .swift .m .mm .go .rs .zig .dart .php".split()),  # noqa: SIM905
    *(".js .mjs .cjs .jsx .ts .tsx .vue .svelte .rb .lua .pl .pm .r .jl .ex .exs .erl .hs .ml .clj .el".split()),  # noqa: SIM905
    *(".sh .bash .zsh .ps1 .bat .sql .proto .graphql .tf .cmake .gradle .css .scss".split()),  # noqa: SIM905
)
_PLAIN = (".txt", ".text", ".log", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".srt", ".vtt", ".tex", ".org",
          ".adoc")  # fmt: skip

_WORD = (".docx", ".docm", ".dotx", ".dotm")
_SLIDES = (".pptx", ".ppsx", ".pptm", ".potx", ".ppsm", ".potm")

_LINES = "large.text:lines_in_parts"
_ROWS = "large.text:rows_in_parts"

_OWN = (
    Format("application/pdf", "a PDF", (".pdf",), "pdf.loader:load_pdf"),
    Format(f"{_OFFICE}.wordprocessingml.document", "a Word document", _WORD, "docx:load_docx"),
    Format(f"{_OFFICE}.presentationml.presentation", "a PowerPoint file", _SLIDES, "pptx:load_pptx"),
    Format(f"{_OFFICE}.spreadsheetml.sheet", "an Excel workbook", (".xlsx", ".xlsm"), "xlsx:load_xlsx"),
    Format(f"{_OPEN}.text", "an OpenDocument text", (".odt",), "opendocument:load_opendocument"),
    Format(f"{_OPEN}.spreadsheet", "an OpenDocument spreadsheet", (".ods",), "opendocument:load_opendocument"),
    Format(f"{_OPEN}.presentation", "an OpenDocument presentation", (".odp",), "opendocument:load_opendocument"),
    Format("application/epub+zip", "an EPUB book", (".epub",), "epub:load_epub"),
    Format("application/rtf", "an RTF document", (".rtf",), "rtf:load_rtf"),
    Format(
        "text/html",
        "a web page",
        (".html", ".htm", ".xhtml"),
        "html:load_html",
        is_text=True,
        parts="large.html:html_in_parts",
    ),
    Format(
        "text/markdown",
        "Markdown",
        (".md", ".markdown"),
        "markdown:load_markdown",
        is_text=True,
        parts="large.markdown:markdown_in_parts",
    ),
    Format("text/x-rst", "reStructuredText", (".rst", ".rest"), "restructuredtext:load_restructuredtext", is_text=True),
    Format("text/csv", "a CSV table", (".csv",), "delimited:load_csv", is_text=True, parts=_ROWS),
    Format(
        "text/tab-separated-values",
        "a TSV table",
        (".tsv", ".tab"),
        "delimited:load_tsv",
        is_text=True,
        parts=_ROWS,
    ),
    Format("application/json", "JSON", (".json",), "json:load_json", is_text=True, parts="large.json:json_in_parts"),
    Format("application/jsonl", "JSON lines", (".jsonl", ".ndjson"), "json:load_jsonl", is_text=True, parts=_LINES),
    Format("application/x-ipynb+json", "a Jupyter notebook", (".ipynb",), "notebook:load_notebook", is_text=True),
    Format("text/x-python", "Python source", (".py", ".pyi"), "source_code:load_python", is_text=True),
    Format("text/x-source-code", "source code", _CODE, "source_code:load_code", is_text=True, parts=_LINES),
    Format("text/plain", "plain text", _PLAIN, "text:load_text", is_text=True, parts=_LINES),
    Format("message/rfc822", "an e-mail", (".eml",), "mail:load_mail", "mail:mail_members", is_text=True),
    Format("application/mbox", "a mailbox", (".mbox",), "mbox:load_mbox", "mbox:mbox_members", is_text=True),
    Format(
        "image/*",
        "a picture",
        (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"),
        "image:load_image",
    ),
    Format("application/zip", "a ZIP archive", (".zip",), "archive:load_archive", "archive:archive_members"),
)


def added_formats(points: Iterable[EntryPoint], known: Iterable[Format]) -> Iterator[Format]:
    """Formats of other packages; one that cannot be imported, or that takes another's extension, is passed over."""
    taken = {extension for f in known for extension in f.extensions}
    for point in points:
        try:
            found = point.load()
        except Exception as error:  # noqa: BLE001 - whatever another package raises, ours goes on
            _log.warning("the format %s cannot be used: %s", point.value, error)
            continue
        if not isinstance(found, Format) or found.package or taken & set(found.extensions):
            _log.warning(
                "the format %s is not used: it must be a Format with package='' and new extensions", point.value
            )
            continue
        taken |= set(found.extensions)
        yield found


FORMATS = (*_OWN, *added_formats(entry_points(group=GROUP), _OWN))
BY_MIME = {f.mime: f for f in FORMATS}
BY_EXTENSION = {extension: f for f in FORMATS for extension in f.extensions}
SUPPORTED_EXTENSIONS = tuple(BY_EXTENSION)
