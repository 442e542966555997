from pathlib import Path

from ingest.job import ingest
from ingest.library import Library
from ingest.loaders.errors import FailureKind, stored_reason
from rag_app.ui.failure_words import CHINESE, failure_words


def test_every_kind_has_chinese_words() -> None:
    assert set(CHINESE) == set(FailureKind)
    assert len(set(CHINESE.values())) == len(CHINESE)
    assert all(words.endswith("。") for words in CHINESE.values())


def test_the_kind_is_for_programs_the_sentence_for_people() -> None:
    reason = stored_reason("the file is empty", FailureKind.EMPTY)
    assert failure_words(reason, "en") == "the file is empty"
    assert failure_words(reason, "zh") == "文件是空的。"


def test_an_unknown_reason_stays_english_after_a_chinese_lead() -> None:
    assert failure_words("it fell off the table", "en") == "it fell off the table"
    assert failure_words("it fell off the table", "zh") == "无法完整读取（英文说明）：it fell off the table"


def test_what_failed_to_be_ingested_is_told_in_both_languages(tmp_path: Path, library: Library) -> None:
    files = {"a.txt": b"", "b.pdf": b"%PDF-1.4 and then nothing", "c.doc": b"\xd0\xcf\x11\xe0" + bytes(600)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with Library.open(tmp_path / "library", library.embedder) as own:
        ingest(own, [tmp_path / name for name in files])
        reasons = {Path(r.source).name: r.error or "" for r in own.documents()}
    told = {name: failure_words(reason, "zh") for name, reason in reasons.items()}
    assert told == {
        "a.txt": CHINESE[FailureKind.EMPTY],
        "b.pdf": CHINESE[FailureKind.DAMAGED],
        "c.doc": CHINESE[FailureKind.OLD_FORMAT],
    }
    assert not any("[" in failure_words(reason, "en") for reason in reasons.values())
