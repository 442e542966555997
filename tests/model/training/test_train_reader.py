"""The loop learns, and an interruption leaves no trace in the weights."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest
import torch

from model.checkpoint import load_checkpoint
from model.training.recipe import FileShare, Optimizer, Recipe, Stage, TextSource, Vocabulary
from model.training.train_reader import LOG_FILE, RANDOM_FILE, ReaderTraining

STEPS = 6
FILLER = "The house has four floors and a garden that visitors like. Dogs wait outside, bicycles stand by the gate. "
ENGLISH = [
    (f"{FILLER}The {place} opens at {hour} and costs {price} euros. {FILLER}", f"When does the {place} open?", hour)
    for place, hour, price in (
        ("library", "eight", "two"), ("museum", "nine", "twelve"), ("theatre", "noon", "thirty"),
        ("harbour", "six", "four"), ("castle", "ten", "seven"), ("station", "five", "three"),
    )
]
CHINESE = [
    (f"{place}一共有四层，门前可以停车，欢迎参观，请不要带狗进入大门。{place}早上{hour}开门，票价{price}元，周末不休息，"
     "学生可以免费借阅图书，请保持安静。", f"{place}几点开门？", hour)
    for place, hour, price in (
        ("图书馆", "八点", "二"), ("博物馆", "九点", "十二"), ("剧院", "十二点", "三十"),
        ("城堡", "十点", "七"), ("港口", "六点", "四"), ("车站", "五点", "三"),
    )
]


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for lang, told in (("en", ENGLISH), ("zh", CHINESE)):
        write(folder / f"{lang}.jsonl", [
            {"context": c, "question": q, "answers": [a], "answer_start": [c.index(a)], "lang": lang} for c, q, a in told
        ])
    write(folder / "parallel.jsonl", [{"en": e[1], "zh": z[1]} for e, z in zip(ENGLISH, CHINESE, strict=True)])
    return folder


@pytest.fixture(scope="module")
def recipe():
    files = [FileShare("en.jsonl"), FileShare("zh.jsonl", 1.5)]
    return Recipe(
        seed=7,
        vocabulary=Vocabulary([TextSource("zh.jsonl", ["context", "question"])], ["parallel.jsonl"], least_count=1),
        held_out=[],
        # two stages and small epochs: an interruption has boundaries to stumble over
        stages=[Stage(0.5, files, negatives=0.5), Stage(1.0, files, several_part=0.1)],
        optimizer=Optimizer(steps=STEPS, batch_tokens=128, warm_up=2, learning_rate=3e-4),
        calibration_share=0.0,
    )


class InterruptedTraining(ReaderTraining):
    """Gets Ctrl-C in the middle of its n-th step."""

    interrupt_at = 0

    def _step(self, *arguments):
        if self.step + 1 == self.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        return super()._step(*arguments)


def weights(folder):
    return load_checkpoint(folder / "last")[0].state_dict()


def same(a, b):
    return all(torch.equal(t, b[n]) for n, t in a.items())


@pytest.fixture(scope="module")
def uninterrupted(recipe, data, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole")
    assert ReaderTraining(recipe, data, run, lambda _: None).train()
    return weights(run)


@pytest.mark.parametrize("after", [2, 3], ids=["within a stage", "between stages"])
def test_an_interrupted_and_resumed_run_gives_bit_exactly_the_same_weights(
    recipe, data, tmp_path, uninterrupted, after
):
    training = InterruptedTraining(recipe, data, tmp_path, lambda _: None)
    training.interrupt_at = after
    assert not training.train()
    assert training.step == after
    assert not same(weights(tmp_path), uninterrupted)
    torch.manual_seed(99)   # whatever another process starts with
    assert ReaderTraining(recipe, data, tmp_path, lambda _: None).train()
    assert same(weights(tmp_path), uninterrupted)


def test_training_lowers_the_loss(recipe, data, tmp_path):
    steps = replace(recipe.optimizer, steps=40, dropout=0.0)
    longer = replace(recipe, optimizer=steps, stages=[replace(recipe.stages[0], until=1.0, negatives=0.0)])
    assert ReaderTraining(longer, data, tmp_path, lambda _: None).train()
    first, last = (json.loads(line) for line in (tmp_path / LOG_FILE).read_text().splitlines())
    assert (first["step"], last["step"]) == (20, 40)
    assert last["loss"] < 0.8 * first["loss"]


def test_a_checkpoint_from_before_random_states_were_stored_still_resumes(recipe, data, tmp_path):
    ReaderTraining(replace(recipe, max_hours=0.0), data, tmp_path, lambda _: None).train()
    (tmp_path / "last" / RANDOM_FILE).unlink()
    said = []
    resumed = ReaderTraining(recipe, data, tmp_path, said.append)
    assert resumed.step == 1
    assert "resuming at step 1" in said


def test_a_crash_between_the_two_renames_of_a_save_loses_nothing(recipe, data, tmp_path):
    ReaderTraining(replace(recipe, max_hours=0.0), data, tmp_path, lambda _: None).train()
    (tmp_path / "last").rename(tmp_path / "before")
    assert ReaderTraining(recipe, data, tmp_path, lambda _: None).step == 1
