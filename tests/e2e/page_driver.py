"""The chat page as a person uses it: every step waits for what it brings about."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = float(os.environ.get("E2E_PATIENCE", "300"))  # seconds for one step
_T = TypeVar("_T")


class ChatPage:
    """One browser tab on `rag chat`."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser = browser
        self._url = url
        self.collection = "default"

    def wait(self, condition: Callable[[], _T], what: str) -> _T:
        """Wait until a condition is truthy and return it."""
        ignored = (StaleElementReferenceException, NoSuchElementException)
        waiting = WebDriverWait(self.browser, PATIENCE, poll_frequency=0.2, ignored_exceptions=ignored)
        return waiting.until(lambda _: condition(), f"waited {PATIENCE:g} s for {what}")

    def open(self) -> None:
        self.browser.get(self._url)
        self.wait(lambda: self.all("h1"), "the title")
        self.wait(lambda: self.all("input[type=file]") or self.all("textarea"), "the upload box or the question box")

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of elements, as they stand in the page, seen or not."""
        return [e.get_property("textContent") for e in self.all(selector)]

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    def make_collection(self, name: str) -> None:
        self.collection = name
        self.click(lambda: self._button("New collection"))
        field = self.wait(lambda: self.all("[data-testid=stPopoverBody] input"), "the field for a name")[0]
        field.send_keys(name)
        self.click(lambda: self._button("Create"))
        self.wait(
            lambda: (
                any(name in t for t in self.texts("[data-testid=stSelectbox]"))
                or any(name == e.get_property("value") for e in self.all("[data-testid=stSelectbox] input"))
            ),
            f"collection {name}",
        )
        self.wait(lambda: not self.all(".rag-document"), "an empty collection")
        self.browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
        self.wait(lambda: self.all("input[type=file]"), "the upload box")

    def upload(self, *paths: Path) -> None:
        """Upload files and wait until each is listed as ready or failed."""
        box = self.wait(lambda: self.all("input[type=file]"), "the upload box")[0]
        box.send_keys("\n".join(str(p) for p in paths))
        self.wait_for_documents([p.name for p in paths])

    def wait_for_documents(self, names: Sequence[str]) -> None:
        self.wait(lambda: set(names) <= set(self.documents()), f"documents {names}")

    def documents(self) -> dict[str, str]:
        """Name -> state, for all documents that the sidebar lists as ready or failed."""
        found = {}
        for row in self.all("[data-testid=stSidebar] :is(.rag-ready, .rag-failed)"):
            name = row.find_element(By.CSS_SELECTOR, ".rag-document-name").get_property("textContent")
            found[name] = row.find_element(By.CSS_SELECTOR, ".rag-document-state").get_property("textContent")
        return found

    def ask(self, question: str) -> None:
        """Ask and wait for the answer, the not-found notice or an error."""
        outcome = ".rag-answer:not(.rag-streaming), .rag-not-found, .rag-small-talk, .rag-trouble"
        before = len(self.all(outcome))
        box = self.wait(
            lambda: [e for e in self.all("[data-testid=stChatInput] textarea") if e.is_enabled()], "the question box"
        )[0]
        box.send_keys(question)
        box.send_keys(Keys.ENTER)
        self.wait(lambda: len(self.all(outcome)) > before and self._is_idle(), f"an answer to {question!r}")

    def click(self, find: Callable[[], WebElement | None]) -> None:
        element = self.wait(find, "something to click")
        self.browser.execute_script("arguments[0].click()", element)

    def controls(self) -> list[tuple[str, str]]:
        """Role and name of each control, as they are told to those who listen to the page."""
        roles = {"button", "textbox", "combobox", "radio", "checkbox", "link", "searchbox"}
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and node["role"]["value"] in roles
        ]

    def _button(self, label: str) -> WebElement | None:
        return next((b for b in self.all("button") if label in (b.get_property("textContent") or "")), None)

    def _is_idle(self) -> bool:
        return not self.all(".rag-streaming") and not self.all("[data-testid=stChatMessage] .rag-progress")
