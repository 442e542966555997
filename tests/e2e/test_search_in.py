"""The sidebar's "search in": it lists what there is, and a question looks into nothing else."""

from __future__ import annotations

from pathlib import Path

from page_driver import ChatPage
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

_BOXES = "[data-testid=stSidebar] [data-testid=stMultiSelect]"


def listed(chat: ChatPage, value: str) -> WebElement | None:
    """The choice in the open list; opens the list, which the page closes when it is drawn anew."""
    found = next((e for e in chat.all("[role=option]") if value in (e.get_property("textContent") or "")), None)
    if found is None:
        chat.all(f"{_BOXES} input")[0].send_keys(Keys.ARROW_DOWN)
    return found


def choose(chat: ChatPage, value: str) -> None:
    """Open "search in" and choose a type."""
    chat.click(lambda: next(iter(chat.all("[data-testid=stSidebar] [data-testid=stExpander] summary")), None))
    chat.wait(lambda: chat.all(_BOXES), "the choices")
    chat.click(lambda: listed(chat, value))
    chat.browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    chat.wait(lambda: value in chat.all(_BOXES)[0].text, f"{value} chosen")


def test_a_question_looks_only_into_what_was_chosen(chat: ChatPage, tmp_path: Path) -> None:
    note, table = tmp_path / "garage.md", tmp_path / "prices.csv"
    note.write_text("# Garage\n\nThe access code of the garage is 4711. It changes every May.\n", encoding="utf-8")
    table.write_text("part,price\nboiler,420 EUR\npump,99 EUR\n", encoding="utf-8")
    chat.upload(note, table)

    choose(chat, "CSV")
    chat.ask("What is the access code of the garage?")
    assert "Not in your documents" in chat.texts(".rag-not-found")[0]
    assert chat.texts(".rag-searched-in") == ["searched only in: CSV"]
    assert all("prices.csv" in place for place in chat.texts(".rag-nearest .rag-place"))
