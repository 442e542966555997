"""The classifier's weights can be made again from the examples that ship and questions about documents."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag_app.question.messages import kind
from rag_app.question.messages.training import EVERY, QUESTIONS, main

TOPICS = ("boiler", "lease", "garden", "warranty", "会议室", "年假", "押金", "食堂")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights made with 48 questions instead of thousands."""
    folder = tmp_path_factory.mktemp("data")
    for name in QUESTIONS:
        asked = [t for t in TOPICS if t.isascii() == (".en." in name)]
        rows = [
            {"question": f"What does rule {n} say about the {t}?" if t.isascii() else f"{t}的第{n}条规定是什么？"}
            for t in asked
            for n in range(3 * EVERY)
        ]
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(lzma.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    out = folder / "weights.json"
    found = CliRunner().invoke(main, ["--data", str(folder), "--out", str(out)])
    assert found.exit_code == 0, found.output
    shipped = resources.files("rag_app.question.messages").joinpath("examples.jsonl")
    examples = shipped.read_text(encoding="utf-8").splitlines()
    assert f"of {len(examples) + 12 * len(QUESTIONS)} messages" in found.output
    return out


@pytest.fixture
def remade(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kind, "WEIGHTS_FILE", str(made))
    kind._weights.cache_clear()
    yield
    kind._weights.cache_clear()


def test_weights_are_two_numbers_for_each_ngram_and_for_every_message(made: Path) -> None:
    weights = json.loads(made.read_text(encoding="utf-8"))
    assert len(weights) > 1000 and "" in weights
    assert all(len(w) == 2 and all(isinstance(x, float) for x in w) for w in weights.values())
    assert max(map(len, weights)) == 4


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("thank you!", "talk"),
        ("谢谢你", "talk"),
        ("What can you do?", "about"),
        ("你是谁？", "about"),
        ("What does rule 7 say about the boiler?", "documents"),
        ("年假的第7条规定是什么？", "documents"),
    ],
)
def test_remade_weights_tell_the_kinds_apart(remade: None, message: str, expected: str) -> None:
    assert kind.kind_of(message) == expected


def test_the_shipped_examples_are_of_known_kinds_in_both_languages() -> None:
    text = resources.files("rag_app.question.messages").joinpath("examples.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    counts = Counter((r["lang"], r["kind"]) for r in rows)
    kinds = {"question", "talk", "about", "summary", "compare", "collect", "library", "write"}
    assert set(counts) == {(lang, k) for lang in ("en", "zh") for k in kinds}
    assert all(r["text"].strip() for r in rows)
    assert not [r for r in rows if r["kind"] in ("talk", "about") and len(r["text"]) > kind.MAX_CHARACTERS]
