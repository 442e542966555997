"""A Hugging Face model folder, read without running any of it: `config.json` and safetensors, never pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


class ImportFailed(ValueError):  # noqa: N818 - ImportError means another thing in Python
    """The source is not a network that we can represent exactly."""


def read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """A JSON object of the folder.

    Raises:
        ImportFailed: missing, or not a JSON object.
    """
    try:
        values = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ImportFailed(f"{folder} has no {name}: it is not a Hugging Face model folder") from error
    except ValueError as error:
        raise ImportFailed(f"{folder / name}: not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ImportFailed(f"{folder / name}: not a JSON object")
    return values


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All tensors, from one file or from the shards that the index names.

    Raises:
        ImportFailed: no safetensors (pickled weights are not loaded), a shard missing, a file damaged.
    """
    names = [WEIGHTS]
    if not (folder / WEIGHTS).exists() and (folder / INDEX).exists():
        names = sorted(set(read_config(folder, INDEX).get("weight_map", {}).values()))
    tensors: dict[str, Tensor] = {}
    for name in names:
        if Path(name).name != name or not (folder / name).exists():
            raise ImportFailed(
                f"{folder} has no {name}: only safetensors are loaded "
                "(convert older weights with transformers' save_pretrained)"
            )
        try:
            tensors.update(load_file(folder / name))
        except SafetensorError as error:
            raise ImportFailed(f"{folder / name}: damaged ({error})") from error
    return tensors
