"""Where the files that ship with the product are: weights, samples, recipes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


class NotShippedError(FileNotFoundError):
    """A file that belongs to this installation is not there."""


def shipped(name: str) -> Path:
    """Path of a file or folder under `data/`, in a checkout or in an installed package.

    Raises:
        NotShippedError: it is not there; the installation is incomplete.
    """
    checkout = Path(__file__).resolve().parent.parent / "data"
    spec = find_spec("rag_data")
    installed = [Path(p) for p in spec.submodule_search_locations or ()] if spec else []
    for folder in (checkout, *installed):
        if (folder / name).exists():
            return folder / name
    raise NotShippedError(f"{name} does not come with this installation: install the package again")
