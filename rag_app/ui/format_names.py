"""What the formats that can be read are called on the page, in the order of `ingest/loaders/formats.py`."""

from __future__ import annotations

from ingest.loaders.formats import BY_EXTENSION, FORMATS
from model.text.language import Language

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
NAMES: dict[str, tuple[str, str]] = {  # media type -> English, Chinese
    "application/pdf": ("PDF", "PDF"),
    f"{_OFFICE}.wordprocessingml.document": ("Word", "Word 文档"),
    f"{_OFFICE}.presentationml.presentation": ("PowerPoint", "PowerPoint 演示文稿"),
    f"{_OFFICE}.spreadsheetml.sheet": ("Excel", "Excel 表格"),
    f"{_OPEN}.text": ("OpenDocument text", "OpenDocument 文本"),
    f"{_OPEN}.spreadsheet": ("OpenDocument spreadsheet", "OpenDocument 表格"),
    f"{_OPEN}.presentation": ("OpenDocument presentation", "OpenDocument 演示文稿"),
    "application/epub+zip": ("EPUB", "EPUB 电子书"),
    "application/rtf": ("RTF", "RTF"),
    "text/html": ("web page", "网页"),
    "text/markdown": ("Markdown", "Markdown"),
    "text/x-rst": ("reStructuredText", "reStructuredText"),
    "text/csv": ("CSV", "CSV"),
    "text/tab-separated-values": ("TSV", "TSV"),
    "application/json": ("JSON", "JSON"),
    "application/jsonl": ("JSON lines", "JSON lines"),
    "application/x-ipynb+json": ("Jupyter notebook", "Jupyter 笔记本"),
    "text/x-python": ("Python", "Python 代码"),
    "text/x-source-code": ("source code", "源代码"),
    "text/plain": ("text", "文本"),
    "message/rfc822": ("e-mail", "电子邮件"),
    "application/mbox": ("mailbox", "邮箱文件"),
    "image/*": ("picture", "图片"),
    "application/zip": ("ZIP archive", "ZIP 压缩包"),
}


def type_name(value: str, language: Language) -> str:
    """The name of a type as `Facets.types` gives it: an extension or a media type."""
    found = BY_EXTENSION.get(f".{value}")
    names = NAMES.get(found.mime if found is not None else value)
    return value if names is None else names[language == "zh"]


def all_formats(language: Language) -> str:
    """The names of all formats in one line."""
    return ("、" if language == "zh" else ", ").join(
        NAMES.get(f.mime, (f.name, f.name))[language == "zh"] for f in FORMATS
    )
