"""A network in one folder: `config.json`, `model.safetensors`, the tokenizer's files. Never pickle.

Shipped weights are stored small: embedding rows as int8 with one scale a row, other matrices as float16.
Loading gives float32 again; what the rounding costs is measured in model/LOG.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.config import ConfigError, GPTConfig
from model.errors import CheckpointError
from model.gpt import GPT
from model.tokenizer import TOKENIZER_FILE, TextTokenizer

__all__ = ["CONFIG_FILE", "WEIGHTS_FILE", "CheckpointError", "load_checkpoint", "save_checkpoint"]

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_SCALE = ".row_scale"


def save_checkpoint(
    folder: Path, gpt: GPT, tokenizer: TextTokenizer, *, storage: Literal["float32", "small"] = "float32"
) -> None:
    """Write the folder; `small` stores int8 embedding rows and float16 matrices."""
    folder.mkdir(parents=True, exist_ok=True)
    gpt.config.save(folder / CONFIG_FILE)
    tokenizer.save(folder)
    state = gpt.state_dict()
    if storage == "small":
        state = _shrink(state)
    save_file({k: v.contiguous() for k, v in state.items()}, folder / WEIGHTS_FILE)


def load_checkpoint(folder: Path) -> tuple[GPT, TextTokenizer]:
    """Read a folder written by `save_checkpoint`, whatever its storage; the network is in eval mode, float32.

    Raises:
        CheckpointError: something is missing or does not fit together.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE):
        if not (folder / name).exists():
            raise CheckpointError(f"{folder} has no {name}: it is not a model folder, or it is incomplete")
    try:
        gpt = GPT(GPTConfig.load(folder / CONFIG_FILE))
        gpt.load_state_dict(_grow(load_file(folder / WEIGHTS_FILE)))
    except (ConfigError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}: the weights do not fit their config ({error})") from error
    try:
        tokenizer = TextTokenizer.load(folder)
    except Exception as error:   # `tokenizers` raises the bare class for a file that it cannot read
        raise CheckpointError(f"{folder}: the tokenizer's files are damaged ({error})") from error
    if tokenizer.vocab_size > gpt.config.vocab_size:
        raise CheckpointError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens, the network {gpt.config.vocab_size}"
        )
    return gpt.eval(), tokenizer


def _shrink(state: dict[str, Tensor]) -> dict[str, Tensor]:
    small: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name == "tokens.weight":
            scale = tensor.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
            small[name] = (tensor / scale).round().to(torch.int8)
            small[name + _SCALE] = scale
        else:
            small[name] = tensor.half() if tensor.dim() > 1 else tensor
    return small


def _grow(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.float() * state[name + _SCALE].float() if name + _SCALE in state else tensor.float()
        for name, tensor in state.items()
        if not name.endswith(_SCALE)
    }
