"""A network in one folder: `config.json`, `model.safetensors`, the tokenizer's files. Never pickle.

Shipped weights are stored small: matrices as int8 with one scale a row, very small ones as float16.
Loading gives float32 again; what the rounding costs is measured in model/LOG.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from model.errors import CheckpointError
from model.network.config import ConfigError, GPTConfig
from model.network.gpt import GPT
from model.tokenizer import TOKENIZER_FILE, TextTokenizer

__all__ = ["CONFIG_FILE", "WEIGHTS_FILE", "CheckpointError", "load_checkpoint", "save_checkpoint"]

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_SCALE = ".row_scale"
_MIN_ROUNDED = 32  # rows and columns of a matrix that is stored as int8; smaller ones weigh next to nothing


def save_checkpoint(
    folder: Path, gpt: GPT, tokenizer: TextTokenizer, *, storage: Literal["float32", "small"] = "float32"
) -> None:
    """Write the folder; `small` stores int8 matrices with a scale for each row."""
    folder.mkdir(parents=True, exist_ok=True)
    gpt.config.save(folder / CONFIG_FILE)
    tokenizer.save(folder)
    state = gpt.state_dict()
    if storage == "small":
        state = _shrink(state)
    save_file({k: v.contiguous() for k, v in state.items()}, folder / WEIGHTS_FILE)


def load_checkpoint(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[GPT, TextTokenizer]:
    """Read a folder written by `save_checkpoint`, whatever its storage; the network is in eval mode.

    Args:
        folder: see `save_checkpoint`.
        dtype: of embeddings and matrices. Norms stay float32, and so does the copy head: it is small, and its scores
            decide between neighbouring tokens, where the eight bits of bfloat16 are too few.

    Raises:
        CheckpointError: something is missing or does not fit together.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE):
        if not (folder / name).exists():
            raise CheckpointError(f"{folder} has no {name}: it is not a model folder, or it is incomplete")
    try:
        with torch.device("meta"), _Uninitialised():  # shapes only: all weights are replaced
            gpt = GPT(GPTConfig.load(folder / CONFIG_FILE))
        state = _grow(load_file(folder / WEIGHTS_FILE), dtype)
        if gpt.config.match_features:  # readers before December 2026 have none: each token is like itself only
            state.setdefault("match_classes", torch.arange(gpt.config.vocab_size, dtype=torch.int32))
        gpt.load_state_dict(state, assign=True)
    except (ConfigError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}: the weights do not fit their config ({error})") from error
    try:
        tokenizer = TextTokenizer.load(folder)
    except Exception as error:  # `tokenizers` raises the bare class for a file that it cannot read
        raise CheckpointError(f"{folder}: the tokenizer's files are damaged ({error})") from error
    if tokenizer.vocab_size > gpt.config.vocab_size:
        raise CheckpointError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens, the network {gpt.config.vocab_size}"
        )
    return gpt.eval(), tokenizer


def _shrink(state: dict[str, Tensor]) -> dict[str, Tensor]:
    small: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if tensor.dim() == 2 and min(tensor.shape) >= _MIN_ROUNDED and not name.startswith("copy_head."):
            scale = tensor.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
            small[name] = (tensor / scale).round().to(torch.int8)
            small[name + _SCALE] = scale
        else:
            small[name] = tensor.half() if tensor.dim() == 2 else tensor
    return small


def _grow(state: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    # Copies throughout: a tensor that still lay in the mapped file would change with the file.
    grown: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name + _SCALE not in state and not tensor.is_floating_point():
            grown[name] = tensor.clone()  # a table of numbers, no weights
        elif not name.endswith(_SCALE):
            exact = tensor * state[name + _SCALE].float() if name + _SCALE in state else tensor
            wide = "norm." in name or name.startswith("copy_head.")
            grown[name] = exact.to(torch.float32 if wide else dtype, copy=exact is tensor)
    return grown


class _Uninitialised(TorchFunctionMode):
    """Leaves new modules' weights as they are: drawing normal numbers on "meta" imports the compiler (75 MB, 1 s)."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)
