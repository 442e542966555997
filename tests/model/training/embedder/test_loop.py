"""The embedder's loop learns, and an interruption leaves no trace in the weights."""

from __future__ import annotations

import json
import random
import signal
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer

from model.checkpoint import load_checkpoint
from model.convert.import_bert import import_bert
from model.convert.sentence_transformers_folder import encoder_vocabulary, save_sentence_transformer
from model.network.pooling import pooled
from model.training.curves import plot_losses
from model.training.embedder import loop as train_embedder_module
from model.training.embedder.loop import EmbedderTraining, train_embedder
from model.training.embedder.loss import Queue
from model.training.embedder.recipe import EmbedderRecipe, Task, Weights, load_embedder_recipe
from model.training.finished import BEFORE_THIS
from model.training.recipe import Optimizer, RecipeError
from model.training.run_folder import LOG_FILE


@pytest.fixture(scope="module")
def embedder(recipe):
    return EmbedderRecipe(
        seed=5,
        vocabulary=recipe,
        held_out=[],
        stages=[0.5, 1.0],
        longest=64,
        queue=8,
        calibration_share=0.0,
        optimizer=Optimizer(steps=6, batch_tokens=160, warm_up=1, learning_rate=1e-3, dropout=0.0),
        tasks=[
            Task("parallel", "parallel.jsonl", [0.5, 0.2]),
            Task("retention", "en.jsonl", [0.2, 0.2]),
            Task("questions", "zh.jsonl", [0.2, 0.4], "zh", negatives=2),
            Task("documents", "text.jsonl", [0.1, 0.2], "zh"),
        ],
    )


@pytest.fixture(scope="module")
def files(data):
    lines = [
        {
            "text": f"# 第{n}号图书馆\n\n## 开门\n\n图书馆早上{n}点开门，学生可以免费借阅图书，请保持安静，"
            f"不要带狗进入大门，周末也不休息。欢迎参观{n}号展厅。门前可以停车，自行车放在大门旁边，参观的人请不要带狗进入展厅，谢谢。"
        }
        for n in range(6)
    ]
    (data / "text.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in lines), "utf-8")
    return data


class InterruptedTraining(EmbedderTraining):
    """Gets Ctrl-C in the middle of its third step."""

    def _step(self):
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)
        return super()._step()


def weights(run):
    return load_checkpoint(run / "last")[0].state_dict()


def test_an_interrupted_and_resumed_run_gives_bit_exactly_the_same_weights(embedder, files, small_bert, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert EmbedderTraining(embedder, files, whole, lambda _: None).train()
    assert not InterruptedTraining(embedder, files, parts, lambda _: None).train()
    assert any(not torch.equal(t, weights(whole)[n]) for n, t in weights(parts).items())
    torch.manual_seed(99)
    random.seed(99)
    said = []
    assert EmbedderTraining(embedder, files, parts, said.append).train()
    assert "resuming at step 3" in said
    assert all(torch.equal(t, weights(whole)[n]) for n, t in weights(parts).items())


def similarities(gpt, tokenizer, files):
    """Cosine of each Chinese sentence, a row, with each English one; translations are on the diagonal."""
    rows = [json.loads(line) for line in (files / "parallel.jsonl").read_text("utf-8").splitlines()]
    vocabulary = encoder_vocabulary(tokenizer)
    with torch.inference_mode():
        chinese, english = (pooled(gpt, vocabulary.encode([row[lang] for row in rows], 64)) for lang in ("zh", "en"))
    return chinese @ english.T


@pytest.mark.parametrize("fast", [False, True], ids=["float32", "bfloat16"])
def test_training_brings_translations_together_and_is_drawn(embedder, files, small_bert, tmp_path, monkeypatch, fast):
    monkeypatch.setattr("model.network.precision.fast_bfloat16", lambda: fast)
    longer = replace(
        embedder,
        tasks=[Task("parallel", "parallel.jsonl", [1.0, 1.0])],
        optimizer=replace(embedder.optimizer, steps=60, learning_rate=5e-3),
        weights=Weights(scale=5.0),
    )
    untrained = EmbedderTraining(longer, files, tmp_path / "untrained", lambda _: None)
    before = similarities(untrained.gpt.eval(), untrained.tokenizer, files)
    gpt, tokenizer, finished = train_embedder(longer, files, tmp_path, lambda _: None)
    assert finished
    # Not a bound on the loss: most of that is the random teacher's, to whom all sentences are alike.
    after, places = similarities(gpt, tokenizer, files), torch.arange(len(before))
    assert (1 - after.diag()).mean() < 0.25 * (1 - before.diag()).mean()
    assert not torch.equal(before.argmax(1), places)
    assert torch.equal(after.argmax(1), places), "each Chinese sentence is nearest to its translation"
    first, _, last = (json.loads(line)["losses"]["parallel"] for line in (tmp_path / LOG_FILE).read_text().splitlines())
    assert last < first
    plot_losses(tmp_path / LOG_FILE, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    save_sentence_transformer(tmp_path / "out", gpt, encoder_vocabulary(tokenizer), longest=64)
    assert (tmp_path / "out" / "modules.json").is_file()


def test_a_batch_is_decided_by_the_step_alone(embedder, files, small_bert, tmp_path):
    training = EmbedderTraining(embedder, files, tmp_path, lambda _: None)
    for source in training.sources:
        assert source.batch(random.Random("7-1"), 160) == source.batch(random.Random("7-1"), 160)
        assert source.batch(random.Random("7-1"), 160) != source.batch(random.Random("7-2"), 160)


def test_the_queue_forgets_the_oldest():
    queue = Queue(5)
    for n in range(3):
        queue.push(torch.full((2, 4), float(n), requires_grad=True), torch.full((2,), n), torch.full((2,), n))
    assert queue.keys.tolist() == [0, 1, 1, 2, 2]
    assert queue.vectors[:, 0].tolist() == [0, 1, 1, 2, 2]
    assert not queue.vectors.requires_grad


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("stages = [0.25, 1.0]", "stages = [0.25, 0.2]"), "rising order"),
        (('vocabulary = "reader_first.toml"', ""), "needs `vocabulary`"),
        (("queue = 2048", "share_of_before = 0.5"), "that `after` names"),
        (("queue = 2048", "share_of_minilm = 1.5"), "share_of_minilm"),
        (('kind = "parallel"', 'kind = "guess"'), "no tasks of kind 'guess'"),
        (("share = [0.45, 0.14]", "share = [0.45]"), "one share for each of the 2 stages"),
        (("retention = 60.0", "retension = 30.0"), "unknown fields"),
        (("seed = 20261124", ""), "seed"),
    ],
    ids=["stages", "beginning", "before", "minilm", "kind", "shares", "typo", "missing"],
)
def test_a_recipe_that_cannot_be_followed_says_why(tmp_path, change, message):
    from ingest.resources import shipped

    folder = shipped("recipes")
    (tmp_path / "reader_first.toml").write_text((folder / "reader_first.toml").read_text("utf-8"), "utf-8")
    text = (folder / "embedder_first.toml").read_text("utf-8")
    assert change[0] in text
    (tmp_path / "e.toml").write_text(text, "utf-8")
    load_embedder_recipe(tmp_path / "e.toml")
    (tmp_path / "e.toml").write_text(text.replace(change[0], change[1], 1), "utf-8")
    with pytest.raises(RecipeError, match=message):
        load_embedder_recipe(tmp_path / "e.toml")


def test_the_result_can_be_a_mean_with_the_network_it_began_with_and_with_minilm(embedder, files, tmp_path):
    second = replace(embedder, after=embedder, vocabulary=None, share_of_before=0.5, share_of_minilm=0.25)
    gpt, tokenizer, complete = train_embedder(second, files, tmp_path, lambda _: None)
    assert complete
    before, last = weights(tmp_path / BEFORE_THIS), weights(tmp_path)
    minilm = import_bert(train_embedder_module.minilm_folder()).state_dict()
    words = "tokens.weight"
    layer = next(name for name in last if name.endswith("weight") and last[name].dim() == 2 and name != words)
    mean = (before[layer] + last[layer]) / 2
    assert not torch.equal(before[layer], last[layer])
    assert torch.allclose(gpt.state_dict()[layer], 0.75 * mean + 0.25 * minilm[layer], atol=1e-6)
    chinese, english = (tokenizer.tokenizer.token_to_id(token) for token in ("馆", "the"))
    mean = (before[words] + last[words]) / 2
    assert torch.allclose(gpt.state_dict()[words][chinese], mean[chinese], atol=1e-6)
    known = Tokenizer.from_file(str(train_embedder_module.minilm_folder() / "tokenizer.json")).token_to_id("the")
    assert torch.allclose(
        gpt.state_dict()[words][english], 0.75 * mean[english] + 0.25 * minilm[words][known], atol=1e-6
    )
