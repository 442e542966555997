from ingest.loaders.markdown import load_markdown

SOURCE = """---
title: "A guide"
tags: x
---
Intro

# Getting *started*

```
# not a heading
```

Setext `code`
-------------

> ## Quoted

### Deep ###
"""


def test_headings_come_with_level_words_and_the_offset_of_their_line() -> None:
    document = load_markdown(SOURCE.encode(), "stem")
    assert document.text == SOURCE
    assert [(h.level, h.title) for h in document.headings] == [
        (1, "Getting started"), (2, "Setext code"), (2, "Quoted"), (3, "Deep")
    ]  # fmt: skip
    lines = [document.text[h.start :].split("\n")[0] for h in document.headings]
    assert lines == ["# Getting *started*", "Setext `code`", "> ## Quoted", "### Deep ###"]


def test_the_title_is_the_front_matters_then_the_first_headings_then_the_files() -> None:
    assert load_markdown(SOURCE.encode(), "stem").title == "A guide"
    assert load_markdown(b"# First\n\ntext", "stem").title == "First"
    assert load_markdown(b"text", "stem").title == "stem"


def test_windows_line_ends_shift_no_offset() -> None:
    document = load_markdown("一\r\n\r\n# 标题\r\n\r\n正文\r\n".encode(), "s")
    (heading,) = document.headings
    assert document.text[heading.start :].startswith("# 标题\n")


def test_tables_become_records_and_headings_below_keep_their_place() -> None:
    source = "# A\n\n| Item | **Euro** |\n|---|--:|\n| [Tea](x) | 2 |\n| Coffee | |\n\n## B\n\n    | no | table |\n"
    document = load_markdown(source.encode(), "s")
    assert document.text == "# A\n\nItem: Tea; Euro: 2\nItem: Coffee\n\n## B\n\n    | no | table |\n"
    assert [document.text[h.start :].split("\n")[0] for h in document.headings] == ["# A", "## B"]
    assert [document.text[a:b] for a, b in document.atomic_spans][:2] == ["Item: Tea; Euro: 2", "Item: Coffee"]


def test_lines_of_code_are_kept_whole() -> None:
    document = load_markdown(b"Text.\n\n```\na = 1. B\nc = 2\n```\n", "s")
    assert "a = 1. B" in [document.text[a:b] for a, b in document.atomic_spans]
