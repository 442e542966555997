from ingest.loaders.formats import FORMATS
from rag_app.ui.format_names import NAMES, all_formats, type_name


def test_every_format_has_a_name_in_both_languages() -> None:
    assert list(NAMES) == [f.mime for f in FORMATS]
    assert all(en and zh for en, zh in NAMES.values())
    assert "Excel" in all_formats("en") and "电子邮件" in all_formats("zh")


def test_a_type_is_named_as_people_call_it() -> None:
    assert type_name("docx", "en") == "Word" and type_name("docx", "zh") == "Word 文档"
    assert type_name("text/plain", "zh") == "文本"
    assert type_name("application/x-unknown", "en") == "application/x-unknown"
