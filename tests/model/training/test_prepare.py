"""A warm start keeps what MiniLM knows; the stages keep to their recipe."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer

from model.import_bert import import_bert, minilm_folder
from model.training.prepare import build_stages, parameter_groups, warm_start
from model.training.recipe import FileShare


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
    assert len(stage) > len(rows) - 1   # the rest, and negatives made from them
    assert all(example.passage.tolist() != passage for example in stage)


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
