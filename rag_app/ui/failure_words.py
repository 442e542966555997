"""Why a file could not be read, in the page's language. Loaders say it in English, with a kind that is known here."""

from __future__ import annotations

from ingest.loaders.errors import FailureKind, kind_and_message
from model.text.language import Language

CHINESE: dict[FailureKind, str] = {
    FailureKind.EMPTY: "文件是空的。",
    FailureKind.NO_TEXT: "文件里没有找到文字。",
    FailureKind.NEEDS_OCR: "这是扫描件或图片；请先安装文字识别组件（pip install rapidocr onnxruntime），再重新添加。",
    FailureKind.DAMAGED: "文件已损坏或不完整，无法打开。",
    FailureKind.INVALID: "内容不符合该格式的规则，文件可能已损坏。",
    FailureKind.MISNAMED: "内容与文件扩展名不符，文件可能已损坏。",
    FailureKind.PROTECTED: "文件有密码或版权保护；请另存一份不加密的再添加。",
    FailureKind.OLD_FORMAT: "这是旧版或二进制的 Office 文件，或者有密码；请另存为 .docx、.xlsx、.pptx 或 .eml。",
    FailureKind.UNSUPPORTED: "不支持这种类型的文件。",
    FailureKind.BINARY: "内容是二进制数据，不是文本。",
    FailureKind.ENCODING: "无法按其文字编码读取；请另存为 UTF-8。",
    FailureKind.TOO_LARGE: "文件或其中的内容太大；请拆分后再添加。",
    FailureKind.TOO_DEEP: "内容的嵌套层次太深。",
    FailureKind.PACKED: "压缩包里的文件太多、太大或层次太深；请解压后再添加。",
    FailureKind.CHANGING: "文件正在被写入；请等写完后再添加。",
    FailureKind.MEMORY: "读取它需要的内存太多；请拆分后再添加。",
    FailureKind.SLOW: "读取它用时太久，已停止；如果文件没有问题，请在命令行用 rag ingest --parse-seconds 放宽时间。",
    FailureKind.UNREADABLE: "系统无法读取这个文件，可能没有权限，或所在的磁盘不可用。",
    FailureKind.UNFORESEEN: "文件无法解析，可能已损坏。",
}
_UNKNOWN = "无法完整读取（英文说明）："


def failure_words(reason: str, language: Language) -> str:
    """A stored reason in words; one without a kind stays English, with a word of explanation before it."""
    kind, message = kind_and_message(reason)
    if language == "en":
        return message
    return CHINESE[kind] if kind is not None else _UNKNOWN + message
