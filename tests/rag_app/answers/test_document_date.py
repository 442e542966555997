"""What date a document carries."""

from __future__ import annotations

import pytest

from rag_app.answers.document_date import BEGINNING, stated_date


@pytest.mark.parametrize(
    ("name", "beginning", "date"),
    [
        ("handbook-2024.md", "In force from 1 February 2025.", "2024"),
        ("handbook.md", "House rules, in force from 1 February 2025. First made in 1999.", "2025-02-01"),
        ("report_2023-05.pdf", "", "2023-05"),
        ("员工手册.txt", "自2025年3月1日起施行，2019年版同时废止。", "2025-03-01"),
        ("a.txt", "March 3, 2021", "2021-03-03"),
        ("a.txt", "Flat 2045, call 0201 2024 555.", "2024"),
        ("a.txt", "A price of 2,024.50 and room 12024.", None),
        ("a.txt", "x" * BEGINNING + " 2025", None),
    ],
)
def test_the_name_counts_before_the_first_lines_and_the_latest_date_wins(
    name: str, beginning: str, date: str | None
) -> None:
    assert stated_date(name, beginning) == date
