import base64
import io
import zipfile
from email.message import EmailMessage

import pytest

from ingest.loaders import LoadError, parts_of
from ingest.loaders.mail import load_mail


def message(subject: str = "租约 Lease", body: str = "The lease ends in May.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Anna Müller <anna@example.org>"
    made["To"] = "ben@example.org"
    made["Date"] = "Mon, 2 Mar 2026 14:30:00 +0100"
    made["Subject"] = subject
    made["X-Secret"] = "never"
    made.set_content(body)
    return made


def zipped(name: str, content: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def texts(name: str, data: bytes) -> dict[str, str]:
    return {part.name: part.load().text for part in parts_of(name, data)}


HEADERS = "From: Anna Müller <anna@example.org>\nTo: ben@example.org\nDate: 2026-03-02 14:30 +0100\nSubject: 租约 Lease"


def test_headers_and_words_are_kept() -> None:
    document = load_mail(message().as_bytes(), "stem")
    assert document.text == f"{HEADERS}\n\nThe lease ends in May."
    assert document.title == "租约 Lease" and len(document.atomic_spans) == 4


def test_of_two_versions_the_plain_one_is_read_and_html_where_there_is_no_other() -> None:
    both = message()
    both.add_alternative("<p>Never</p>", subtype="html")
    assert load_mail(both.as_bytes(), "s").text.endswith("The lease ends in May.")
    only = EmailMessage()
    only["From"] = "a@example.org"
    only.set_content('<html><head><meta charset="gb2312"></head><body><h1>标题</h1><p>正文</p></body></html>', "html")
    document = load_mail(only.as_bytes(), "s")
    assert document.text == "From: a@example.org\n\n标题\n\n正文"
    assert [document.text[h.start :][:2] for h in document.headings] == ["标题"]


def test_attachments_are_documents_below_the_mail() -> None:
    mail = message()
    mail.add_attachment(b"Note: pay.", "text", "plain", filename="注释.txt")
    mail.add_attachment(zipped("f/a.md", "# In a zip"), "application", "zip", filename="../../b.zip")
    mail.add_attachment(message("Inner", "Forwarded words."))
    found = texts("mail.eml", mail.as_bytes())
    assert list(found) == ["注释.txt", "..-..-b.zip/f/a.md", "attachment-4.eml", ""]
    assert found["注释.txt"] == "Note: pay." and "Forwarded words." in found["attachment-4.eml"]
    assert found[""].endswith("The lease ends in May.")


def test_a_chinese_mail_in_its_own_encoding_declared_or_not() -> None:
    for declared in (b'; charset="gb2312"', b""):
        raw = b"From: a@b.c\nContent-Type: text/plain" + declared + b"\nContent-Transfer-Encoding: 8bit\n\n"
        assert load_mail(raw + "合同的期限是三年。".encode("gb18030"), "s").text.endswith("合同的期限是三年。")


def test_each_message_of_a_mailbox_is_a_mail() -> None:
    box = b""
    for subject in ("One", "Two / three", "Two / three"):
        box += b"From a@b.c Mon Mar  2 14:30:00 2026\n" + message(subject, "Hello\n>From here on.\n").as_bytes() + b"\n"
    found = texts("inbox.mbox", box)
    assert list(found) == ["0001 One.eml", "0002 Two - three.eml", "0003 Two - three.eml", ""]
    assert found["0001 One.eml"].endswith("Hello\nFrom here on.") and found[""] == ""


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.eml", b"just some words\n", "neither a sender"),
        ("a.eml", b"\x00\x01\x02\x03" * 100, "neither a sender"),
        ("a.mbox", b"just some words\n", "does not begin"),
        ("a.eml", b"From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nw\n" * 2000, "parts"),
    ],
)
def test_what_is_no_mail_is_refused(name: str, data: bytes, reason: str) -> None:
    *_, itself = parts_of(name, data)
    with pytest.raises(LoadError, match=reason):
        itself.load()


def test_parts_nested_without_end_neither_crash_nor_hang() -> None:
    nested = b"From: a@b.c\n"
    for i in range(300):
        nested += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i)
    *_, itself = parts_of("a.eml", nested + b"\nwords\n")
    with pytest.raises(LoadError):
        itself.load()


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *(("utf-16", "utf-16"), ("utf-16", "UTF-16BE"), ("utf-16", ""), ("utf-16-le", "utf-16"), ("utf-16-le", "")),
        *(("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16"), ("utf-16-be", "utf-16be"), ("utf-16-be", "")),
    ],
)
def test_a_part_in_utf_16_is_read_in_the_byte_order_that_it_shows(encoding: str, declared: str) -> None:
    head = "From: a@b.c\nContent-Type: text/plain" + (f"; charset={declared}" if declared else "")
    body = base64.encodebytes("The lease ends in May.\r\nGoodbye.".encode(encoding)).decode()
    document = load_mail(f"{head}\nContent-Transfer-Encoding: base64\n\n{body}".encode(), "s")
    assert document.text == "From: a@b.c\n\nThe lease ends in May.\nGoodbye."


def test_a_part_in_utf_16_that_is_not_encoded_further() -> None:
    part = "合同的期限是三年。上海\r\n".encode("utf-16-le")
    head = (
        b"From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; charset=utf-16\n\n"
    )
    assert load_mail(head + part + b"\n--x--\n", "s").text == "From: a@b.c\n\n合同的期限是三年。上海"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_whole_mail_that_was_saved_in_utf_16(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    data = (mark + "From: a@b.c\nSubject: Lease\n\n合同的期限是三年。").encode(encoding)
    assert load_mail(data, "s").text == "From: a@b.c\nSubject: Lease\n\n合同的期限是三年。"
