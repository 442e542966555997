"""What every training run does between its steps: reports, checkpoints, a clean end when it is interrupted."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor

from model.network.gpt import GPT
from model.training.recipe import Optimizer
from model.training.run_folder import replace_checkpoint

REPORT_EVERY = 20  # steps


class TrainingLoop(ABC):
    """A run in one folder that can be interrupted; what a step learns from is its subclass's matter."""

    gpt: GPT
    optimizer: torch.optim.Optimizer

    def __init__(self, settings: Optimizer, max_hours: float, run: Path, say: Callable[[str], None]) -> None:
        self.run, self.say = run, say
        self.step, self.seconds = 0, 0.0
        self._settings, self._max_hours = settings, max_hours
        self._stop = False

    def _loop(self, steps: Iterable[tuple[str, int, float]], checkpoint_every: float) -> bool:
        """Go through steps, each of which gives (kind of batch, tokens, loss); returns whether the last was reached."""
        previous = {s: signal.signal(s, self._interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
        self.gpt.train()
        saved = started = time.monotonic()
        before, tokens = self.seconds, 0
        losses: dict[str, list[float]] = {}
        try:
            for kind, size, loss in steps:
                tokens += size
                losses.setdefault(kind, []).append(loss)
                now = time.monotonic()
                self.seconds = before + now - started
                if self.step % REPORT_EVERY == 0:
                    self._report({k: sum(v) / len(v) for k, v in losses.items()}, tokens / (now - started))
                    losses = {}
                if now - saved > checkpoint_every:
                    self.save()
                    saved = now
                if self._stop or self.seconds > self._max_hours * 3600:
                    break
        finally:
            for s, handler in previous.items():
                signal.signal(s, handler)
        self.save()
        return self.step >= self._settings.steps

    def _set_rate(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * group["scale"] * self._settings.rate(self.step)

    def _descend(self, loss: Tensor) -> float:
        """One optimizer step down a loss; returns its value."""
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.gpt.parameters(), self._settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    def _minutes_left(self) -> float:
        return self.seconds / max(1, self.step) * (self._settings.steps - self.step) / 60

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        self.say("stopping after this step; run the same command to resume")
        self._stop = True

    def save(self) -> None:
        """Write the checkpoint; a crash while writing leaves the one before intact."""
        replace_checkpoint(self.run, self._write)

    @abstractmethod
    def _report(self, losses: dict[str, float], speed: float) -> None:
        """Log the mean loss of each kind of batch since the last report, and the tokens a second."""

    @abstractmethod
    def _write(self, folder: Path) -> None:
        """Fill a checkpoint's folder."""
