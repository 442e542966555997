"""A warm start keeps what MiniLM knows; the stages keep to their recipe."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer

from model.convert.import_bert import import_bert, minilm_folder
from model.convert.import_e5 import read_e5
from model.reader.grounded import GroundedReader
from model.reader.prompt import HEADING, HISTORY
from model.training.reader import prepare
from model.training.reader.prepare import build_stages, parameter_groups, warm_start
from model.training.recipe import FileShare, Stage, TextSource, Vocabulary
from tests.model.convert.test_import_e5 import PIECES, file_of, tensors
from tests.model.training.conftest import write


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def started(recipe, data):
    return warm_start(recipe, data, silent)


@torch.inference_mode()
def test_english_is_read_exactly_as_minilm_reads_it(started):
    gpt, tokenizer = started
    minilm = import_bert(minilm_folder()).eval()
    text = "When does the library open? It opens at eight."
    ids = torch.tensor([[tokenizer.cls, *tokenizer.encode(text).ids, tokenizer.sep]])
    assert torch.equal(gpt.eval()(gpt.embed(ids)), minilm(minilm.embed(ids)))


def test_chinese_that_minilm_cannot_spell_is_spelt(started):
    _, tokenizer = started
    base = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    unknown = base.token_to_id("[UNK]")
    assert unknown in base.encode("港口几点开门？").ids
    assert unknown not in tokenizer.encode("港口几点开门？").ids


def test_the_network_has_a_copy_head_and_the_recipes_dropout(started, recipe):
    gpt, tokenizer = started
    assert gpt.copy_head is not None
    assert gpt.config.dropout == recipe.optimizer.dropout
    assert gpt.config.vocab_size == tokenizer.vocab_size


def test_every_parameter_is_in_one_group_and_embeddings_and_vectors_never_decay(started):
    gpt, _ = started
    groups = parameter_groups(gpt, weight_decay=0.01, head_rate=4.0)
    members = [id(p) for g in groups for p in g["params"]]
    assert sorted(members) == sorted(id(p) for p in gpt.parameters())
    still = {id(p) for g in groups if g["weight_decay"] == 0 for p in g["params"]}
    assert {id(gpt.tokens.weight), id(gpt.blocks[0].mlp.up.bias)} <= still
    assert id(gpt.blocks[0].mlp.up.weight) not in still
    fast = {id(p) for g in groups if g["scale"] == 4.0 for p in g["params"]}
    assert fast == {id(p) for p in gpt.copy_head.parameters()}


def test_held_out_passages_are_in_no_stage(recipe, data, tokenizer, tmp_path):
    rows = (data / "en.jsonl").read_text(encoding="utf-8").splitlines()
    kept_out = json.loads(rows[0])
    (tmp_path / "en.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "dev.jsonl").write_text(json.dumps(kept_out), encoding="utf-8")
    english = replace(recipe, held_out=["dev.jsonl"], stages=[replace(recipe.stages[0], files=[FileShare("en.jsonl")])])
    [stage] = build_stages(english, tmp_path, tmp_path, tokenizer, silent)
    passage = tokenizer.encode(kept_out["context"]).ids
    assert len(stage) > len(rows) - 1  # the rest, and negatives made from them
    assert all(example.passage.tolist() != passage for example in stage)


@pytest.fixture
def from_e5(recipe, data, tmp_path, monkeypatch):
    """A recipe over the tiny file of test_import_e5.py, and what was said while its network was made."""
    path = tmp_path / "e5.bin"
    path.write_bytes(file_of(tensors())[0])
    monkeypatch.setattr(prepare, "e5_file", lambda: path)
    write(tmp_path / "texts.jsonl", [{"context": "the 圖書 and the 图书", "question": "the?"}])
    words = Vocabulary([TextSource("texts.jsonl", ["context", "question"])], trunk="e5", least_count=3)
    said = []
    return warm_start(replace(recipe, vocabulary=words, match_features=True), tmp_path, said.append), said, path


def test_a_start_from_e5_keeps_the_pieces_that_the_texts_need(from_e5, recipe):
    (gpt, tokenizer), said, path = from_e5
    known = tokenizer.tokenizer.get_vocab()
    assert "▁the" in known and "." in known and "图书" not in known, "the last stands there twice, after folding"
    assert said[-1] == f"vocabulary: {len(PIECES)} -> {tokenizer.vocab_size - 1} pieces"
    old = read_e5(path)
    number = [text for text, _ in old.pieces].index("▁the")
    assert torch.equal(gpt.tokens.weight[known["▁the"]], old.state["tokens.weight"][number])
    assert torch.equal(gpt.blocks[1].mlp.up.weight, old.state["blocks.1.mlp.up.weight"])
    assert gpt.copy_head is not None and gpt.config.match_features and gpt.config.n_segments == 4
    assert gpt.config.dropout == recipe.optimizer.dropout
    assert GroundedReader(gpt, tokenizer).read("the?", ["the 圖書"]).readings[0] is not None


DOCUMENT = "# Guide\n\n" + "".join(
    f"## House {n}\n\nThe caretaker of house {n} lives on floor {n}0. Dogs wait outside at the gate of the house. "
    "Visitors like the old stairs and the garden behind it very much.\n\n"
    for n in range(1, 13)
)


@pytest.fixture
def documents(recipe, tmp_path):
    """A recipe over six questions on one document."""
    write(
        tmp_path / "docs.jsonl",
        [
            {
                "context": DOCUMENT,
                "title": "Town",
                "question": f"On which floor is the caretaker of house {n}?",
                "answers": [f"floor {n}0"],
                "lang": "en",
            }
            for n in range(1, 7)
        ],
    )
    stage = Stage(1.0, [FileShare("docs.jsonl", 2, documents=True)])
    return lambda **changes: replace(recipe, stages=[replace(stage, **changes)])


def built(recipe, folder, tokenizer):
    [stage] = build_stages(recipe, folder, folder, tokenizer, silent)
    return stage


def test_questions_on_documents_are_read_over_windows(documents, tokenizer, tmp_path):
    stage = built(documents(), tmp_path, tokenizer)
    whole = tokenizer.encode(DOCUMENT).ids
    assert len(stage) == 12 and all(len(e.passage) < len(whole) and e.quotes for e in stage)
    assert len({tuple(e.passage) for e in stage}) > 8, "another window each time"
    assert any(HEADING in e.segments for e in stage) and not any(HISTORY in e.segments for e in stage)


def test_a_share_of_them_get_a_window_that_does_not_answer(documents, tokenizer, tmp_path):
    stage = built(documents(elsewhere=1.0), tmp_path, tokenizer)
    assert sum(bool(e.quotes) for e in stage) == 12
    assert 8 < sum(not e.quotes for e in stage) <= 12, "fewer where too little is left of the document"


def test_a_share_of_them_ask_two_things(documents, tokenizer, tmp_path):
    stage = built(documents(several_part=0.5), tmp_path, tokenizer)
    assert any(len(e.quotes) == 2 for e in stage)
    assert not any(len(e.quotes) == 2 for e in built(documents(), tmp_path, tokenizer))


def test_a_share_of_the_examples_follow_other_turns(documents, tokenizer, tmp_path):
    plain, talked = (built(documents(talked=t), tmp_path, tokenizer) for t in (0.0, 1.0))
    assert [e.passage.tolist() for e in talked] == [e.passage.tolist() for e in plain]
    assert sum(HISTORY in e.segments for e in talked) > 4, "the rest met themselves"


def test_typed_questions_change_and_passages_do_not(documents, tokenizer, tmp_path):
    plain, as_typed = (built(documents(typed=t), tmp_path, tokenizer) for t in (False, True))
    assert [e.passage.tolist() for e in as_typed] == [e.passage.tolist() for e in plain]
    assert [e.opening.tolist() for e in as_typed] != [e.opening.tolist() for e in plain]


def test_passages_are_read_under_their_title_half_of_the_time(recipe, tokenizer, tmp_path):
    write(
        tmp_path / "titled.jsonl",
        [
            {
                "context": f"The library closes at {n}.",
                "title": "Town guide",
                "question": "When?",
                "answers": [f"at {n}"],
            }
            for n in range(200)
        ],
    )
    stage = Stage(1.0, [FileShare("titled.jsonl")])
    under = [HEADING in e.segments for e in built(replace(recipe, stages=[stage]), tmp_path, tokenizer)]
    assert len(under) == 200 and 70 < sum(under) < 130


@pytest.mark.parametrize(("times", "count"), [(1, 6), (2, 12), (0.5, 3), (1.5, 9)])
def test_a_file_appears_as_often_as_the_recipe_says(recipe, data, tmp_path, tokenizer, times, count):
    plain = replace(recipe.stages[0], files=[FileShare("zh.jsonl", times)], negatives=0.0)
    [stage] = build_stages(replace(recipe, stages=[plain]), data, tmp_path, tokenizer, silent)
    assert len(stage) == count


def test_the_same_seed_builds_the_same_stages(recipe, data, tmp_path, tokenizer):
    first = build_stages(recipe, data, tmp_path, tokenizer, silent)
    random.seed(5)
    again = build_stages(recipe, data, tmp_path, tokenizer, silent)
    assert [[e.passage.tolist() for e in s] for s in first] == [[e.passage.tolist() for e in s] for s in again]
