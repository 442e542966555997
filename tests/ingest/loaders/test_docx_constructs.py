"""What python-docx cannot write: content controls, notes, equations, numbers of lists, headers, other kinds of file."""

import io
import zipfile

import pytest

from ingest.loaders import LoadError, parts_of
from ingest.loaders.docx import load_docx
from ingest.loaders.docx_numbering import written

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
NAMESPACES = (
    f'xmlns:w="{WORD}" xmlns:r="{OFFICE}/relationships" xmlns:m="{OFFICE}/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def packed(body: str, *, content_type: str = DOCX, strict: bool = False, **parts: str) -> bytes:
    """Return a document; further parts are named by the kind of their relationship, with a number at will."""
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/word/document.xml" ContentType="{content_type}"/></Types>',
        "_rels/.rels": RELATIONS.format(
            f'<Relationship Id="r1" Type="{OFFICE}/relationships/officeDocument" Target="word/document.xml"/>'
        ),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": RELATIONS.format(
            "".join(
                f'<Relationship Id="{name}" Type="{OFFICE}/relationships/{name.rstrip("0123456789")}" '
                f'Target="{name}.xml"/>'
                for name in parts
            )
        ),
        **{f"word/{name}.xml": content for name, content in parts.items()},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in files.items():
            written_as = content
            if strict:
                for folder in ("officeDocument", "wordprocessingml", "drawingml"):
                    written_as = written_as.replace(
                        f"http://schemas.openxmlformats.org/{folder}/2006/", f"http://purl.oclc.org/ooxml/{folder}/"
                    )
            package.writestr(name, written_as)
    return stream.getvalue()


def text_of(body: str, **parts: str) -> str:
    return load_docx(packed(body, **parts), "stem").text


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def control(content: str) -> str:
    return f'<w:sdt><w:sdtPr><w:alias w:val="Never"/></w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>'


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_content_controls_are_read_wherever_they_stand() -> None:
    inner = table(control(cell(paragraph("in a cell"))) + cell(control(paragraph("in the cell"))))
    body = (
        control(paragraph("A block.") + control(paragraph("Inside.")))
        + f"<w:p>{run('Signed by ')}{control(run('Ann'))}{run('.')}</w:p>"
        + control(table(cell(paragraph("a")) + cell(inner)))
        + "<w:tbl>" + control("<w:tr>" + cell(paragraph("row")) + cell(paragraph("x")) + "</w:tr>") + "</w:tbl>"
    )  # fmt: skip
    assert text_of(body) == "A block.\n\nInside.\n\nSigned by Ann.\n\na | in a cell | in the cell\n\nrow | x"


def note(kind: str, note_id: int, text: str) -> str:
    return f'<w:{kind} w:id="{note_id}">{paragraph(text)}</w:{kind}>'


def reference(kind: str, note_id: int) -> str:
    return f'<w:r><w:{kind}Reference w:id="{note_id}"/></w:r>'


FOOTNOTES = (
    f'<w:footnotes {NAMESPACES}><w:footnote w:id="0" w:type="separator">{paragraph("Never")}</w:footnote>'
    f"{note('footnote', 7, 'Without tax.')}{note('footnote', 3, 'Per year.')}{note('footnote', 4, 'Unused.')}"
    "</w:footnotes>"
)
ENDNOTES = f"<w:endnotes {NAMESPACES}>{note('endnote', 7, 'See the annex.')}</w:endnotes>"


def test_notes_stand_below_their_paragraph_in_the_order_of_reference() -> None:
    body = (
        f"<w:p>{run('The rent is 90 euro')}{reference('footnote', 7)}{run('.')}{reference('footnote', 3)}</w:p>"
        + f"<w:p>{run('Again')}{reference('footnote', 7)}{reference('endnote', 7)}</w:p>"
        + paragraph("After.")
    )
    assert text_of(body, footnotes=FOOTNOTES, endnotes=ENDNOTES) == (
        "The rent is 90 euro.\n[note 1: Without tax.]\n[note 2: Per year.]\n\n"
        "Again\n[endnote 1: See the annex.]\n\nAfter."
    )


def test_a_note_in_a_cell_and_one_of_a_heading() -> None:
    styles = f'<w:styles {NAMESPACES}><w:style w:styleId="H"><w:name w:val="heading 2"/></w:style></w:styles>'
    body = f'<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr>{run("Rent")}{reference("footnote", 7)}</w:p>' + table(
        cell(f"<w:p>{run('x')}{reference('footnote', 3)}</w:p>") + cell(paragraph("y"))
    )
    document = load_docx(packed(body, footnotes=FOOTNOTES, styles=styles), "s")
    assert document.text == "Rent\n\n[note 1: Without tax.]\n\nx [note 2: Per year.] | y"
    assert [(h.level, h.title) for h in document.headings] == [(2, "Rent")]


def maths(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


X = maths("x")
SUM = f"<m:sub>{maths('i=1')}</m:sub><m:sup>{maths('n')}</m:sup><m:e>{maths('i')}</m:e>"


@pytest.mark.parametrize(
    ("omml", "expected"),
    [
        (f"<m:sSup><m:e>{X}</m:e><m:sup>{maths('2')}</m:sup></m:sSup>", "x^2"),
        (f"<m:sSup><m:e>{maths('x+y')}</m:e><m:sup>{maths('n+1')}</m:sup></m:sSup>", "(x+y)^(n+1)"),
        (f"<m:sSubSup><m:e>{X}</m:e><m:sub>{maths('i')}</m:sub><m:sup>{maths('2')}</m:sup></m:sSubSup>", "x_i^2"),
        (f"<m:f><m:num>{maths('a')}</m:num><m:den>{maths('b')}</m:den></m:f>", "(a)/(b)"),
        (f"<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{maths('x+1')}</m:e></m:rad>", "√(x+1)"),
        (f"<m:rad><m:deg>{maths('3')}</m:deg><m:e>{X}</m:e></m:rad>", "√[3](x)"),
        (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>{SUM}</m:nary>', "∑_(i=1)^n i"),
        (f'<m:d><m:dPr><m:begChr m:val="["/></m:dPr><m:e>{X}</m:e><m:e>{maths("y")}</m:e></m:d>', "[x|y)"),
        (f"<m:func><m:fName>{maths('sin')}</m:fName><m:e>{X}</m:e></m:func>", "sin(x)"),
        (f"<m:m><m:mr><m:e>{maths('1')}</m:e><m:e>{maths('0')}</m:e></m:mr></m:m>", "[1, 0]"),
        (f"<m:box><m:boxPr/><m:e>{X}</m:e></m:box>", "x"),
    ],
)
def test_an_equation_is_a_line_of_text(omml: str, expected: str) -> None:
    assert text_of(f"<w:p>{run('If ')}<m:oMath>{omml}</m:oMath>{run(' holds')}</w:p>") == f"If {expected} holds"


def test_equations_nested_without_end_neither_crash_nor_hang() -> None:
    omml = "<m:box><m:e>" * 110 + X + "</m:e></m:box>" * 110
    assert text_of(f"<w:p><m:oMath>{omml}</m:oMath></w:p>") == "x"


def level(number: int, number_format: str, pattern: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{number_format}"/>{more}'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


NUMBERING = (
    f'<w:numbering {NAMESPACES}><w:abstractNum w:abstractNumId="0">'
    + level(0, "decimal", "%1", '<w:pStyle w:val="One"/>')
    + level(1, "decimal", "%1.%2", '<w:pStyle w:val="Two"/>')
    + level(2, "lowerLetter", "(%3)")
    + '</w:abstractNum><w:abstractNum w:abstractNumId="1">'
    + level(0, "bullet", "•")
    + '</w:abstractNum><w:abstractNum w:abstractNumId="2">'
    + level(0, "chineseCountingThousand", "第%1条", start=9)
    + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="2"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num>'
    "</w:numbering>"
)


def item(text: str, depth: int, list_id: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')


def test_lists_have_their_numbers_with_levels_and_restarts() -> None:
    body = (
        item("A", 0) + item("B", 1) + item("C", 1) + item("c", 2) + item("d", 2) + item("new", 2, list_id=2)
        + item("on", 2, list_id=2) + paragraph("Between.") + item("D", 0) + item("E", 1) + item("dot", 0, list_id=3)
        + item("甲方", 0, list_id=4) + item("乙方", 0, list_id=4) + item("out", 0, list_id=0)
    )  # fmt: skip
    assert text_of(body, numbering=NUMBERING).split("\n\n") == [
        "1 A", "1.1 B", "1.2 C", "(a) c", "(b) d", "(a) new", "(b) on", "Between.", "2 D", "2.1 E", "- dot",
        "第九条 甲方", "第十条 乙方", "out",
    ]  # fmt: skip


def test_headings_are_numbered_by_their_style_and_the_title_is_not() -> None:
    style = (
        '<w:style w:type="paragraph" w:styleId="{0}"><w:name w:val="heading {1}"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    styles = f"<w:styles {NAMESPACES}>{style.format('One', 1)}{style.format('Two', 2)}</w:styles>"
    body = "".join(
        paragraph(text, f'<w:pStyle w:val="{name}"/>')
        for text, name in (("Scope", "One"), ("", "Two"), ("Rent", "Two"))
    )
    document = load_docx(packed(body, numbering=NUMBERING, styles=styles), "s")
    assert [(h.level, h.title) for h in document.headings] == [(1, "1 Scope"), (2, "1.2 Rent")]
    assert document.title == "Scope"


def test_rows_that_are_numbered_by_a_list_keep_their_numbers() -> None:
    body = table(*(cell(item("", 0)) + cell(paragraph(name)) for name in ("Ann", "Ben")))
    assert text_of(body, numbering=NUMBERING) == "1 | Ann\n2 | Ben"


@pytest.mark.parametrize(
    ("count", "number_format", "expected"),
    [
        *(
            (4, "lowerRoman", "iv"),
            (1999, "upperRoman", "MCMXCIX"),
            (28, "lowerLetter", "bb"),
            (7, "decimalZero", "07"),
        ),
        *((12, "chineseCounting", "十二"), (105, "chineseCountingThousand", "一百零五"), (22, "ordinal", "22nd")),
        *((10, "chineseLegalSimplified", "壹拾"), (3, "ideographTraditional", "丙"), (2, "decimalEnclosedCircle", "②")),
        *((9_999_999, "upperRoman", "9999999"), (0, "lowerLetter", "0"), (5, "unheard of", "5"), (5, "none", "")),
    ],
)
def test_numbers_are_written_in_the_formats_of_word(count: int, number_format: str, expected: str) -> None:
    assert written(count, number_format) == expected


def test_a_header_is_read_once_and_numbers_of_pages_are_not() -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> {0} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>7</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    pages = f"{run('Page ')}{field.format('PAGE')}{run(' of ')}<w:fldSimple w:instr='NUMPAGES'>{run('9')}</w:fldSimple>"
    header = f"<w:hdr {NAMESPACES}>{paragraph('Contract 4711')}</w:hdr>"
    footer = f"<w:ftr {NAMESPACES}><w:p>{run('Kiel Ltd')}<w:r><w:tab/></w:r>{pages}</w:p><w:p>{pages}</w:p></w:ftr>"
    section = (
        '<w:sectPr><w:headerReference w:type="default" r:id="header{0}"/>'
        '<w:headerReference w:type="first" r:id="header3"/><w:footerReference w:type="default" r:id="footer1"/>'
        "</w:sectPr>"
    )
    body = paragraph("One.", section.format(1)) + paragraph("Two.") + section.format(2)
    hidden = f"<w:hdr {NAMESPACES}>{paragraph('Not shown: no section has a first page of its own')}</w:hdr>"
    text = text_of(body, header1=header, header2=header, header3=hidden, footer1=footer)
    assert text == "Contract 4711\n\nOne.\n\nTwo.\n\nKiel Ltd"


def test_strict_open_xml_is_read_like_the_other() -> None:
    body = item("A", 0) + f"<w:p>{run('see http://purl.oclc.org/ooxml/x/ ')}<m:oMath>{X}</m:oMath></w:p>"
    data = packed(body, strict=True, numbering=NUMBERING)
    assert b"schemas.openxmlformats.org/wordprocessingml" not in data
    assert load_docx(data, "s").text == "1 A\n\nsee http://purl.oclc.org/ooxml/x/ x"


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [
        (".docm", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        (".dotx", DOCX.replace("document.main", "template.main")),
        (".dotm", "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
    ],
)
def test_templates_and_documents_with_macros_are_read(extension: str, content_type: str) -> None:
    data = packed(paragraph("Words."), content_type=content_type, vbaProject="Sub AutoOpen()")
    (part,) = parts_of(f"a{extension}", data)
    assert part.load().text == "Words."


def test_moved_text_is_read_once_and_a_hyphen_that_does_not_break_is_kept() -> None:
    body = (
        f'<w:p><w:moveFrom w:id="1">{run("Moved")}</w:moveFrom>{run("A")}<w:r><w:noBreakHyphen/></w:r>{run("4")}</w:p>'
        f'<w:p><w:moveTo w:id="1">{run("Moved")}</w:moveTo></w:p>'
    )
    assert text_of(body) == "A-4\n\nMoved"


def test_the_words_of_a_text_box_follow_those_of_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('In the')}{paragraph('box.')}</w:txbxContent>"
    drawing = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    assert text_of(f"<w:p><w:r>{drawing}</w:r>{run('Around it.')}</w:p>") == "Around it.\nIn the\nbox."


def test_a_cell_over_several_rows_is_in_each_and_what_claims_a_million_columns_is_bounded() -> None:
    merged = cell(paragraph(""), "<w:vMerge/>")
    wide = cell(paragraph("w"), '<w:gridSpan w:val="99999999"/>')
    body = table(cell(paragraph("a"), '<w:vMerge w:val="restart"/>') + cell(paragraph("b")), merged + wide)
    assert text_of(body) == "a | b\na | w"


def test_a_chart_is_a_table() -> None:
    points = '<c:pt idx="0"><c:v>{}</c:v></c:pt><c:pt idx="1"><c:v>{}</c:v></c:pt>'
    chart = (
        f"<c:chartSpace {NAMESPACES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich>"
        "</c:tx></c:title><c:plotArea><c:bar3DChart><c:ser><c:tx><c:v>2026</c:v></c:tx>"
        f"<c:cat><c:strLit>{points.format('Kiel', '苏州')}</c:strLit></c:cat>"
        f"<c:val><c:numLit>{points.format('5', '0.10000000000000001')}</c:numLit></c:val></c:ser></c:bar3DChart>"
        "</c:plotArea></c:chart></c:chartSpace>"
    )
    body = f'<w:p><w:r><w:drawing><c:chart r:id="chart1"/></w:drawing></w:r>{run("Before.")}</w:p>'
    assert text_of(body, chart1=chart) == "Before.\n\nSales\n\nKiel; 2026: 5\n苏州; 2026: 0.1"


def test_a_damaged_part_is_named_and_a_damaged_body_is_refused() -> None:
    body = f"<w:p>{run('Words')}{reference('footnote', 7)}</w:p>"
    document = load_docx(packed(body, footnotes="<w:footnotes"), "s")
    assert document.text == "Words"
    assert document.warning == "damaged parts were not read: footnotes"
    with pytest.raises(LoadError, match="damaged"):
        load_docx(packed(f"{body}<w:p>"), "s")


def test_no_entity_is_resolved() -> None:
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed(paragraph("Before &e;&b; after")))) as old,
        zipfile.ZipFile(data, "w") as new,
    ):
        for name in old.namelist():
            prefix = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY b "boom">]>'
            new.writestr(name, (prefix if name == "word/document.xml" else b"") + old.read(name))
    text = load_docx(data.getvalue(), "s").text
    assert "root:" not in text and "boom" not in text


def test_styles_that_are_based_on_one_another_end() -> None:
    style = '<w:style w:styleId="{}"><w:name w:val="x"/><w:basedOn w:val="{}"/></w:style>'
    styles = f"<w:styles {NAMESPACES}>{style.format('A', 'B')}{style.format('B', 'A')}</w:styles>"
    assert text_of(paragraph("Words", '<w:pStyle w:val="A"/>'), styles=styles) == "Words"
