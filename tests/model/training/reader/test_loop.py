"""The loop learns, and an interruption leaves no trace in the weights."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest
import torch

from model.checkpoint import load_checkpoint
from model.training.finished import BEFORE_THIS
from model.training.reader.loop import RANDOM_FILE, ReaderTraining, train_reader
from model.training.run_folder import LOG_FILE


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
def uninterrupted(recipe, data, small_bert, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole")
    assert ReaderTraining(recipe, data, run, lambda _: None).train()
    return weights(run)


@pytest.mark.parametrize("after", [2, 3], ids=["within a stage", "between stages"])
def test_an_interrupted_and_resumed_run_gives_bit_exactly_the_same_weights(
    recipe, data, small_bert, tmp_path, uninterrupted, after
):
    training = InterruptedTraining(recipe, data, tmp_path, lambda _: None)
    training.interrupt_at = after
    assert not training.train()
    assert training.step == after
    assert not same(weights(tmp_path), uninterrupted)
    torch.manual_seed(99)  # whatever another process starts with
    assert ReaderTraining(recipe, data, tmp_path, lambda _: None).train()
    assert same(weights(tmp_path), uninterrupted)


def test_training_lowers_the_loss(recipe, data, small_bert, tmp_path):
    steps = replace(recipe.optimizer, steps=40, dropout=0.0, learning_rate=2e-3)
    longer = replace(recipe, optimizer=steps, stages=[replace(recipe.stages[0], until=1.0, negatives=0.0)])
    assert ReaderTraining(longer, data, tmp_path, lambda _: None).train()
    first, last = (json.loads(line) for line in (tmp_path / LOG_FILE).read_text().splitlines())
    assert (first["step"], last["step"]) == (20, 40)
    assert last["loss"] < 0.8 * first["loss"]


def test_a_checkpoint_from_before_random_states_were_stored_still_resumes(recipe, data, small_bert, tmp_path):
    ReaderTraining(replace(recipe, max_hours=0.0), data, tmp_path, lambda _: None).train()
    (tmp_path / "last" / RANDOM_FILE).unlink()
    said = []
    resumed = ReaderTraining(recipe, data, tmp_path, said.append)
    assert resumed.step == 1
    assert "resuming at step 1" in said


def test_a_crash_between_the_two_renames_of_a_save_loses_nothing(recipe, data, small_bert, tmp_path):
    ReaderTraining(replace(recipe, max_hours=0.0), data, tmp_path, lambda _: None).train()
    (tmp_path / "last").rename(tmp_path / "before")
    assert ReaderTraining(recipe, data, tmp_path, lambda _: None).step == 1


def test_the_result_can_be_the_mean_of_a_training_and_the_network_it_began_with(recipe, data, small_bert, tmp_path):
    second = replace(recipe, after=recipe, vocabulary=None, share_of_before=0.25)
    gpt, _, finished = train_reader(second, data, tmp_path, lambda _: None)
    assert finished
    before, last = weights(tmp_path / BEFORE_THIS), weights(tmp_path)
    assert not same(before, last)
    for name, weight in gpt.state_dict().items():
        assert torch.allclose(weight, 0.25 * before[name] + 0.75 * last[name], atol=1e-6)
    again, _, _ = train_reader(second, data, tmp_path, lambda _: None)  # finished: loaded and averaged once more
    assert same(again.state_dict(), gpt.state_dict())
