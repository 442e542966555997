from pathlib import Path

import pytest

from model.text.language import Language
from rag_app.prompts import PromptError, load_prompt

NAMES = ["answer", "passage", "not_found", "possible", "small_talk", "about", "misquoted", "misnumbered"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_prompt_ships_in_both_languages(name: str, lang: Language) -> None:
    assert load_prompt(name, lang)


def test_the_persons_own_file_takes_precedence(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "not_found.en.txt").write_text("Nothing there.\n")
    assert load_prompt("not_found", "en", tmp_path) == "Nothing there."
    assert load_prompt("not_found", "zh", tmp_path) == load_prompt("not_found", "zh")


def test_an_unknown_field_is_named_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "answer.en.txt").write_text("{passages} {qestion}")
    with pytest.raises(PromptError, match=r"answer\.en\.txt.*qestion"):
        load_prompt("answer", "en", tmp_path)


def test_text_put_into_a_field_is_never_interpreted() -> None:
    filled = load_prompt("answer", "en").format(passages="{question} {0} {", question="Why {x}?")
    assert "{question} {0} {" in filled and "Why {x}?" in filled
