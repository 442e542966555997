import io
import struct
import zipfile

import pytest

from ingest.loaders import Part, expansion, parts_of
from ingest.loaders.errors import LoadError, UnsupportedTypeError


def packed(files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def outcomes(data: bytes, name: str = "bundle.zip") -> dict[str, str]:
    """Return the text of each part, or why it fails."""
    found = {}
    for part in parts_of(name, data):
        try:
            found[part.name] = part.load().text
        except LoadError as error:
            found[part.name] = f"! {error}"
    return found


def test_each_file_is_a_document_with_its_path_and_the_archive_comes_last() -> None:
    data = packed({"folder/a.md": "# Words", "b.txt": "More words", "empty.txt": "", "song.mp3": b"ID3\x00\x01"})
    parts = list(parts_of("bundle.zip", data))
    assert [p.name for p in parts] == ["folder/a.md", "b.txt", "empty.txt", "song.mp3", ""]
    assert [p.load().text for p in parts[:2]] == ["# Words", "More words"]
    assert parts[-1].load().is_container and parts[0].load().title == "Words"
    with pytest.raises(LoadError, match="empty"):
        parts[2].load()
    with pytest.raises(UnsupportedTypeError, match=r"'\.mp3'"):
        parts[3].load()


def test_the_same_content_has_the_same_hash_in_another_archive() -> None:
    def first(data: bytes) -> Part:
        return next(parts_of("b.zip", data))

    assert first(packed({"a.txt": "x y"})).sha256 == first(packed({"a.txt": "x y", "b.txt": "z"})).sha256


def test_names_cannot_lead_anywhere_and_stay_apart() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("../../etc/a.txt", "/abs/a.txt", "C:\\x\\a.txt", "a\u202etxt.txt", "a.txt"):
            archive.writestr(name, "words")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "other words")
    names = [p.name for p in parts_of("b.zip", stream.getvalue())]
    assert names == ["etc/a.txt", "abs/a.txt", "C:/x/a.txt", "atxt.txt", "a.txt", "a (6).txt", ""]


def test_hidden_files_folders_and_links_are_passed_over() -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        for name in ("folder/", "__MACOSX/._a.txt", ".hidden.txt", ".git/a.txt", "a.txt"):
            archive.writestr(name, "words")
    assert list(outcomes(stream.getvalue())) == ["a.txt", ""]


def test_a_chinese_name_written_by_windows_is_read() -> None:
    raw = "说明.txt".encode("gbk")
    data = packed({"x" * len(raw): "words"}).replace(b"x" * len(raw), raw)
    assert next(iter(outcomes(data))) == "说明.txt"


def test_archives_inside_archives_keep_their_path_to_a_bounded_depth() -> None:
    data = packed({"a.txt": "words"})
    for _ in range(3):
        data = packed({"in.zip": data})
    assert outcomes(data) == {"in.zip/in.zip/in.zip/a.txt": "words", "": ""}
    for _ in range(3):
        data = packed({"in.zip": data, "b.txt": "beside"})
    found = outcomes(data)
    assert [name for name, text in found.items() if text.startswith("! it lies in more than")] == [
        "in.zip/in.zip/in.zip/in.zip"
    ]
    assert found["b.txt"] == "beside"


def test_a_bomb_costs_only_itself() -> None:
    bomb = packed({f"{i}.txt": bytes(120 << 20) for i in range(9)})
    assert len(bomb) < 2 << 20
    assert outcomes(bomb) == {"": "! it unpacks to more than 1 GB; unpack it and ingest the folder"}
    found = outcomes(packed({"bomb.zip": bomb, "a.txt": "words"}))
    assert found["a.txt"] == "words" and "more than 1 GB" in found["bomb.zip"]


def test_a_file_that_lies_about_its_size_is_not_unpacked_further() -> None:
    honest = packed({"a.txt": b"w" * 1_000_000})
    lying = honest.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10))
    assert outcomes(lying)["a.txt"].startswith("! it is damaged")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion._Budget, "__init__", lambda self: setattr(self, "members", 3) or setattr(
        self, "unpacked", 1 << 20))  # fmt: skip
    inner = packed({"a.txt": "1 a", "b.txt": "2 b"})
    found = outcomes(packed({"x.zip": inner, "y.zip": inner}))
    assert "more than" in found[""]


def test_a_damaged_or_encrypted_member_fails_alone() -> None:
    data = packed({"a.txt": "first words", "b.txt": "second words"}, zipfile.ZIP_STORED)
    found = outcomes(data.replace(b"first words", b"FIRST words"))
    assert found["a.txt"].startswith("! it is damaged") and found["b.txt"] == "second words"
    locked = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(signature) + offset] |= 1
    found = outcomes(bytes(locked))
    assert "password" in found["a.txt"] and found["b.txt"] == "second words"


@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_a_truncated_archive_is_refused(share: float) -> None:
    data = packed({f"{i}.txt": "words " * 100 for i in range(5)})
    assert "damaged" in outcomes(data[: int(len(data) * share)])[""]
