"""The folder of a training run: a checkpoint that is replaced as a whole, and an optimizer's state in safetensors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

STATE_FILE = "state.json"
OPTIMIZER_FILE = "optimizer.safetensors"
LOG_FILE = "log.jsonl"
_LAST, _BEFORE, _WRITING = "last", "before", "writing"


def last_checkpoint(run: Path) -> Path | None:
    """Folder of the run's checkpoint, mended if a crash fell between the two renames of `replace_checkpoint`."""
    run.mkdir(parents=True, exist_ok=True)
    if (run / _BEFORE).exists() and not (run / _LAST).exists():
        (run / _BEFORE).rename(run / _LAST)
    return run / _LAST if (run / _LAST / STATE_FILE).exists() else None


def steps_of(checkpoint: Path) -> int:
    """Optimizer steps that a checkpoint has behind it."""
    return int(json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))["step"])


def replace_checkpoint(run: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder that then becomes the checkpoint; a crash leaves the one before intact."""
    writing, last, before = run / _WRITING, run / _LAST, run / _BEFORE
    shutil.rmtree(writing, ignore_errors=True)
    writing.mkdir(parents=True)
    write(writing)
    shutil.rmtree(before, ignore_errors=True)
    if last.exists():
        last.rename(before)
    writing.rename(last)
    shutil.rmtree(before, ignore_errors=True)


def save_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Write the moments."""
    state: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    flat = {f"{i}.{field}": t.contiguous() for i, fields in state.items() for field, t in fields.items()}
    save_file(flat, folder / OPTIMIZER_FILE)


def restore_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Read what `save_optimizer` wrote of an optimizer over the same parameters."""
    stored: dict[int, dict[str, Tensor]] = {}
    for name, tensor in load_file(folder / OPTIMIZER_FILE).items():
        index, field = name.split(".")
        stored.setdefault(int(index), {})[field] = tensor
    full = optimizer.state_dict()
    full["state"] = stored
    optimizer.load_state_dict(full)
