"""Rich Text Format (version 1.9): paragraphs, headings by outline level, and tables as records."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError

_TOKEN = re.compile(
    rb"\\(?:(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|'(?P<hex>[0-9a-fA-F]{2})|(?P<sign>[^a-zA-Z]))|"
    rb"(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)"
)
# Groups that hold no words of the document. A group that starts with \* is one too, but for those that `_READ` names.
_UNREAD = frozenset(
    "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf "  # noqa: SIM905
    "fldinst listtable listoverridetable revtbl rsidtbl generator themedata colorschememapping datastore latentstyles "
    "xe tc bkmkstart bkmkend annotation atnid atnauthor filetbl pntext nonshppict private".split()
)
_READ = frozenset({"shppict", "shpinst", "shptxt"})
_CHARACTERS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " | ",
}  # fmt: skip
_SIGNS = {b"~": "\u00a0", b"_": "-", b"-": "", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n"}
_CODE_PAGES = {
    77: "mac_roman", 78: "mac_japanese", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5hkscs",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250",
}  # fmt: skip
_ANSI = {"936": "gb18030", "950": "big5hkscs", "54936": "gb18030", "65001": "utf-8", "10000": "mac_roman"}
_FONT_TABLE = re.compile(rb"\{\\fonttbl")
_FONT = re.compile(rb"\\f(\d{1,6})[^;{}]{0,200}?\\fcharset(\d{1,3})")
_STYLE_HEADING = re.compile(rb"\{\\s(\d{1,5})[^{};]{0,400}?\b(?:heading|\xb1\xea\xcc\xe2) (\d)[^;{}]{0,40};", re.I)
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,6})")
_DEEPEST = 10_000


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it."""

    unread: bool = False
    skip: int = 1  # characters that stand in for a Unicode one
    encoding: str = "cp1252"
    hidden: bool = False
    note: bool = False


def load_rtf(data: bytes, stem: str) -> LoadedDocument:
    """Read the words of an RTF document, without its headers, footers and comments.

    Notes stand below the paragraph that refers to them.

    Raises:
        LoadError: when its groups nest absurdly deep.
    """
    reader = _Reader(data)
    reader.read(data)
    return reader.builder.build("", "", fallback=stem)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.builder = DocumentBuilder()
        stated = _CODE_PAGE.search(data[:4096])
        page = stated.group(1).decode() if stated else "1252"
        self._default = _usable(_ANSI.get(page, f"cp{page}"))
        table = _FONT_TABLE.search(data)
        fonts = _group(data, table.start()) if table else b""
        self._fonts = {int(f): _CODE_PAGES.get(int(c), self._default) for f, c in _FONT.findall(fonts)}
        sheet = data.find(b"{\\stylesheet")
        styles = _group(data, sheet) if sheet >= 0 else b""
        self._heading_styles = {int(s): int(level) for s, level in _STYLE_HEADING.findall(styles)}
        self._state = _State(encoding=self._default)
        self._stack: list[_State] = []
        self._pending = bytearray()  # bytes that are one character only together
        self._to_skip = 0
        self._high = 0  # first half of a surrogate pair
        self._text: list[str] = []
        self._level = 0
        self._in_table = False
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._note: list[str] = []  # text of the note that is open
        self._notes: list[str] = []  # of the paragraph or cell
        self._label = "note"
        self._note_numbers: Counter[str] = Counter()

    def read(self, data: bytes) -> None:
        for token in self._tokens(data):
            kind = token.lastgroup
            if kind == "number":
                kind = "word"
            value = token[kind or "text"]
            if kind != "hex":
                self._flush()
            if kind == "brace":
                self._brace(value)
            elif kind == "word":
                self._word(value.decode("ascii"), int(token["number"]) if token["number"] else None)
            elif kind == "hex":
                self._byte(int(value, 16))
            elif kind == "sign":
                self._sign(value)
            elif not self._state.unread:
                shown = value[self._to_skip :]
                self._to_skip = max(0, self._to_skip - len(value))
                self._add(_decoded(shown, self._state.encoding))
        self._flush()
        self._end_note()
        self._end_paragraph()
        self._end_table()

    @staticmethod
    def _tokens(data: bytes) -> Iterator[re.Match[bytes]]:
        r"""Yield the tokens; `\bin` is followed by raw bytes, which are none."""
        position = 0
        while match := _TOKEN.search(data, position):
            position = match.end()
            if match["word"] == b"bin" and match["number"]:
                position += max(0, int(match["number"]))
            yield match

    def _brace(self, brace: bytes) -> None:
        self._to_skip = 0
        if brace == b"{":
            self._stack.append(self._state)
            if len(self._stack) > _DEEPEST:
                raise LoadError(
                    f"its groups nest more than {_DEEPEST:,} deep; the file is damaged", FailureKind.TOO_DEEP
                )
        elif self._stack:
            in_note = self._state.note
            self._state = self._stack.pop()
            if in_note and not self._state.note:
                self._end_note()

    def _sign(self, sign: bytes) -> None:
        self._to_skip = 0
        if sign == b"*":
            self._state = replace(self._state, unread=True)
        elif not self._state.unread:
            self._add(_SIGNS.get(sign, ""))

    def _byte(self, byte: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        elif not self._state.unread:
            self._pending.append(byte)

    def _word(self, word: str, number: int | None) -> None:
        self._to_skip = 0
        if word in _UNREAD:
            self._state = replace(self._state, unread=True)
        elif word in _READ:
            self._state = replace(self._state, unread=False)
        elif word == "uc":
            self._state = replace(self._state, skip=min(max(0, number or 0), 8))
        elif word == "v":
            self._state = replace(self._state, hidden=number != 0)
        elif word in {"f", "deff"} and number is not None:
            self._state = replace(self._state, encoding=self._fonts.get(number, self._default))
        elif word == "plain":
            self._state = replace(self._state, encoding=self._default, hidden=False)
        elif not self._state.unread:
            self._visible_word(word, number)

    def _visible_word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._unicode(number % 0x10000)
            self._to_skip = self._state.skip
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word == "footnote":
            self._state = replace(self._state, note=True)
            self._label = "note"
        elif self._state.note:
            self._word_in_note(word)
        else:
            self._block_word(word, number)

    def _word_in_note(self, word: str) -> None:
        """Take a word that in a note is not about the paragraph around it."""
        if word == "ftnalt":
            self._label = "endnote"
        elif word in {"par", "sect", "page", "cell", "row"}:
            self._add(" ")

    def _block_word(self, word: str, number: int | None) -> None:
        if word in {"par", "sect", "page"}:
            self._end_paragraph()
        elif word == "pard":
            self._level, self._in_table = 0, False
        elif word == "intbl":
            self._in_table = True
        elif word == "cell":
            self._cells.append(" ".join(["".join(self._text).strip(), *self._notes]).strip())
            self._text, self._notes = [], []
        elif word == "row":
            self._rows.append(self._cells)
            self._cells = []
        elif word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._level = number + 1
        elif word == "s" and number in self._heading_styles:
            self._level = self._heading_styles[number]

    def _unicode(self, code: int) -> None:
        if 0xD800 <= code < 0xDC00:
            self._high = code
        elif 0xDC00 <= code < 0xE000 and self._high:
            self._add(chr(0x10000 + ((self._high - 0xD800) << 10) + code - 0xDC00))
            self._high = 0
        else:
            self._add(chr(code))

    def _flush(self) -> None:
        if self._pending:
            self._add(_decoded(bytes(self._pending), self._state.encoding))
            self._pending.clear()

    def _add(self, text: str) -> None:
        if text and not self._state.hidden:
            (self._note if self._state.note else self._text).append(text)

    def _end_note(self) -> None:
        text = " ".join("".join(self._note).split())
        self._note = []
        if text:
            self._note_numbers[self._label] += 1
            self._notes.append(f"[{self._label} {self._note_numbers[self._label]}: {text}]")

    def _end_paragraph(self) -> None:
        if self._in_table:
            self._text.append("\n")
            return
        self._end_table()
        text, notes = "".join(self._text), self._notes
        self._text, self._notes = [], []
        if self._level:
            self.builder.heading(self._level, text)
            text = ""
        self.builder.paragraph("\n".join([text.rstrip(), *notes] if notes else [text]))

    def _end_table(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
        self.builder.table(self._rows, "unknown")
        self._cells, self._rows = [], []


def _group(data: bytes, start: int) -> bytes:
    """Return the group that opens at `start`."""
    depth = 0
    for brace in re.finditer(rb"(?<!\\)[{}]", data[start:]):
        depth += 1 if brace.group() == b"{" else -1
        if depth == 0:
            return data[start : start + brace.end()]
    return data[start:]


def _usable(encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        return "cp1252"
    return encoding


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, "replace")
    except (LookupError, UnicodeError):  # some code pages exist on Windows only
        return data.decode("cp1252", "replace")
