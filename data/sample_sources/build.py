"""Build the sample documents in ``data/samples`` from the Markdown files beside this script.

Run by a maintainer after a source has been edited; it needs no network and gives the same bytes each time
(with the same releases of fpdf2, python-docx and the font)::

    python data/sample_sources/build.py            # writes data/samples
    python data/sample_sources/build.py --out DIR  # writes elsewhere, to compare

The Chinese PDF needs WenQuanYi Micro Hei (``apt-get install fonts-wqy-microhei``) or ``--font FILE``.
"""

from __future__ import annotations

import argparse
import copy
import io
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph
from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont
from markdown_it import MarkdownIt
from markdown_it.token import Token

HERE = Path(__file__).resolve().parent
SOURCES = HERE
CJK_FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
BUILT_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # fixed, so that a rebuild gives the same bytes
BRAND = (28, 78, 84)
INK = (30, 30, 30)
PALE = (232, 240, 240)
GREY = (110, 110, 110)
CELL_PAD = 2.0  # millimetres, like all lengths below
LINE = 0.52  # height of a line in a table for each point of type size
KEEP_TOGETHER = 64.0

Run = tuple[str, bool]


class BuildError(RuntimeError):
    """Something the maintainer has to put right before the documents can be built."""


@dataclass
class Block:
    """One block of a document: a heading, a paragraph, a list or a table."""

    kind: str
    level: int = 0
    runs: list[Run] = field(default_factory=list)
    items: list[list[Run]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def plain(runs: list[Run]) -> str:
    """Return the text of ``runs`` without their emphasis."""
    return "".join(text for text, _ in runs)


def inline_runs(token: Token) -> list[Run]:
    """Return the text of an inline token as (text, bold) pairs."""
    runs: list[Run] = []
    bold = False
    for child in token.children or []:
        if child.type in {"strong_open", "strong_close"}:
            bold = child.type == "strong_open"
        elif child.type in {"softbreak", "hardbreak"}:
            runs.append((" ", bold))
        elif child.content:
            runs.append((child.content, bold))
    return runs


def read_blocks(source: Path) -> list[Block]:
    """Parse a Markdown source into blocks (no nested lists)."""
    blocks: list[Block] = []
    in_list = False
    for token in MarkdownIt("commonmark").enable("table").parse(source.read_text(encoding="utf-8")):
        match token.type:
            case "heading_open":
                blocks.append(Block("heading", level=int(token.tag[1])))
            case "paragraph_open" if not in_list:
                blocks.append(Block("paragraph"))
            case "bullet_list_open" | "ordered_list_open":
                in_list = True
                blocks.append(Block("bullets" if token.type.startswith("bullet") else "numbers"))
            case "bullet_list_close" | "ordered_list_close":
                in_list = False
            case "table_open":
                blocks.append(Block("table"))
            case "tr_open":
                blocks[-1].rows.append([])
            case "inline":
                block = blocks[-1]
                if block.kind == "table":
                    block.rows[-1].append(plain(inline_runs(token)))
                elif in_list:
                    block.items.append(inline_runs(token))
                else:
                    block.runs = inline_runs(token)
    return blocks


def labelled(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each list item with the mark that stands before it."""
    for number, item in enumerate(block.items, start=1):
        yield (f"{number}." if block.kind == "numbers" else "•"), plain(item)


# --- PDF -------------------------------------------------------------------------------------------------

_UNIT = re.compile(
    r"[（《“‘]*"  # an opening mark stays with what follows
    r"(?:[^\s\u2018-\u201d\u2e80-\uffff]+|[\u2e80-\uffff])"
    r"[，。、；：！？）》”’℃%]*"  # a closing mark stays with what stands before
)


class Sheet(FPDF):
    """A4 pages in the company's look, each with a footer."""

    def __init__(self, footer: str, cjk_font: Path | None) -> None:
        super().__init__(format="A4")
        self.footer_text = footer
        self.cjk = cjk_font is not None
        self.set_margins(25, 22, 25)
        self.set_auto_page_break(False)
        self.c_margin = 0.0
        self.outlined = False
        self.ink = INK
        if cjk_font is None:
            self.core_fonts_encoding = "windows-1252"
            self.family = "Helvetica"
        else:
            self.family = "CJK"
            self.add_font(self.family, fname=cjk_font)

    def footer(self) -> None:
        """Write the footer; called by fpdf2 at the end of each page."""
        self.set_y(-16)
        page = f"第 {self.page_no()} 页" if self.cjk else f"Page {self.page_no()}"
        self.face(8.5, color=GREY)
        self.put(self.epw / 2, 5, self.footer_text)
        self.put(self.epw / 2, 5, page, align="R")

    def face(self, size: float, *, bold: bool = False, color: tuple[int, int, int] = INK) -> None:
        """Choose size, weight and colour of the text that follows."""
        self.set_font(self.family, "" if self.cjk or not bold else "B", size)
        self.set_text_color(*color)
        self.outlined = bold and self.cjk
        self.ink = color

    def put(self, width: float, height: float, text: str, align: str = "L") -> None:
        """Write one line; the CJK font has no bold, so for bold its outline is drawn as well."""
        if not self.outlined:
            self.cell(width, height, text, align=align)
            return
        with self.local_context(
            text_mode=TextMode.FILL_STROKE, line_width=0.008 * self.font_size_pt, draw_color=self.ink
        ):
            self.cell(width, height, text, align=align)

    def room(self, height: float) -> bool:
        """Start a new page unless ``height`` millimetres are left on this one; say whether it did."""
        full = self.get_y() + height > self.h - 24
        if full:
            self.add_page()
        return full

    def wrap(self, text: str, width: float) -> list[str]:
        """Break ``text`` into lines of ``width`` mm: at spaces, and between Chinese characters."""
        lines, line, end = [], "", 0
        for unit in _UNIT.finditer(text):
            gap = text[end : unit.start()]
            if line and self.get_string_width(line + gap + unit.group()) > width:
                lines.append(line)
                line, gap = "", ""
            line += gap + unit.group()
            end = unit.end()
        return [*lines, line]

    def text_block(self, text: str, size: float, leading: float, indent: float = 0, mark: str = "") -> None:
        """Write a paragraph or, with ``mark``, a list item; short ones are never split between pages."""
        self.face(size)
        lines = self.wrap(text, self.epw - indent)
        self.room(leading * (len(lines) if len(lines) < 5 else 2))
        for number, line in enumerate(lines):
            self.room(leading)
            self.face(size)
            if mark and number == 0:
                self.set_x(self.l_margin + indent - 6)
                self.put(6, leading, mark)
            self.set_x(self.l_margin + indent)
            self.put(self.epw - indent, leading, line)
            self.ln(leading)

    def title_band(self, title: str) -> None:
        """Write the document's title in a coloured band at the head of the first page."""
        self.set_fill_color(*BRAND)
        self.rect(0, 0, self.w, 42, style="F")
        self.set_xy(self.l_margin, 12)
        self.face(9, color=(200, 220, 220))
        self.put(0, 5, "WIESHOLT")
        self.ln(8)
        self.face(19, bold=True, color=(255, 255, 255))
        self.put(0, 10, title)
        self.set_y(52)

    def section_heading(self, text: str, level: int, room: float) -> None:
        """Write a heading and enter it in the outline; keep ``room`` millimetres below it."""
        self.room(14 + room)
        self.ln(4.5 if level == 2 else 2.5)
        self.face(14 if level == 2 else 11.5, bold=True, color=BRAND)
        self.start_section(text, level - 2)
        self.put(0, 7, text)
        self.ln(8.5 if level == 2 else 7.5)

    def column_widths(self, rows: list[list[str]], size: float) -> list[float]:
        """Share the width of the page between the columns of a table."""
        self.face(size, bold=True)
        widest = [max(map(self.get_string_width, column)) + 2 * CELL_PAD + 1 for column in zip(*rows, strict=True)]
        if sum(widest) <= self.epw:
            share = (self.epw - sum(widest)) / len(widest)
            return [width + share for width in widest]
        fair = self.epw / len(widest)  # the narrow columns keep their width, the others share what is left
        spare = self.epw - sum(width for width in widest if width <= fair)
        wide = sum(width for width in widest if width > fair)
        return [width if width <= fair else spare * width / wide for width in widest]

    def table_row(self, row: list[str], widths: list[float], height: float, size: float, head: bool) -> None:
        """Write one row of a table, ``height`` millimetres high."""
        top, left = self.get_y(), self.l_margin
        if head:
            self.set_fill_color(*PALE)
            self.rect(left, top, self.epw, height, style="F")
        self.face(size, bold=head, color=BRAND if head else INK)
        for text, width in zip(row, widths, strict=True):
            for number, line in enumerate(self.wrap(text, width - 2 * CELL_PAD)):
                self.set_xy(left + CELL_PAD, top + 1.1 + number * size * LINE)
                self.put(width - 2 * CELL_PAD, size * LINE, line)
            left += width
        self.set_draw_color(190, 205, 205)
        self.set_line_width(0.2)
        self.line(self.l_margin, top + height, self.l_margin + self.epw, top + height)
        self.set_y(top + height)

    def grid(self, rows: list[list[str]], size: float) -> None:
        """Write a table: a short one stays on one page, a long one repeats its first row on the next."""
        widths = self.column_widths(rows, size)
        heights = []
        for number, row in enumerate(rows):
            self.face(size, bold=number == 0)
            lines = (len(self.wrap(text, w - 2 * CELL_PAD)) for text, w in zip(row, widths, strict=True))
            heights.append(max(lines) * size * LINE + 2.2)
        self.ln(1)
        self.room(sum(heights) if sum(heights) < KEEP_TOGETHER else sum(heights[:4]))
        for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
            if self.room(height):
                self.table_row(rows[0], widths, heights[0], size, head=True)
            self.table_row(row, widths, height, size, head=number == 0)
        self.ln(3)


def kept_below(blocks: list[Block], leading: float) -> float:
    """Return how many millimetres the first of ``blocks`` needs so as not to stand apart from the next."""
    if not blocks:
        return 0.0
    if blocks[0].kind == "table":
        return min(len(blocks[0].rows) * 7.4 + 2, KEEP_TOGETHER)
    if plain(blocks[0].runs).endswith((":", "：")):
        return leading * 2 + 2.2 + kept_below(blocks[1:], leading)
    return leading * 4  # shorter paragraphs are not split


def build_pdf(blocks: list[Block], *, footer: str, lang: str, font: Path | None) -> bytes:
    """Lay ``blocks`` out as a PDF; ``font`` is needed for Chinese text and is embedded as a subset."""
    sheet = Sheet(footer, font)
    title = plain(blocks[0].runs)
    sheet.set_creation_date(BUILT_AT)
    sheet.set_title(title)
    sheet.set_author("Wiesholt Espresso GmbH (invented)")
    sheet.set_producer("data/sample_sources/build.py")
    sheet.set_lang(lang)
    face = sheet.fonts.get("cjk")
    if isinstance(face, TTFFont):
        text = "".join(plain(b.runs) + "".join(map(plain, b.items)) + "".join(map("".join, b.rows)) for b in blocks)
        if missing := sorted(c for c in set(text) if ord(c) not in face.cmap):
            raise BuildError(f"the font {font} has no glyph for {' '.join(missing)}")
    sheet.add_page()
    sheet.title_band(title)
    size, leading = (10.5, 6.4) if sheet.cjk else (10.5, 5.4)
    for index, block in enumerate(blocks[1:], start=1):
        match block.kind:
            case "heading":
                sheet.section_heading(plain(block.runs), block.level, kept_below(blocks[index + 1 :], leading))
            case "paragraph":
                text = plain(block.runs)
                if text.endswith((":", "：")):
                    sheet.room(kept_below(blocks[index:], leading))
                sheet.text_block(text, size, leading)
                sheet.ln(2.2)
            case "table":
                sheet.grid(block.rows, size - 0.8)
            case _:
                for mark, text in labelled(block):
                    sheet.text_block(text, size, leading, indent=7, mark=mark)
                    sheet.ln(0.8)
                sheet.ln(1.6)
    return bytes(sheet.output())


# --- Word ------------------------------------------------------------------------------------------------


def restart_numbering(document: DocxDocument, paragraphs: list[Paragraph]) -> None:
    """Let the numbered list that ``paragraphs`` form start at 1 again."""
    numbering = document.part.numbering_part.element
    style_number = document.styles["List Number"].element.pPr.numPr.numId.val
    original = next(n for n in numbering.findall(qn("w:num")) if n.numId == style_number)
    number = copy.deepcopy(original)
    number.numId = max(n.numId for n in numbering.findall(qn("w:num"))) + 1
    override = OxmlElement("w:lvlOverride")
    override.set(qn("w:ilvl"), "0")
    start = OxmlElement("w:startOverride")
    start.set(qn("w:val"), "1")
    override.append(start)
    number.append(override)
    original.getparent().append(number)
    for paragraph in paragraphs:
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = 0
        properties.get_or_add_numId().val = number.numId


def style_document(document: DocxDocument, lang: str, footer: str) -> None:
    """Set page, fonts and footer."""
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:ascii"), "Calibri")
        fonts.set(qn("w:hAnsi"), "Calibri")
        fonts.set(qn("w:eastAsia"), "Microsoft YaHei")
    document.styles["Normal"].font.size = Pt(10.5)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.footer.paragraphs[0].text = footer
    properties = document.core_properties
    properties.author = properties.last_modified_by = "Wiesholt Espresso GmbH (invented)"
    properties.created = properties.modified = BUILT_AT.replace(tzinfo=None)
    properties.language = lang
    properties.comments = ""


def add_runs(paragraph: Paragraph, runs: list[Run]) -> None:
    """Append ``runs`` to a paragraph, keeping bold."""
    for text, bold in runs:
        paragraph.add_run(text).bold = bold or None


def build_docx(blocks: list[Block], *, footer: str, lang: str) -> bytes:
    """Write ``blocks`` as a Word document with real heading, list and table styles."""
    document = Document()
    style_document(document, lang, footer)
    document.core_properties.title = plain(blocks[0].runs)
    for block in blocks:
        match block.kind:
            case "heading":
                document.add_heading(plain(block.runs), level=block.level - 1)
            case "paragraph":
                add_runs(document.add_paragraph(), block.runs)
            case "table":
                table = document.add_table(rows=0, cols=len(block.rows[0]), style="Light Grid Accent 1")
                for row in block.rows:
                    for cell, text in zip(table.add_row().cells, row, strict=True):
                        cell.text = text
                document.add_paragraph()
            case _:
                style = "List Number" if block.kind == "numbers" else "List Bullet"
                paragraphs = [document.add_paragraph(style=style) for _ in block.items]
                for paragraph, runs in zip(paragraphs, block.items, strict=True):
                    add_runs(paragraph, runs)
                if block.kind == "numbers":
                    restart_numbering(document, paragraphs)
    raw = io.BytesIO()
    document.save(raw)
    return same_dates(raw.getvalue())


def same_dates(archive: bytes) -> bytes:
    """Repack a zip archive with one fixed date, so that its bytes depend on its contents alone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, date_time=BUILT_AT.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            new.writestr(info, old.read(name))
    return packed.getvalue()


# --- plain text --------------------------------------------------------------------------------------------


def build_text(blocks: list[Block]) -> bytes:
    """Write ``blocks`` as plain text in GB18030, the way older Chinese office software saves it."""
    parts: list[str] = []
    for block in blocks:
        match block.kind:
            case "heading" | "paragraph":
                parts.append(plain(block.runs))
            case "table":
                parts.append("\n".join(" | ".join(row) for row in block.rows))
            case _:
                parts.append("\n".join(f"{mark.replace('•', '-')} {text}" for mark, text in labelled(block)))
    return ("\n\n".join(parts) + "\n").encode("gb18030")


def build_all(font: Path) -> dict[str, bytes]:
    """Return every built document by its file name."""
    if not font.is_file():
        raise BuildError(
            f"no font at {font}: the Chinese PDF needs WenQuanYi Micro Hei; "
            "install it with 'apt-get install fonts-wqy-microhei' or name a font file with --font"
        )

    def source(name: str) -> list[Block]:
        return read_blocks(SOURCES / f"{name}.md")

    return {
        "employee-handbook.pdf": build_pdf(
            source("employee-handbook"), footer="Employee Handbook Hamburg, version 4.2", lang="en", font=None
        ),
        "产品使用说明书.pdf": build_pdf(
            source("产品使用说明书"), footer="威朔 Lumo 2（L2-CN）使用说明书", lang="zh-CN", font=font
        ),
        "travel-expense-policy.docx": build_docx(
            source("travel-expense-policy"), footer="Wiesholt group, FIN-07, version 2.3", lang="en-GB"
        ),
        "信息安全政策.docx": build_docx(source("信息安全政策"), footer="威朔集团，IT-03，第 5 版", lang="zh-CN"),
        "员工手册.txt": build_text(source("员工手册")),
    }


def main() -> int:
    """Build every document and report what was written."""
    parser = argparse.ArgumentParser(description="Build data/samples from the Markdown files beside this script.")
    parser.add_argument(
        "--out", type=Path, default=HERE.parent / "samples", help="folder to write to (default: data/samples)"
    )
    parser.add_argument("--font", type=Path, default=CJK_FONT, help=f"font for Chinese text (default: {CJK_FONT})")
    arguments = parser.parse_args()
    try:
        documents = build_all(arguments.font)
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in documents.items():
        (arguments.out / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
