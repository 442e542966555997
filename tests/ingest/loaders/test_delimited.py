import pytest

from ingest.loaders.delimited import load_csv, load_tsv
from ingest.loaders.errors import LoadError


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(delimiter: str) -> None:
    rows = [("Name", "City", "Since"), ("Anna", "Hamburg", "2019"), ("Ben", "", "2021")]
    document = load_csv("\r\n".join(map(delimiter.join, rows)).encode(), "staff")
    assert document.text == "Name: Anna; City: Hamburg; Since: 2019\nName: Ben; Since: 2021"
    assert document.title == "staff" and len(document.atomic_spans) == 2


def test_quoted_fields_keep_delimiters_and_line_ends_go() -> None:
    document = load_csv(b'sep=;\r\n"Name";"Note"\r\n"Smith; Anna";"one\ntwo ""x"""\r\n', "s")
    assert document.text == 'Name: Smith; Anna; Note: one two "x"'


def test_a_chinese_windows_file() -> None:
    assert load_csv("姓名,电话\n王芳,123\n".encode("gb18030"), "s").text == "姓名: 王芳; 电话: 123"


def test_tabs_part_the_fields_of_a_tsv_whatever_else_is_in_them() -> None:
    assert load_tsv(b"a,b\tc,d\n1,2\t3,4\n", "s").text == "a,b: 1,2; c,d: 3,4"


def test_rows_without_a_header_stay_rows() -> None:
    assert load_csv(b"1,2\n3,4\n", "s").text == "1 | 2\n3 | 4"


def test_an_endless_field_is_refused() -> None:
    with pytest.raises(LoadError, match="told apart"):
        load_csv(b'a,b\n"' + b"x" * (2 << 20), "s")
