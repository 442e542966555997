"""What a person sees in the browser, from the empty page to an answer with its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fpdf import FPDF
from page_driver import PATIENCE, ChatPage

HOSTILE = """Notes on the boiler room

The password of the boiler room is **walnut** <img src=x onerror="window.hacked=1">.
<script>window.hacked=2</script> <b>bold</b> $x^2$ [link](http://example.org/) :material/home: :red[text] `code`
"""


def pdf_with_pages(path: Path, *pages: str) -> Path:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    pdf.output(str(path))
    return path


def test_empty_page_explains_itself_and_a_pdf_answers(chat: ChatPage, tmp_path: Path) -> None:
    text = chat.text()
    assert "Nothing leaves this computer" in text
    assert "quoted word for word" in text
    assert not chat.all("[data-testid=stChatInput]")

    chat.upload(
        pdf_with_pages(
            tmp_path / "house-rules.pdf",
            "House rules of Alder Street 12. The bins are emptied on Tuesday. Bicycles stay in the yard.",
            "The access code of the garage is 4711. The door closes by itself after two minutes.",
        )
    )
    chat.ask("What is the access code of the garage?")

    assert chat.texts(".rag-quote") == ["The access code of the garage is 4711."]
    assert chat.texts(".rag-quote strong") == ["4711"]
    assert chat.texts(".rag-citation .rag-source") == ["house-rules.pdf"]
    assert chat.texts(".rag-citation .rag-page") == ["page 2"]
    assert chat.texts(".rag-around mark") == ["4711"]
    assert "The door closes by itself" in chat.texts(".rag-around")[0]
    assert "%" in chat.texts(".rag-percent")[0]


def test_chinese_text_file_answers(chat: ChatPage, tmp_path: Path) -> None:
    path = tmp_path / "车库说明.txt"
    text = "梧桐路十二号的说明。\n垃圾每周二清运。\n车库的门禁密码是4711。\n自行车请放在院子里。\n"
    path.write_text(text, encoding="utf-8")
    chat.upload(path)
    chat.ask("车库的门禁密码是多少？")

    assert chat.texts(".rag-quote") == ["车库的门禁密码是4711。"]
    assert chat.texts(".rag-quote strong") == ["4711"]
    assert chat.texts(".rag-citation .rag-source") == ["车库说明.txt"]


def test_documents_that_disagree_are_listed_each_with_its_place(chat: ChatPage, tmp_path: Path) -> None:
    old, new = tmp_path / "handbook-2023.txt", tmp_path / "handbook-2025.txt"
    old.write_text("Passwords must be at least 10 characters long and are changed every 90 days.\n", encoding="utf-8")
    new.write_text("A password has at least 14 characters; it no longer has to be changed.\n", encoding="utf-8")
    chat.upload(old, new)
    chat.ask("How long must a password be?")

    said = dict(zip(chat.texts(".rag-item .rag-source"), chat.texts(".rag-item .rag-quote strong"), strict=True))
    assert set(said) == {old.name, new.name}
    assert "10" in said[old.name] and "14" in said[new.name]
    assert chat.texts(".rag-item .rag-number") == ["1", "2"]
    assert "2 different answers" in chat.texts(".rag-several")[0]
    # A citation opens its place, and only its own.
    places = chat.all(".rag-item .rag-around")
    assert [p.is_displayed() for p in places] == [False, False]
    chat.all(".rag-item summary")[1].click()
    chat.wait(lambda: [p.is_displayed() for p in chat.all(".rag-item .rag-around")] == [False, True], "the place")


def test_question_without_an_answer_is_said_to_have_none(chat: ChatPage, tmp_path: Path) -> None:
    path = tmp_path / "garden.txt"
    path.write_text("The roses are pruned in March. The hedge is cut twice a year.\n", encoding="utf-8")
    chat.upload(path)
    chat.ask("Who was the president of Brazil in 1975?")

    assert not chat.texts(".rag-quote")
    assert "Not in your documents" in chat.texts(".rag-not-found")[0]
    assert "no answer" in chat.texts(".rag-note")[0]
    assert "The roses are pruned" in chat.texts(".rag-nearest .rag-sentence")[0]


def test_the_last_question_and_what_is_said_to_it_come_into_view(chat: ChatPage, tmp_path: Path) -> None:
    path = tmp_path / "garden.txt"
    path.write_text("The roses are pruned in March. The hedge is cut twice a year.\n", encoding="utf-8")
    chat.upload(path)
    for _ in range(6):  # more than fit into the window
        chat.ask("Thanks a lot!")
    where = """const shown = document.querySelectorAll(arguments[0]);
               const box = shown[shown.length - 1].getBoundingClientRect();
               return shown.length === 6 && box.top > 0 && box.bottom < window.innerHeight"""
    for selector in (".rag-question", ".rag-small-talk"):
        chat.wait(lambda s=selector: chat.browser.execute_script(where, s), f"the last {selector} in view")


def test_hostile_content_stays_text(chat: ChatPage, tmp_path: Path) -> None:
    path = tmp_path / "_boiler_ $room$ `x` [a](b).txt"
    path.write_text(HOSTILE, encoding="utf-8")
    chat.upload(path)
    chat.ask("What is the password of the boiler room?")

    shown = chat.texts(".rag-around, .rag-nearest .rag-sentence")[0]
    for literal in (
        '**walnut** <img src=x onerror="window.hacked=1">',
        "<script>window.hacked=2</script>",
        "$x^2$",
        "[link](http://example.org/)",
        ":material/home:",
        ":red[text]",
        "`code`",
        "<b>bold</b>",
    ):
        assert literal in shown
    assert chat.browser.execute_script("return window.hacked === undefined")
    for made in (
        "img[src=x]",
        "[data-testid=stMain] script",
        "[data-testid=stMain] .katex",
        "a[href*='example.org']",
        "[data-testid=stMain] b",
    ):
        assert not chat.all(made), made


def test_another_process_ingests_while_the_page_is_open(
    chat: ChatPage, rag: list[str], home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "cellar.txt"
    text = "The key of the cellar hangs behind the mirror. The light switch is on the left.\n"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [*rag, "--home", str(home), "--collection", chat.collection, "ingest", "--quiet", str(path)],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    chat.wait_for_documents(["cellar.txt"])
    chat.ask("Where does the key of the cellar hang?")
    assert chat.texts(".rag-quote") == ["The key of the cellar hangs behind the mirror."]
    assert "behind the mirror" in chat.texts(".rag-quote strong")[0]
    assert chat.texts(".rag-citation .rag-source") == ["cellar.txt"]


def test_bad_file_is_listed_with_its_reason_and_the_good_one_answers(chat: ChatPage, tmp_path: Path) -> None:
    whole = pdf_with_pages(tmp_path / "whole.pdf", "The code of the attic is 9926.").read_bytes()
    (tmp_path / "whole.pdf").unlink()
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(whole[: len(whole) // 3])
    good = pdf_with_pages(tmp_path / "attic.pdf", "The code of the attic is 9926. The ladder is in the hall.")
    chat.upload(broken, good)

    state = chat.documents()["broken.pdf"]
    assert state.startswith("failed: ")
    assert len(state) > len("failed: ") + 10  # a reason, in words
    chat.ask("What is the code of the attic?")
    assert chat.texts(".rag-quote strong") == ["9926"]
    assert chat.texts(".rag-citation .rag-source") == ["attic.pdf"]


def test_every_control_has_a_name_in_words(chat: ChatPage, tmp_path: Path) -> None:
    path = tmp_path / "garden _rules_.txt"
    path.write_text("The roses are pruned in March.\n", encoding="utf-8")
    chat.upload(path)
    chat.wait(lambda: chat.all("[data-testid=stChatInput] textarea"), "the question box")
    controls = chat.controls()
    assert [c for c in controls if sum(letter.isalpha() for letter in c[1]) < 2] == []
    assert any(name.endswith("Remove garden rules .txt") for role, name in controls if role == "button")
    cross = chat.all("[class*=st-key-remove-] button")[0]
    assert cross.rect["width"] < 60  # its words are for the ear: the eye sees a cross


def test_page_speaks_chinese(chat: ChatPage) -> None:
    chat.click(lambda: next((e for e in chat.all("[data-testid=stRadio] label") if "中文" in e.text), None))
    chat.wait(lambda: "向您的文档提问" in chat.text(), "the Chinese title")
    assert "都留在这台电脑上" in chat.text()
    label = "return getComputedStyle(document.querySelector(arguments[0]), '::after').content"
    button = "[data-testid=stFileUploaderDropzone] button p"
    chat.wait(lambda: chat.browser.execute_script(label, button) == '"选择文件"', "the upload button in Chinese")


def test_the_page_is_dark_where_the_system_is(chat: ChatPage) -> None:
    brightness = "return getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/\\d+/g).map(Number)"
    assert min(chat.browser.execute_script(brightness)) > 200
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    chat.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        chat.open()
        chat.wait(lambda: max(chat.browser.execute_script(brightness)) < 60, "a dark page")
    finally:
        chat.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
