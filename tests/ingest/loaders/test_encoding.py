import pytest

from ingest.loaders.encoding import decode, decode_as, is_plain_text
from ingest.loaders.errors import LoadError

SIMPLIFIED = "我们的图书馆每天早上九点开门，晚上八点关门。读者可以借五本书，为期一个月。"
TRADITIONAL = "我們的圖書館每天早上九點開門，晚上八點關門。讀者可以借五本書，為期一個月。"
FRENCH = "L’élève a étudié à Genève ; ça lui a plu. Où était-elle née ?"
GERMAN = "Die Tür der Küche öffnet sich schräg über der Straße, groß und schön."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "utf-8-sig"),
        (SIMPLIFIED, "utf-16"),
        (SIMPLIFIED, "utf-32"),
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gb18030"),
        ("你好，世界。", "gb18030"),
        ("你好，世界。", "big5"),
        ("2024年3月: Hello World, 我的家在中国。" * 3, "gb18030"),
        (FRENCH, "cp1252"),
        (GERMAN, "cp1252"),
        (FRENCH, "utf-8"),
    ],
)
def test_text_is_read_in_the_encoding_it_was_written_in(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Съешь ещё этих мягких французских булок, да выпей чаю. Дело было вечером, делать было нечего." * 3, "koi8-r"),
        ("Съешь ещё этих мягких французских булок, да выпей чаю. Дело было вечером, делать было нечего." * 3, "cp1251"),
        ("図書館は毎朝九時に開きます。本は五冊まで借りることができます。期間は一か月です。" * 3, "shift_jis"),
        ("도서관은 매일 아침 아홉 시에 문을 엽니다. 책은 다섯 권까지 빌릴 수 있습니다." * 3, "euc_kr"),
        (SIMPLIFIED + "\n", "utf-16-le"),
        (FRENCH, "utf-16-be"),
    ],
)
def test_other_encodings_are_detected(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_file_may_begin_like_text() -> None:
    assert is_plain_text("中".encode() * 9 + "中".encode()[:2]) and is_plain_text(b"\xff\xfea\0")
    assert not is_plain_text(b"\x7fELF\x00\x01") and not is_plain_text(b"\xff\xd8\xff\xe0")


def test_an_unknown_encoding_and_a_false_mark_are_refused() -> None:
    with pytest.raises(LoadError, match="UTF-8"):
        decode(bytes(range(128, 256)) * 20)
    with pytest.raises(LoadError, match="UTF-8"):
        decode(b"\xef\xbb\xbf\xff\xfe\xfa")


def test_a_declared_encoding_is_taken_as_its_superset_or_not_at_all() -> None:
    assert decode_as("镕".encode("gb18030"), "GB2312") == "镕"
    assert decode_as(b"abc", "no-such-encoding") is None
    assert decode_as(b"abc", "base64") is None
    assert decode_as(b"\xff\xff", "utf-8") is None
