"""The training loop: warm start, stages, checkpoints that resume to the very next batch, a loss curve."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.gpt import GPT
from model.network.precision import fast_precision
from model.tokenizer import TextTokenizer
from model.training.finished import finished, network_before
from model.training.reader.loss import reader_loss
from model.training.reader.mixture import Tokenized, make_batch, plan_epoch
from model.training.reader.prepare import build_stages, continued, parameter_groups, warm_start
from model.training.recipe import Recipe
from model.training.run_folder import (
    LOG_FILE,
    STATE_FILE,
    last_checkpoint,
    restore_optimizer,
    save_optimizer,
)
from model.training.training_loop import TrainingLoop

RANDOM_FILE = "random.safetensors"  # torch's generator, which dropout draws from
_KIND = "questions"  # there is one kind of batch


class ReaderTraining(TrainingLoop):
    """One training run in one folder; construct it again on the same folder to resume."""

    def __init__(self, recipe: Recipe, data: Path, run: Path, say: Callable[[str], None]) -> None:
        """Prepare or resume.

        Args:
            recipe: what to do.
            data: folder of the data files that the recipe names.
            run: folder for checkpoints and the log; resumed if it holds one.
            say: receives progress lines.
        """
        super().__init__(recipe.optimizer, recipe.max_hours, run, say)
        self.recipe = recipe
        self.position, self.stage, self.epoch = 0, 0, 0
        resumed = last_checkpoint(run)
        if resumed is not None:
            self.gpt, self.tokenizer = load_checkpoint(resumed)
        elif recipe.after is not None:
            before, self.tokenizer = network_before(train_reader, recipe.after, data, run, say)
            self.gpt = continued(recipe, before)
        else:
            self.gpt, self.tokenizer = warm_start(recipe, data, say)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.gpt, recipe.optimizer.weight_decay, recipe.optimizer.head_rate),
            lr=recipe.optimizer.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        if resumed is not None:
            self._restore(resumed)
        self.stages = build_stages(recipe, data, run, self.tokenizer, say)

    def train(self, *, checkpoint_every: float = 600, compile_network: bool = False) -> bool:
        """Train to the recipe's last step, or until interrupted (Ctrl-C, SIGTERM) or out of time.

        Args:
            checkpoint_every: seconds between checkpoints.
            compile_network: run through `torch.compile`: faster after minutes of warm-up.

        Returns:
            Whether the last step was reached.
        """
        loss_of = torch.compile(reader_loss, dynamic=False) if compile_network else reader_loss
        return self._loop(self._steps(loss_of), checkpoint_every)

    def _steps(self, loss_of: Callable[..., Tensor]) -> Iterator[tuple[str, int, float]]:
        """Do one optimizer step after another; yields (kind, tokens, loss)."""
        settings = self.recipe.optimizer
        while self.step < settings.steps:
            stage = self._current_stage()
            plan = plan_epoch(self.stages[stage], settings.batch_tokens, self._epoch_seed())
            if not plan:
                raise ValueError("no example of this stage fits a batch: lower batch_tokens or add data")
            for bucket, members in plan[self.position :]:
                yield _KIND, bucket * len(members), self._step(loss_of, self.stages[stage], bucket, members)
                if self.step >= settings.steps or self._current_stage() != stage:
                    break
            else:
                self.epoch += 1
                self.position = 0

    def _step(
        self,
        loss_of: Callable[..., Tensor],
        examples: list[Tokenized],
        bucket: int,
        members: list[tuple[int, int, int]],
    ) -> float:
        batch = make_batch(examples, bucket, members, self.tokenizer)
        self._set_rate()
        with fast_precision():
            loss = loss_of(self.gpt, batch)
        self.position += 1
        return self._descend(loss)

    def _current_stage(self) -> int:
        done = self.step / self.recipe.optimizer.steps
        stage = next(i for i, s in enumerate(self.recipe.stages) if done < s.until or s.until == 1.0)
        if stage != self.stage:
            self.stage, self.epoch, self.position = stage, 0, 0
        return stage

    def _epoch_seed(self) -> int:
        name = f"{self.recipe.seed}-{self.stage}-{self.epoch}"
        return random.Random(name).randrange(1 << 31)

    def _report(self, losses: dict[str, float], speed: float) -> None:
        loss = losses[_KIND]
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} at step {self.step}: lower the learning rate and resume")
        total = self.recipe.optimizer.steps
        row = {
            "step": self.step,
            "loss": round(loss, 4),
            "tokens_per_second": round(speed),
            "seconds": round(self.seconds),
            "stage": self.stage + 1,
            "epoch": self.epoch,
            "rate": self.recipe.optimizer.rate(self.step),
        }
        with (self.run / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        left = f"{self._minutes_left():.0f} min left"
        self.say(f"step {self.step}/{total}  loss {loss:.3f}  {speed:.0f} tokens/s  {left}")

    def _write(self, folder: Path) -> None:
        save_checkpoint(folder, self.gpt, self.tokenizer)
        save_optimizer(self.optimizer, folder)
        save_file({"torch": torch.get_rng_state()}, folder / RANDOM_FILE)
        state = {
            "step": self.step,
            "position": self.position,
            "stage": self.stage,
            "epoch": self.epoch,
            "seconds": self.seconds,
            "recipe": asdict(self.recipe),
        }
        (folder / STATE_FILE).write_text(json.dumps(state, indent=1), encoding="utf-8")

    def _restore(self, folder: Path) -> None:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        self.step, self.position = state["step"], state["position"]
        self.stage, self.epoch, self.seconds = state["stage"], state["epoch"], state["seconds"]
        restore_optimizer(self.optimizer, folder)
        if (folder / RANDOM_FILE).exists():  # checkpoints before November 2026 have none
            torch.set_rng_state(load_file(folder / RANDOM_FILE)["torch"])
        self.say(f"resuming at step {self.step}")


def train_reader(
    recipe: Recipe, data: Path, run: Path, say: Callable[[str], None], *, compile_network: bool = False
) -> tuple[GPT, TextTokenizer, bool]:
    """Run or resume a recipe; returns the network, its tokenizer and whether the last step was reached."""
    if (done := finished(recipe, run)) is not None:
        gpt, tokenizer = done
        return gpt.eval(), tokenizer, True
    training = ReaderTraining(recipe, data, run, say)
    if training.train(compile_network=compile_network):
        return train_reader(recipe, data, run, say)  # done: only loaded
    return training.gpt.eval(), training.tokenizer, False
