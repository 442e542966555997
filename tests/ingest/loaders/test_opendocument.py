import contextlib
import io
import zipfile

import pytest

from ingest.loaders import opendocument, parts_of
from ingest.loaders.errors import LoadError
from ingest.loaders.opendocument import load_opendocument

NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)  # fmt: skip
META = '<office:document-meta xmlns:office="o" xmlns:dc="d"><dc:title>Stated</dc:title></office:document-meta>'


def packed(body: str, *, kind: str = "text", manifest: str = "<m/>", prefix: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        package.writestr(
            "content.xml",
            f'<?xml version="1.0"?>{prefix}<office:document-content {NAMESPACES}><office:body><office:{kind}>{body}'
            f"</office:{kind}></office:body></office:document-content>",
        )
        package.writestr("meta.xml", META)
        package.writestr("META-INF/manifest.xml", manifest)
    return stream.getvalue()


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_a_text_with_headings_lists_notes_and_a_table() -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">合同</text:h>'
        '<text:p>One<text:s text:c="2"/>two<text:line-break/>three<text:note><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>A note.</text:p></text:note-body></text:note>!</text:p>"
        "<text:list><text:list-item><text:p>first</text:p></text:list-item><text:list-item><text:p>second</text:p>"
        "</text:list-item></text:list><table:table><table:table-header-rows>" + row(cell("City"), cell("Euro"))
        + "</table:table-header-rows>" + row(cell("Kiel"), cell("5")) + "</table:table>"
    )  # fmt: skip
    document = load_opendocument(packed(body), "stem")
    assert document.text == ("合同\n\nOne  two\nthree [A note.]!\n\n- first\n- second\n\nCity: Kiel; Euro: 5")
    assert [(h.level, h.title, h.start) for h in document.headings] == [(2, "合同", 0)]
    assert document.title == "Stated"


def test_a_sheet_is_a_section_and_empty_cells_by_the_thousand_cost_nothing() -> None:
    padding = cell("", 'table:number-columns-repeated="16382"')
    rows = row(cell("City"), cell("Euro"), padding) + row(cell("Kiel"), cell("5"), padding) * 500
    bottom = row(padding, attributes='table:number-rows-repeated="1048000"')
    body = f'<table:table table:name="Preise">{rows}{bottom}</table:table>'
    document = load_opendocument(packed(body, kind="spreadsheet"), "s")
    assert document.text.startswith("Preise\n\nCity: Kiel; Euro: 5\nCity: Kiel")
    assert len(document.atomic_spans) == 500


def test_a_cell_that_says_it_is_repeated_forever_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendocument, "_MAX_CELLS", 10_000)
    often = cell("x", 'table:number-columns-repeated="999999999"')
    rows = row(often, attributes='table:number-rows-repeated="999999999"')
    body = f'<table:table table:name="T">{rows}</table:table>'
    with pytest.raises(LoadError, match="cells"):
        load_opendocument(packed(body, kind="spreadsheet"), "s")


def test_a_slide_is_a_page() -> None:
    slide = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>{0}</text:p></draw:text-box>'
        "</draw:frame><draw:frame><draw:text-box><text:p>Words of {0}.</text:p></draw:text-box></draw:frame>"
        "</draw:page>"
    )
    document = load_opendocument(packed(slide.format("One") + slide.format("Two"), kind="presentation"), "s")
    assert [document.text[p.start : p.end] for p in document.pages] == ["One\n\nWords of One.", "Two\n\nWords of Two."]
    assert [h.title for h in document.headings] == ["One", "Two"]


def test_no_entity_is_resolved() -> None:
    prefix = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY b "boom">]>'
    document = load_opendocument(packed("<text:p>Before &e;&b; after</text:p>", prefix=prefix), "s")
    assert "root:" not in document.text and "boom" not in document.text


def test_deep_nesting_neither_crashes_nor_hangs() -> None:
    body = "<text:section>" * 3000 + "<text:p>deep</text:p>" + "</text:section>" * 3000
    with contextlib.suppress(LoadError):
        assert "top" in load_opendocument(packed("<text:p>top</text:p>" + body), "s").text


def test_an_encrypted_or_broken_file_is_refused() -> None:
    with pytest.raises(LoadError, match="password"):
        load_opendocument(packed("x", manifest="<manifest:encryption-data/>"), "s")
    with pytest.raises(LoadError, match="damaged"):
        load_opendocument(packed("<text:p>x</text:p>")[:200], "s")


@pytest.mark.parametrize("kind", ["text", "presentation"])
def test_a_file_whose_type_is_not_its_first_entry_is_read(kind: str) -> None:
    stream = io.BytesIO()
    made = io.BytesIO(packed("<text:p>Words.</text:p>", kind=kind))
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
    (part,) = parts_of("a.odt", stream.getvalue())
    assert part.load().text == "Words." and part.load().mime.endswith(kind)
