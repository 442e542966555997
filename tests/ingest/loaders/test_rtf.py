import pytest

from ingest.loaders.errors import LoadError
from ingest.loaders.rtf import load_rtf


def hexed(text: str, encoding: str) -> bytes:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(encoding)).encode()


HEAD = (
    rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}{\f1\fcharset0 Arial;}}"
    rb"{\stylesheet{\s1\b heading 1;}}{\info{\title Never}}{\*\generator Never;}{\header Never\par}"
)


def test_words_headings_and_tables_are_kept_and_the_rest_is_not() -> None:
    data = (
        HEAD + rb"\pard\s1 Title\par\pard\f0 " + hexed("合同期限", "gbk") + rb"\f1 \u26085?\u26412? end\rquote s"
        rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt  link}}{\v hidden}.\par"
        rb"\trowd\intbl Name\cell Age\cell\row\trowd\intbl Ann\cell 12\cell\row\pard After \{x\} \u-10179?\u-8704?\par}"
    )
    document = load_rtf(data, "stem")
    assert document.text == "Title\n\n合同期限日本 end’s link.\n\nName: Ann; Age: 12\n\nAfter {x} 😀"
    assert [(h.level, h.title) for h in document.headings] == [(1, "Title")]
    assert document.title == "Title"


def test_binary_pictures_are_skipped() -> None:
    data = rb"{\rtf1 before {\pict\bin6 {{{}}x}after\par}"
    assert load_rtf(data, "s").text == "before after"


@pytest.mark.parametrize("data", [HEAD, HEAD + rb"\u", HEAD + b"\\", rb"{\rtf1 cut {off \'e", b"{\\rtf1" + b"}" * 500])
def test_a_truncated_file_gives_what_is_there(data: bytes) -> None:
    assert "Never" not in load_rtf(data, "s").text


def test_groups_that_nest_absurdly_are_refused() -> None:
    with pytest.raises(LoadError, match="nest"):
        load_rtf(b"{\\rtf1" + b"{" * 1_000_000, "s")


def test_notes_stand_below_their_paragraph_and_leave_it_whole() -> None:
    data = (
        HEAD + rb"\pard\s1 Rent{\super\chftn}{\footnote \pard\plain{\super\chftn} Without tax.}\par"
        rb"\pard It is 90 euro{\footnote\chftn  One.\par Two {\b words}.}; see"
        rb"{\footnote\ftnalt\pard At the end.}.\par"
        rb"\trowd\intbl Ann{\footnote\pard In a cell.}\cell 12\cell\row\pard After.\par{\footnote cut"
    )
    document = load_rtf(data, "s")
    assert document.text == (
        "Rent\n\n[note 1: Without tax.]\n\nIt is 90 euro; see.\n[note 2: One. Two words.]\n"
        "[endnote 1: At the end.]\n\nAnn [note 3: In a cell.] | 12\n\nAfter.\n\n[note 4: cut]"
    )
    assert [(h.level, h.title) for h in document.headings] == [(1, "Rent")]
