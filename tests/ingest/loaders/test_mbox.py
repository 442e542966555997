import pytest

from ingest.loaders import LoadError, parts_of

SINGLE = b"From: a@b.c\nSubject: One\n\nHello.\n"


@pytest.mark.parametrize(
    "before",
    [
        b"From a@b.c Mon Mar  2 14:30:00 2026\n",
        b"\n\nFrom a@b.c Mon Mar  2 14:30:00 2026\r\n",
        b"\xef\xbb\xbfFrom - Mon Mar  2 14:30:00 2026\n",
        b"From MAILER-DAEMON\n",
        b"",
    ],
)
def test_a_mailbox_with_a_single_message(before: bytes) -> None:
    message, box = parts_of("a.mbox", before + SINGLE)
    assert message.name == "0001 One.eml" and message.load().text == "From: a@b.c\nSubject: One\n\nHello."
    assert box.load().is_container


def test_messages_that_follow_one_without_a_line_of_its_own() -> None:
    box = SINGLE + b"\nFrom a@b.c Mon Mar  2 14:30:00 2026\nSubject: Two\n\nGoodbye.\n"
    assert [part.name for part in parts_of("a.mbox", box)] == ["0001 One.eml", "0002 Two.eml", ""]


@pytest.mark.parametrize("data", [b"From the start there were words.\nMore.\n", b"Subject: a list\n\nwords", b"  x"])
def test_what_is_no_mailbox_is_refused(data: bytes) -> None:
    (box,) = parts_of("a.mbox", data)
    with pytest.raises(LoadError, match="does not begin"):
        box.load()
