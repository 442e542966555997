"""The formats that can be read: names, extensions and where each one's loader is.

A loader is imported when its first file comes: some take half a second. A loader is `(data, stem) -> LoadedDocument`;
it raises `LoadError`. A format whose files hold other files also has `members`, `(data) -> Iterator[Member]`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from ingest.documents import LoadedDocument
from ingest.loaders.large.text import Content
from ingest.loaders.members import Member

Loader = Callable[[Content, str], LoadedDocument]
MembersOf = Callable[[Content], Iterator[Member]]
PartsOf = Callable[[Content, str], Iterator[Member]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `name` completes "it is …"; `loader` and `members` are `module:function` in this package.

    `is_text` says that any text may be a file of this format, so that its name alone decides. `parts`, likewise, cuts
    large files of a format into parts, `(data, name) -> Iterator[Member]`.
    """

    mime: str
    name: str
    extensions: tuple[str, ...]
    loader: str
    members: str | None = None
    is_text: bool = False
    parts: str | None = None

    def load(self, data: Content, stem: str) -> LoadedDocument:
        """Read one file of this format; raises LoadError."""
        return cast(Loader, _function(self.loader))(data, stem)

    def open_members(self, data: Content) -> Iterator[Member]:
        """Yield the files inside; raises LoadError. Only for formats that have `members`."""
        return cast(MembersOf, _function(self.members or ""))(data)

    def open_parts(self, data: Content, name: str) -> Iterator[Member]:
        """Yield the parts of a large file; only for formats that have `parts`."""
        return cast(PartsOf, _function(self.parts or ""))(data, name)


def _function(name: str) -> object:
    module, function = name.split(":")
    return getattr(import_module(f"ingest.loaders.{module}"), function)


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_CODE = (
    *(".c .h .cc .cpp .cxx .hpp .hh .cs .java .kt .kts .scala .groovy .swift .m .mm .go .rs .zig .dart .php".split()),  # noqa: SIM905
    *(".js .mjs .cjs .jsx .ts .tsx .vue .svelte .rb .lua .pl .pm .r .jl .ex .exs .erl .hs .ml .clj .el".split()),  # noqa: SIM905
    *(".sh .bash .zsh .ps1 .bat .sql .proto .graphql .tf .cmake .gradle .css .scss".split()),  # noqa: SIM905
)
_PLAIN = (".txt", ".text", ".log", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".srt", ".vtt", ".tex", ".org",
          ".adoc")  # fmt: skip

_LINES = "large_text:lines_in_parts"
_ROWS = "large_text:rows_in_parts"

FORMATS = (
    Format("application/pdf", "a PDF", (".pdf",), "pdf:load_pdf"),
    Format(f"{_OFFICE}.wordprocessingml.document", "a Word document", (".docx",), "docx:load_docx"),
    Format(f"{_OFFICE}.presentationml.presentation", "a PowerPoint file", (".pptx",), "pptx:load_pptx"),
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
        parts="large_html:html_in_parts",
    ),
    Format(
        "text/markdown",
        "Markdown",
        (".md", ".markdown"),
        "markdown:load_markdown",
        is_text=True,
        parts="large_markdown:markdown_in_parts",
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
    Format("application/json", "JSON", (".json",), "json:load_json", is_text=True, parts="large_json:json_in_parts"),
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
BY_MIME = {f.mime: f for f in FORMATS}
BY_EXTENSION = {extension: f for f in FORMATS for extension in f.extensions}
SUPPORTED_EXTENSIONS = tuple(BY_EXTENSION)
